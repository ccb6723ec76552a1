import hashlib
from pathlib import Path

import pytest

from pipeline_code.reviews.contract import (
    MAX_TEXT_CHARACTERS,
    Cleaning,
    Contract,
    ContractError,
    read_contract,
    read_contract_directory,
)
from pipeline_code.reviews.errors import FileError
from pipeline_code.serving import inference

CONTRACTS = Path(__file__).resolve().parents[5] / "config" / "contracts"
SNIPPETS = CONTRACTS / "amazon-snippets.toml"


@pytest.fixture(scope="module")
def snippets() -> Contract:
    return read_contract(SNIPPETS)


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_contracts_are_sound(path: Path) -> None:
    contract = read_contract(path)
    assert contract.name == path.stem
    assert [(item.name, item.label) for item in contract.classes] == [
        ("negative", -1),
        ("neutral", 0),
        ("positive", 1),
    ]


@pytest.mark.parametrize(
    ("rating", "name"),
    [(-4, "negative"), (-0.51, "negative"), (-0.5, "neutral"), (0.5, "neutral"), (0.51, "positive")],
)
def test_mean_ratings_on_a_cut_are_neutral(snippets: Contract, rating: float, name: str) -> None:
    assert snippets.class_names[snippets.label_rule.class_id(rating)] == name


@pytest.mark.parametrize(
    ("stars", "name"),
    [(1, "negative"), (2, "negative"), (3, "neutral"), (4, "positive"), (5, "positive")],
)
def test_stars_become_classes(stars: int, name: str) -> None:
    contract = read_contract(CONTRACTS / "star-ratings.toml")
    assert contract.class_names[contract.label_rule.class_id(stars)] == name


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("max_quarantine_share = 0.05", "max_quarantine_share = 5", "max_quarantine_share"),
        ("cuts = [-0.5, 0.5]", "cuts = [0.5, -0.5]", "label_rule: rating_min, cuts"),
        ("cuts = [-0.5, 0.5]", "cuts = [0.5]", "3 classes need 2 cuts"),
        ("id = 1\n", "id = 5\n", "ids must be 0, 1, 2"),
        ('name = "neutral"', 'name = "negative"', "own name and label"),
        ("constant = 2014-06-01T00:00:00Z", "constant = 2014-06-01T00:00:00", "time zone"),
        ("constant = 2014-06-01T00:00:00Z", "", "constant goes with"),
        (r"^(\d+)_\d+$", r"^\d+_\d+$", "exactly one group"),
        ("positive = 0.70", "splendid = 0.70", "no such class: splendid"),
        ('encoding = "utf-8"', 'encoding = "utf-9"', "no such encoding: utf-9"),
        ('kind = "multi_rater"', 'kind = "table"', "sources.0.format: Field required"),
        ("bootstrap_samples = 2000", "bootstrap_sample = 2000", "gate.bootstrap_sample"),
        ('rule = "constant"', 'rule = "column"', "constant goes with"),
        ("[gate]", "[gate", "not a TOML file"),
        (r"^(\d+)_\d+$", r"^(\d+_\d+$", "group: pattern '^(\\\\d+_\\\\d+$' is not a regular expression"),
        (r"^(\d+)_\d+$", r"^(\d{99999999999})$", "is not a regular expression"),
        (
            'encoding = "utf-8"',
            'encoding = "rot13"',
            "sources.0.encoding: no such encoding: rot13",
        ),
        ('encoding = "utf-8"', 'encoding = "idna"', "no such encoding: idna"),
        ('encoding = "utf-8"', 'encoding = "undefined"', "no such encoding: undefined"),
        ("max_text_characters = 20000", "max_text_characters = 100001", "max_text_characters"),
        ("rating_max = 4", "rating_max = nan", "label_rule.rating_max"),
        ("2014-06-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "event_time: constant must lie between 1990"),
        ("label = -1", f"label = {'9' * 5000}", "not a TOML file"),
    ],
)
def test_a_wrong_contract_names_file_and_key(old: str, new: str, named: str, tmp_path: Path) -> None:
    text = SNIPPETS.read_text()
    assert old in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContractError, match=r"broken\.toml") as caught:
        read_contract(path)
    assert named in str(caught.value)


@pytest.mark.parametrize("pattern", ["", ".", "/etc/*", "../*.txt", "a/../../*.txt", "**.txt", "a**/b.txt"])
def test_files_must_lie_below_the_input(pattern: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    old = "**/amazonReviewSnippets_GroundTruth.txt"
    path.write_text(SNIPPETS.read_text().replace(old, pattern))
    with pytest.raises(ContractError, match=r"c\.toml: sources\.0\.texts\.files: "):
        read_contract(path)


def test_no_text_may_train_that_an_endpoint_refuses() -> None:
    assert inference._MAX_CHARACTERS == MAX_TEXT_CHARACTERS


def test_the_hash_of_a_contract_is_that_of_its_file(tmp_path: Path) -> None:
    contract = read_contract(SNIPPETS)
    assert contract.describe() == {
        "name": "amazon-snippets",
        "version": contract.version,
        "sha256": hashlib.sha256(SNIPPETS.read_bytes()).hexdigest(),
    }
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SNIPPETS.read_bytes() + b"# changed\n")
    changed = read_contract(path)
    assert changed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() != contract.sha256


def test_a_directory_is_no_contract(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot be read"):
        read_contract(tmp_path)


def test_the_new_sections_have_defaults(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    text = SNIPPETS.read_text()
    path.write_text(text[: text.index("[cleaning]")] + text[text.index("[gate]") :])
    contract = read_contract(path)
    assert contract.cleaning == Cleaning()
    assert (contract.slices, contract.must_pass) == ([], [])


def test_a_rule_by_column_needs_the_column(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    text = (CONTRACTS / "star-ratings.toml").read_text()
    path.write_text(text.replace(', event_time = "review_date"', ""))
    with pytest.raises(ContractError, match=r"sources\.0\.columns\.event_time"):
        read_contract(path)


def test_a_contract_directory_holds_exactly_one(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="found: none"):
        read_contract_directory(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(SNIPPETS.read_text())
    with pytest.raises(FileError, match=r"a\.toml, b\.toml"):
        read_contract_directory(tmp_path)
