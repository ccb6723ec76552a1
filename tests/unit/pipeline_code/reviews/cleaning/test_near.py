import random
from itertools import combinations
from pathlib import Path

import pytest

from pipeline_code.reviews.cleaning.minhash import shingles_of, similarity
from pipeline_code.reviews.cleaning.near import Components, NearDuplicates

VOCABULARY = [f"word{number}" for number in range(3000)]


def original(generator: random.Random, count: int = 60) -> str:
    return " ".join(generator.choices(VOCABULARY, k=count))


def typo(text: str) -> str:
    return text.replace("word", "wrod", 1)


EDITS = {
    "typo": typo,
    "appended word": lambda text: f"{text} thanks",
    "case": str.upper,
    "punctuation": lambda text: text.replace(" ", ", ", 3) + "!!!",
    "dropped word": lambda text: text.split(" ", 1)[1],
}


def resolve(texts: list[str], scratch: Path, threshold: float = 0.85) -> list[int]:
    with NearDuplicates(scratch / "near", len(texts), threshold) as finder:
        for start in range(0, len(texts), 100):
            finder.add(texts[start : start + 100])
        return finder.resolve().tolist()


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_found_and_nothing_else(edit: str, tmp_path: Path) -> None:
    generator = random.Random(edit)  # noqa: S311
    texts = [original(generator) for _ in range(400)]
    found = resolve(texts + [EDITS[edit](text) for text in texts], tmp_path)
    assert found[:400] == list(range(400))
    assert found[400:] == list(range(400))


def test_a_chain_is_one_component(tmp_path: Path) -> None:
    words = original(random.Random(2), 100).split()  # noqa: S311
    texts = [
        " ".join([*words[step * 5 :], *(f"new{number}" for number in range(step * 5))]) for step in range(5)
    ]
    ends = [shingles_of(texts).of(number) for number in (0, 4)]
    assert similarity(*ends) < 0.85
    assert resolve([texts[4], "something else", *texts[:4]], tmp_path) == [0, 1, 0, 0, 0, 0]


def test_what_is_kept_has_no_near_duplicate_left(tmp_path: Path) -> None:
    generator = random.Random(4)  # noqa: S311
    texts = []
    for _ in range(40):
        words = original(generator, generator.randint(3, 40)).split()
        for _ in range(5):
            texts.append(" ".join(words))
            words[generator.randrange(len(words))] = generator.choice(VOCABULARY)
    generator.shuffle(texts)
    found = resolve(texts, tmp_path, 0.6)
    shingles = shingles_of(texts)
    kept = [number for number, root in enumerate(found) if root == number]
    assert len(kept) < len(texts)
    for one, other in combinations(kept, 2):
        assert similarity(shingles.of(one), shingles.of(other)) < 0.6


def test_texts_without_words_are_no_near_duplicates(tmp_path: Path) -> None:
    assert resolve(["", "!!!", "", "!!!", "ok", "OK."], tmp_path) == [0, 1, 2, 3, 4, 4]


def test_a_thousand_equal_texts_are_one(tmp_path: Path) -> None:
    assert set(resolve(["the very same text again"] * 1000, tmp_path)) == {0}


def test_components_take_the_name_of_their_smallest_number() -> None:
    components = Components(6)
    for pair in ((5, 4), (3, 5), (1, 2)):
        components.join(*pair)
    assert components.roots().tolist() == [0, 1, 1, 3, 3, 3]
    assert components.root(5) == 3
