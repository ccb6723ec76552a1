import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.cleaning.minhash import MinHash, shingles_of, similarity
from pipeline_code.reviews.cleaning.text import words

VOCABULARY = [f"word{number}" for number in range(3000)]


def text(generator: random.Random, count: int = 40) -> str:
    return " ".join(generator.choices(VOCABULARY, k=count))


def plain_shingles(value: str) -> set[tuple[str, ...]]:
    found = words(value)
    if len(found) < 3:
        return {(word,) for word in found}
    return set(zip(found, found[1:], found[2:], strict=False))


def plain_similarity(first: str, second: str) -> float:
    one, other = plain_shingles(first), plain_shingles(second)
    return len(one & other) / len(one | other) if one and other else 0.0


@given(st.lists(st.lists(st.sampled_from(["a", "b", "ab", "c", "é", "!"]), max_size=9).map(" ".join)))
def test_similarity_is_jaccard_over_three_word_sequences(texts: list[str]) -> None:
    found = shingles_of(texts)
    assert len(found) == len(texts)
    for number, value in enumerate(texts):
        assert len(found.of(number)) == len(plain_shingles(value))
        expected = plain_similarity(texts[0], value)
        assert similarity(found.of(0), found.of(number)) == pytest.approx(expected)


def test_a_shingle_is_the_same_in_every_batch() -> None:
    alone, among = shingles_of(["good phone now"]), shingles_of(["x", "good phone now", "it"])
    assert alone.of(0).tolist() == among.of(1).tolist()


def test_the_estimate_agrees_with_datasketch() -> None:
    import datasketch

    generator = random.Random(3)  # noqa: S311
    ours, peers = [], []
    for _ in range(60):
        first = text(generator, 60)
        second = first.split()
        for _ in range(generator.randint(0, 8)):
            second[generator.randrange(60)] = generator.choice(VOCABULARY)
        pair = (first, " ".join(second))
        signatures = MinHash(0.85).signatures(shingles_of(pair))
        sketches = []
        for value in pair:
            sketch = datasketch.MinHash(128)
            for shingle in plain_shingles(value):
                sketch.update(" ".join(shingle).encode())
            sketches.append(sketch)
        expected = plain_similarity(*pair)
        ours.append(float(np.mean(signatures[0] == signatures[1])) - expected)
        peers.append(sketches[0].jaccard(sketches[1]) - expected)
    assert abs(np.mean(ours)) < 0.02
    assert np.std(ours) < 1.5 * np.std(peers)
    assert max(map(abs, ours)) < 0.2


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99])
def test_pairs_just_above_the_threshold_become_candidates(threshold: float) -> None:
    minhash = MinHash(threshold)
    assert minhash.rows * minhash.bands <= 128
    generator = np.random.default_rng(5)
    size, missed, pairs = 400, 0, 400
    shared = int(np.ceil(2 * size * threshold / (1 + threshold)))
    for _ in range(pairs // 2):
        values = np.unique(generator.integers(0, 1 << 63, 2 * size, np.uint64))
        first, second = np.sort(values[:size]), np.sort(values[size - shared : 2 * size - shared])
        assert threshold <= similarity(first, second) < threshold + 0.01
        together = np.concatenate((first, second))
        shingles = shingles_of([])
        shingles = type(shingles)(together, np.array([0, size, 2 * size]))
        _, keys = minhash.band_keys(shingles)
        missed += not set(keys[0].tolist()) & set(keys[1].tolist())
    assert missed <= 3


def test_texts_that_share_little_become_candidates_hardly_ever() -> None:
    generator = random.Random(9)  # noqa: S311
    _, keys = MinHash(0.85).band_keys(shingles_of([text(generator) for _ in range(500)]))
    assert len(np.unique(keys)) == keys.size


def test_a_text_without_words_has_no_bands() -> None:
    numbers, keys = MinHash(0.85).band_keys(shingles_of(["", "good phone", "!!!"]))
    assert numbers.tolist() == [1]
    assert keys.shape == (1, 18)
    numbers, keys = MinHash(0.85).band_keys(shingles_of(["", "?"]))
    assert keys.size == numbers.size == 0
