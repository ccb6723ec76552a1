from pathlib import Path

import pytest

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.sources import Fault, Reason, Row, SourceError, read_source
from tests.unit.pipeline_code.workspace import CONTRACT

TEXTS, RATINGS = "amazonReviewSnippets_GroundTruth.txt", "amazonReviewSnippets_anonDataRatings.txt"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(CONTRACT)


def read(contract: Contract, directory: Path, texts: bytes, ratings: bytes) -> list[Row | Fault]:
    (directory / TEXTS).write_bytes(texts)
    (directory / RATINGS).write_bytes(ratings)
    return list(read_source(contract.sources[0], contract, directory))


def test_texts_meet_the_mean_of_their_ratings(contract: Contract, tmp_path: Path) -> None:
    ratings = "\ufeff1_1\t0\t1\t[1, 2, -1]\r\n".encode()
    (row,) = read(contract, tmp_path, "1_1\t9.9\tgood\tstuff, caf\u00e9\r\n".encode(), ratings)
    assert isinstance(row, Row)
    assert (row.id, row.text, row.file, row.row) == ("1_1", "good\tstuff, caf\u00e9", TEXTS, 1)
    assert row.rating == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("texts", "ratings", "file", "reason"),
    [
        (b"1_1\t0\n", b"1_1\t0\t1\t[1]\n", TEXTS, Reason.TOO_FEW_FIELDS),
        (b"1_1\t0\tcaf\xe9\n", b"1_1\t0\t1\t[1]\n", TEXTS, Reason.UNDECODABLE),
        (b"1_1\t0\tgood\n", b"1_2\t0\t1\t[1]\n", TEXTS, Reason.MISSING_RATING),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[]\n", TEXTS, Reason.MISSING_RATING),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, 7]\n", TEXTS, Reason.RATING_OUT_OF_RANGE),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, true]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, NaN]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\tnone\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b'1_1\t0\t1\t["1"]\n', TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[" + b"9" * 400 + b"]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t" + b"[" * 100_000 + b"\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"", b"1_1\t0\n", RATINGS, Reason.TOO_FEW_FIELDS),
        (b"", b"1_1\t0\t1\t[1]\n1_1\t0\t1\t[2]\n", RATINGS, Reason.DUPLICATE_ID),
    ],
)
def test_faults_say_where_and_why(
    contract: Contract, tmp_path: Path, texts: bytes, ratings: bytes, file: str, reason: Reason
) -> None:
    (fault,) = read(contract, tmp_path, texts, ratings)
    assert isinstance(fault, Fault)
    assert (fault.file, fault.reason) == (file, reason)


def test_a_fault_in_the_ratings_is_found_from_the_text(contract: Contract, tmp_path: Path) -> None:
    fault = read(contract, tmp_path, b"1_1\t0\tgood\n", b"\n1_1\t0\t1\t[9]\n")[0]
    assert isinstance(fault, Fault)
    assert fault.detail == f"{RATINGS}, row 2: 9 is outside -4 ... 4"


def test_a_missing_file_is_named_with_what_is_there(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x")
    with pytest.raises(SourceError, match=r"anonDataRatings.*found: other\.csv"):
        list(read_source(contract.sources[0], contract, tmp_path))


def test_faults_name_the_path_below_the_input(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    read(contract, tmp_path / "a", b"1_1\t0\tgood\n", b"1_1\t0\t1\t[9]\n")
    (fault,) = read_source(contract.sources[0], contract, tmp_path)
    assert isinstance(fault, Fault)
    assert fault.file == f"a/{TEXTS}"
    assert fault.detail.startswith(f"a/{RATINGS}, row 1: ")
