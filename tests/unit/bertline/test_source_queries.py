"""Queries of a contract: their result is uploaded as the file the source names, and they see nothing else."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from bertline import source_queries
from bertline.contracts import Contract, SourceQuery
from bertline.data.athena import Column, Result
from bertline.errors import BadQuery, BertlineError
from bertline.sources import Files, LocalFile, StoredObject

JOIN = "SELECT id, text, stars FROM 'texts.csv' JOIN 'more/stars.csv' USING (id) ORDER BY id DESC;"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "home"
    found.mkdir()
    monkeypatch.setattr(source_queries, "HOME", found)
    monkeypatch.setattr(source_queries, "private_home", lambda: None)
    return found


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Two files from different places; what else lies beside them is not uploaded."""
    contents = {"a/texts.csv": "id,text\n1,good\n2,bad\n", "b/stars.csv": "id,stars\n1,5\n2,1\n"}
    for name, content in {**contents, "a/secret.csv": "key\n1\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return {
        "texts.csv": LocalFile(tmp_path / "a" / "texts.csv"),
        "more/stars.csv": LocalFile(tmp_path / "b" / "stars.csv"),
    }


def contract(sql: str, engine: str = "duckdb", file: str = "joined.parquet") -> Contract:
    query = SourceQuery("joined", engine, sql, file, ("id", "text", "stars"))
    return Contract("c", "1.0.0", "0", {}, (query,))


def no_athena(sql: str) -> Result:
    raise AssertionError("Athena was asked")


def run(files: Files, given: Contract, select: Any = no_athena) -> None:
    with source_queries.with_results(files, given, select):
        pass


def path_of(files: Files) -> Path:
    found = files["joined.parquet"]
    assert isinstance(found, LocalFile)
    return found.path


def rows(files: Files) -> list[tuple[Any, ...]]:
    return duckdb.read_parquet(str(path_of(files))).fetchall()


def test_a_query_joins_the_uploaded_files_under_their_names(files: Files, home: Path) -> None:
    with source_queries.with_results(files, contract(JOIN), no_athena) as found:
        assert sorted(found) == ["joined.parquet", "more/stars.csv", "texts.csv"]
        assert rows(found) == [(2, "bad", 1), (1, "good", 5)]
    assert list(home.iterdir()) == []


def test_equal_inputs_give_an_equal_file(files: Files) -> None:
    sql = "SELECT id, any_value(text) AS text, sum(stars)::INT AS stars FROM (FROM 'texts.csv' JOIN " \
          "'more/stars.csv' USING (id)) GROUP BY id"  # fmt: skip

    def content() -> bytes:
        with source_queries.with_results(files, contract(sql), no_athena) as found:
            return path_of(found).read_bytes()

    assert content() == content()


@pytest.mark.parametrize(
    "place", ["'{0}/a/secret.csv'", "read_text('/etc/hostname')", "'../../a/secret.csv'", "'https://x.y/z.csv'"]
)  # fmt: skip
def test_a_query_reads_what_is_uploaded_and_nothing_else(files: Files, tmp_path: Path, place: str) -> None:
    sql = f"SELECT 1 AS id, 2 AS text, 3 AS stars FROM {place.format(tmp_path)}"  # noqa: S608
    with pytest.raises(BadQuery, match="source joined: its query failed: .*"):
        run(files, contract(sql))


def test_a_query_writes_nothing_outside(files: Files, tmp_path: Path) -> None:
    sql = f"{JOIN} COPY (SELECT 1) TO '{tmp_path}/a/new.csv'"
    with pytest.raises(BadQuery):
        run(files, contract(sql))
    assert not (tmp_path / "a" / "new.csv").exists()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT id FROM 'texts.csv'", "gives no column text, stars; it gives id"),
        (f"{JOIN.rstrip(';')} LIMIT 0", "gives no rows"),
        ("SELEKT 1", "its query failed: Parser Error"),
        ("SELECT * FROM 'nowhere.csv'", "its query failed"),
    ],
)
def test_a_useless_query_is_named_with_its_source(files: Files, sql: str, said: str) -> None:
    with pytest.raises(BadQuery, match=f"source joined: .*{said}"):
        run(files, contract(sql))


def test_a_result_takes_no_other_files_place(files: Files) -> None:
    with pytest.raises(BertlineError, match=r"another source has a file texts\.csv too"):
        run(files, contract(JOIN, file="texts.csv"))


def test_objects_in_s3_cannot_be_queried_here(files: Files) -> None:
    files["far.csv"] = StoredObject(None, "lake", "far.csv", 1, "x")
    with pytest.raises(BadQuery, match="download those in S3"):
        run(files, contract(JOIN))


def athena(*names_and_types: tuple[str, str], rows: list[list[str | None]]) -> Any:
    asked: list[str] = []

    def select(sql: str) -> Result:
        asked.append(sql)
        return Result([Column(*one) for one in names_and_types], iter(rows))

    select.asked = asked  # type: ignore[attr-defined]
    return select


def test_a_result_of_athena_keeps_types_and_missing_values() -> None:
    select = athena(
        ("id", "bigint"),
        ("text", "varchar"),
        ("stars", "double"),
        ("day", "date"),
        rows=[["9007199254740993", 'it\'s "so"\nso, é', "4.5", "2026-11-24"], ["2", "", None, None]],
    )
    query = contract("SELECT * FROM lake.reviews", "athena")
    with source_queries.with_results({}, query, select) as found:
        (first, second) = rows(found)
    assert first[:3] == (9007199254740993, 'it\'s "so"\nso, é', 4.5)
    assert (first[3].isoformat(), second) == ("2026-11-24", (2, "", None, None))
    assert select.asked == ["SELECT * FROM lake.reviews"]


def test_two_columns_of_one_name_are_refused() -> None:
    select = athena(("id", "bigint"), ("id", "bigint"), rows=[])
    with pytest.raises(BadQuery, match="two columns of one name: id, id"):
        run({}, contract("SELECT 1", "athena"), select)
