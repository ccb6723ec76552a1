from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.cleaning.cleaner import Cleaner
from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.sources.rows import Fault, Row
from pipeline_code.reviews.validation import Review

STARS = Path(__file__).resolve().parents[5] / "config" / "contracts" / "star-ratings.toml"
LONG = "this phone has a bright screen and the battery lasts for two days of heavy use without any charge"
GERMAN = "Das ist das beste Telefon, das ich je hatte, und der Akku hält zwei ganze Tage lang durch."
Rows = list[tuple[str, str, int]]


def contract_with(**cleaning: Any) -> Contract:
    base = read_contract(STARS)
    return base.model_copy(update={"cleaning": base.cleaning.model_copy(update=cleaning)})


def clean(
    rows: Rows, scratch: Path, groups: dict[str, str] | None = None, **cleaning: Any
) -> tuple[dict[str, str], dict[str, str], Cleaner]:
    """Rows of (id, text, label id): split keys of those kept, quarantine reasons of the others."""
    contract = contract_with(**cleaning)
    scratch.mkdir(exist_ok=True)
    with Cleaner(contract, scratch) as cleaner:
        out: list[tuple[str, Fault]] = []
        for number, (name, text, label) in enumerate(rows):
            group = (groups or {}).get(name, name)
            review = Review(name, group, text, "reviews", 1.0, str(label), label, 0.0, "{}", "&" in text)
            fault = cleaner.take(review, Row("a.csv", number, name, text, 1), contract.sources[0])
            out += [(name, fault)] if fault else []
        verdicts = cleaner.resolve()
        kept = {}
        for batch in cleaner.batches():
            cleaner.sample(batch)
            out += [(fault.raw, fault) for fault in cleaner.faults(batch, verdicts)]
            names, its = batch.column("review_id"), batch.column("group_id")
            for at in verdicts.kept_in(batch.first, len(names)).tolist():
                kept[names[at]] = verdicts.split_key(batch.first + at, its[at])
    return kept, {name: f"{fault.reason}: {fault.detail}" for name, fault in out}, cleaner


def test_a_repeated_id_is_a_fault_and_its_row_takes_no_part_in_what_follows(tmp_path: Path) -> None:
    kept, out, cleaner = clean([("a", "good", 2), ("a", "bad", 0), ("b", "BAD", 1)], tmp_path)
    assert set(kept) == {"a", "b"}
    assert out == {"a": "duplicate_id: the id was read before: a.csv, row 0"}
    assert cleaner.receipts[Rule.CONFLICTING_LABELS].rows == 0


CONFLICT: Rows = [
    ("a", "it is fine", 2),
    ("b", "It is  fine", 2),
    ("c", "it is fine", 0),
    ("d", "other text", 0),
]


@pytest.mark.parametrize(
    ("mode", "kept", "conflicting", "repeated"),
    [
        ("quarantine", "d", 3, 0),
        ("majority", "ad", 1, 1),
        ("count", "ad", 3, 2),
        ("off", "ad", 0, 2),
    ],
)
def test_one_text_with_two_labels(tmp_path, mode, kept, conflicting, repeated) -> None:
    found, out, cleaner = clean(CONFLICT, tmp_path, conflicting_labels=mode)
    assert set(found) == set(kept)
    assert cleaner.receipts[Rule.CONFLICTING_LABELS].rows == conflicting
    assert cleaner.receipts[Rule.EXACT_DUPLICATES].rows == repeated
    if mode == "quarantine":
        assert out["a"] == "conflicting_labels: the same text has another label: a.csv, row 2"


EXACT: Rows = [("a", "it is fine", 2), ("b", "IT IS  FINE", 2), ("c", "other text", 2)]


@pytest.mark.parametrize(
    ("mode", "near", "kept", "repeated"),
    [
        ("quarantine", "quarantine", "ac", 1),
        ("count", "off", "abc", 1),
        ("count", "quarantine", "ac", 1),
        ("off", "off", "abc", 0),
    ],
)
def test_the_same_text_again(tmp_path, mode, near, kept, repeated) -> None:
    found, _, cleaner = clean(EXACT, tmp_path, exact_duplicates=mode, near_duplicates=near)
    assert set(found) == set(kept)
    assert cleaner.receipts[Rule.EXACT_DUPLICATES].rows == repeated


NEAR: Rows = [("b", LONG, 2), ("c", "other text", 2), ("a", f"{LONG} again", 0)]


@pytest.mark.parametrize(
    ("mode", "keys", "counted"),
    [
        ("quarantine", {"b": "b", "c": "c"}, 1),
        ("link", {"a": "a", "b": "a", "c": "c"}, 1),
        ("off", {"a": "a", "b": "b", "c": "c"}, 0),
    ],
)
def test_nearly_the_same_text(tmp_path, mode, keys, counted) -> None:
    found, out, cleaner = clean(NEAR, tmp_path, near_duplicates=mode)
    assert found == keys
    assert cleaner.receipts[Rule.NEAR_DUPLICATES].rows == counted
    if mode == "quarantine":
        assert out == {"a": "near_duplicates: nearly the same text: a.csv, row 0"}


def test_links_chain_through_texts_and_groups(tmp_path: Path) -> None:
    other = LONG.replace("phone", "radio").replace("battery", "speaker").replace("two", "six")
    rows = [
        ("d", LONG, 2),
        ("c", f"{LONG} again", 2),
        ("e", other, 0),
        ("f", f"{other} thanks", 0),
        ("x", "not linked to anything", 1),
        ("f2", "of the group of f", 1),
    ]
    groups = {"c": "g1", "e": "g1", "f": "g0", "f2": "g0", "d": "g9"}
    kept, _, cleaner = clean(rows, tmp_path, groups, near_duplicates="link")
    assert kept == {"d": "g0", "c": "g0", "e": "g0", "f": "g0", "f2": "g0", "x": "x"}
    assert cleaner.groups == 4


def test_the_smallest_split_key_is_that_of_a_row_that_stays(tmp_path: Path) -> None:
    rows = [("b", LONG, 2), ("a", LONG.upper(), 2), ("c", f"{LONG} again", 2)]
    kept, _, _ = clean(rows, tmp_path, near_duplicates="link")
    assert kept == {"b": "b", "c": "b"}


@pytest.mark.parametrize(
    ("rule", "text", "setting"),
    [
        (Rule.SHORT_TEXTS, "!!! ???", {}),
        (Rule.SHORT_TEXTS, "too short", {"min_words": 3}),
        (Rule.FOREIGN_LANGUAGE, GERMAN, {}),
    ],
)
def test_rules_that_look_at_one_row(tmp_path: Path, rule: Rule, text: str, setting: dict[str, int]) -> None:
    rows: Rows = [("a", text, 0), ("b", "a text that is long enough and English, for a sentence", 0)]
    for mode, kept, counted in (("quarantine", "b", 1), ("count", "ab", 1), ("off", "ab", 0)):
        found, out, cleaner = clean(rows, tmp_path / mode, **{rule.value: mode}, **setting)
        assert set(found) == set(kept)
        assert set(out) == set("ab") - set(kept)
        assert cleaner.receipts[rule].rows == counted
        assert len(cleaner.receipts[rule].samples) == counted


def test_a_row_that_a_rule_removes_takes_no_part_in_what_follows(tmp_path: Path) -> None:
    rows: Rows = [("a", "!!!", 0), ("a", "a fine text", 1)]
    kept, out, _ = clean(rows, tmp_path)
    assert list(kept) == ["a"]
    assert out["a"].startswith("short_texts: 0 words")


def test_replaced_entities_are_counted_and_the_row_stays(tmp_path: Path) -> None:
    kept, _, cleaner = clean([("a", "salt & pepper", 0)], tmp_path)
    assert list(kept) == ["a"]
    assert cleaner.receipts[Rule.HTML_ENTITIES].report()["rows"] == 1


def test_samples_name_row_and_text(tmp_path: Path) -> None:
    rows = [(f"r{number}", LONG if number % 2 else f"text {number}", 1) for number in range(20)]
    _, _, cleaner = clean(rows, tmp_path)
    receipt = cleaner.receipts[Rule.EXACT_DUPLICATES].report()
    assert receipt["rows"] == 9
    assert [sample["review_id"] for sample in receipt["samples"]] == ["r3", "r5", "r7"]
    assert receipt["samples"][0] == {"file": "a.csv", "row": 3, "review_id": "r3", "text": LONG}


def test_no_rows_at_all(tmp_path: Path) -> None:
    kept, out, cleaner = clean([], tmp_path)
    assert (kept, out, cleaner.groups) == ({}, {}, 0)


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    texts = [" ".join(map(str, generator.integers(0, 5000, 12).tolist())) for _ in range(9000)]
    rows = [(f"r{number:05d}", text, 0) for number, text in enumerate([*texts, *texts[:500]])]
    kept, out, _ = clean(rows, tmp_path)
    assert len(kept) == 9000
    assert out["r09499"] == "exact_duplicates: the same text: a.csv, row 499"
