import gzip
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from pipeline_code.reviews.contract import Contract, MultiRaterSource, read_contract
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
        (b"1_1\t0\tgood\n", b"\n", TEXTS, Reason.MISSING_RATING),
        (b"1_1\t0\tgo\0od\n", b"1_1\t0\t1\t[1]\n", TEXTS, Reason.NUL_CHARACTER),
        (b"\n", b"1_2\t0\t1\t[1]\n", RATINGS, Reason.MISSING_TEXT),
        (b"\n", b"1_\xe9\t0\t1\t[1]\n", RATINGS, Reason.UNDECODABLE),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[]\n", TEXTS, Reason.MISSING_RATING),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, 7]\n", TEXTS, Reason.RATING_OUT_OF_RANGE),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, true]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[1, NaN]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\tnone\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b'1_1\t0\t1\t["1"]\n', TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t[" + b"9" * 400 + b"]\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"1_1\t0\tgood\n", b"1_1\t0\t1\t" + b"[" * 100_000 + b"\n", TEXTS, Reason.RATING_NOT_A_NUMBER),
        (b"\n", b"1_1\t0\n", RATINGS, Reason.TOO_FEW_FIELDS),
    ],
)
def test_faults_say_where_and_why(
    contract: Contract, tmp_path: Path, texts: bytes, ratings: bytes, file: str, reason: Reason
) -> None:
    (fault,) = read(contract, tmp_path, texts, ratings)
    assert isinstance(fault, Fault)
    assert (fault.file, fault.reason) == (file, reason)


def test_second_ratings_of_an_id_are_a_fault_and_the_first_count(contract: Contract, tmp_path: Path) -> None:
    ratings = b"1_1\t0\t1\t[1]\n1_1\t0\t1\t[2]\n"
    fault, row = read(contract, tmp_path, b"1_1\t0\tgood\n", ratings)
    assert isinstance(fault, Fault)
    assert (fault.file, fault.row, fault.reason) == (RATINGS, 2, Reason.DUPLICATE_ID)
    assert isinstance(row, Row)
    assert row.rating == 1


def test_packed_files_join_like_plain_ones(contract: Contract, tmp_path: Path) -> None:
    source = contract.sources[0]
    assert isinstance(source, MultiRaterSource)
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "1_1\t0\tgood\n")
        archive.writestr("b.txt", "1_2\t0\tbad\n")
    (tmp_path / "ratings.gz").write_bytes(gzip.compress(b"1_2\t0\t1\t[-3]\n1_1\t0\t1\t[3]\n"))
    packed = source.model_copy(
        update={
            "texts": source.texts.model_copy(update={"files": "texts.zip"}),
            "ratings": source.ratings.model_copy(update={"files": "ratings.gz"}),
        }
    )
    rows = [row for row in read_source(packed, contract, tmp_path) if isinstance(row, Row)]
    assert [(row.file, row.file_index, row.id, row.rating) for row in rows] == [
        ("texts.zip!a.txt", 0, "1_1", 3),
        ("texts.zip!b.txt", 1, "1_2", -3),
    ]


def test_the_ratings_are_not_held_in_memory(contract: Contract, tmp_path: Path) -> None:
    def peak(reviews: int) -> int:
        texts = "".join(f"{number}_1\t0\tgood\n" for number in range(reviews))
        ratings = "".join(f"{number}_1\t0\t1\t[1, 2]\n" for number in range(reviews))
        (tmp_path / TEXTS).write_text(texts)
        (tmp_path / RATINGS).write_text(ratings)
        del texts, ratings
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_source(contract.sources[0], contract, tmp_path)) == reviews
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < 1.2 * peak(2_000)


def test_a_fault_in_the_ratings_is_found_from_the_text(contract: Contract, tmp_path: Path) -> None:
    fault = read(contract, tmp_path, b"1_1\t0\tgood\n", b"\n1_1\t0\t1\t[9]\n")[0]
    assert isinstance(fault, Fault)
    assert fault.detail == f"{RATINGS}, row 2: 9 is outside -4 ... 4"


def test_a_missing_file_is_named_with_what_is_there(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x")
    with pytest.raises(SourceError, match=r"GroundTruth.*found: other\.csv"):
        list(read_source(contract.sources[0], contract, tmp_path))


def test_faults_name_the_path_below_the_input(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    read(contract, tmp_path / "a", b"1_1\t0\tgood\n", b"1_1\t0\t1\t[9]\n")
    (fault,) = read_source(contract.sources[0], contract, tmp_path)
    assert isinstance(fault, Fault)
    assert fault.file == f"a/{TEXTS}"
    assert fault.detail.startswith(f"a/{RATINGS}, row 1: ")
