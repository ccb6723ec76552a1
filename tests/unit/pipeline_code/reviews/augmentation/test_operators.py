"""Operators: equal for equal seed and review, true to their rule, silent where they do not apply."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.augmentation import OPERATORS, Draws, rewrite_all
from pipeline_code.reviews.augmentation.negation import NEGATION
from pipeline_code.reviews.contract import Contract, read_contract

CONTRACT = read_contract(
    Path(__file__).resolve().parents[5] / "config" / "contracts" / "amazon-snippets.toml"
)
TEXTS = [
    "the sound is never good, and i don't like the battery either.",
    "I have used it for weeks; you are going to love this phone!",
    "great camera",
    "it cannot play my discs and customer service won't answer the phone at all.",
]
IDS = [f"{number}_1" for number in range(len(TEXTS))]


def one(name: str, text: str, seed: int = 1, review_id: str = "1_1") -> str | None:
    return OPERATORS[name].rewrite(text, Draws(seed, name, review_id))


@pytest.mark.parametrize("name", OPERATORS)
def test_the_review_decides_and_not_its_place(name: str) -> None:
    forwards = rewrite_all(OPERATORS[name], TEXTS, IDS, seed=1)
    backwards = rewrite_all(OPERATORS[name], TEXTS[::-1], IDS[::-1], seed=1)
    assert forwards == backwards[::-1]
    assert any(text is not None for text in forwards)


@pytest.mark.parametrize("name", ["typos", "case", "truncation", "punctuation"])
def test_seed_and_review_change_what_is_drawn(name: str) -> None:
    text = " ".join(TEXTS[:2])
    assert len({one(name, text, seed) for seed in range(20)}) > 1
    assert len({one(name, text, review_id=str(number)) for number in range(20)}) > 1


@pytest.mark.parametrize("name", OPERATORS)
@given(text=st.text(max_size=120), seed=st.integers(0, 1000))
def test_an_answer_is_another_text(name: str, text: str, seed: int) -> None:
    found = one(name, text, seed)
    assert found is None or (found != text and found.strip())


@given(seed=st.integers(0, 1000))
def test_typos_stay_inside_long_words_and_spare_negations(seed: int) -> None:
    text = "nothing here is without faults, never buy the broken recorder"
    spoilt = one("typos", text, seed)
    assert spoilt is not None
    before, after = text.split(), spoilt.split()
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert (old[0], old[-1]) == (new[0], new[-1])
        if len(old) < 4 or NEGATION.search(old):
            assert old == new


@given(seed=st.integers(0, 1000))
def test_punctuation_leaves_the_words(seed: int) -> None:
    for text in TEXTS:
        changed = one("punctuation", text, seed)
        assert changed is None or re.findall(r"\w+", changed) == re.findall(r"\w+", text)


@given(seed=st.integers(0, 1000))
def test_case_leaves_the_letters(seed: int) -> None:
    for text in TEXTS:
        changed = one("case", text, seed)
        assert changed is not None
        assert changed.lower() == text.lower()


def test_truncation_keeps_the_start_and_at_least_four_fifths() -> None:
    text = " ".join(f"w{number}" for number in range(20))
    for seed in range(50):
        cut = one("truncation", text, seed)
        assert cut is not None
        assert text.startswith(cut)
        assert 16 <= len(cut.split()) < 20
    assert one("truncation", "seven words are too few to cut") is None


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("I don't know, it isn't mine", "I do not know, it is not mine"),
        ("Can't complain", "Can not complain"),
        ("you are right", "you're right"),
        ("i have been there", "i've been there"),
        ("i have a phone", None),
        ("it cannot be", "it can't be"),
        ("it\u2019s the dog\u2019s", None),
        ("nothing to contract", None),
    ],
)
def test_contractions_are_written_out_or_made(text: str, changed: str | None) -> None:
    assert one("contraction", text) == changed


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("the sound is good.", "the sound is not good."),
        ("the sound is not good.", "the sound is good."),
        ("it doesn't work", "it does work"),
        ("i can't say", "i can say"),
        ("it's great", "it's not great"),
        ("i will never buy it", "i will buy it"),
        ("is it good?", None),
        ("it is not that i never liked it", None),
        ("no problem", None),
        ("great sound", None),
    ],
)
def test_negation_is_put_in_or_taken_out(text: str, changed: str | None) -> None:
    assert one("negation_flip", text) == changed


@given(seed=st.integers(0, 1000))
def test_typos_leave_contracted_negations_whole(seed: int) -> None:
    spoilt = one("typos", "didn't couldn’t weren't wonderful", seed)
    assert spoilt is not None
    assert spoilt.split()[:3] == ["didn't", "couldn’t", "weren't"]


def test_negation_opposes_labels_and_the_others_keep_them() -> None:
    assert OPERATORS["negation_flip"].labels(CONTRACT) == {0: 2, 2: 0}
    for name in set(OPERATORS) - {"negation_flip"}:
        assert OPERATORS[name].labels(CONTRACT) == {0: 0, 1: 1, 2: 2}


def test_classes_without_an_opposite_are_left_out() -> None:
    values = CONTRACT.model_dump()
    for item in values["classes"]:
        item["label"] += 1  # 0, 1, 2: nothing is the opposite of another
    values["baselines"]["rules"] = "off"
    assert OPERATORS["negation_flip"].labels(Contract.model_validate(values)) == {}
