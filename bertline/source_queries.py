"""A contract's queries, run before an upload: each result becomes the Parquet file that its source names."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from bertline.contracts import Contract, SourceQuery
from bertline.data.athena import Column, Result
from bertline.errors import BadQuery
from bertline.paths import HOME, private_home
from bertline.sources import Content, Files, LocalFile, combine

Select = Callable[[str], Result]
# Types of Athena by those of DuckDB; what is not here stays text.
_TYPES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@contextlib.contextmanager
def with_results(files: Mapping[str, Content], contract: Contract, select: Select) -> Iterator[Files]:
    """The files, and beside them the results of the contract's queries; the results go at the end.

    Parameters
    ----------
    files
        What is uploaded; queries of the engine `duckdb` see the files of this machine among them, and no
        other, under the names they get in the upload.
    select
        Runs a query of the engine `athena`.

    Raises
    ------
    BadQuery
        A query fails, gives no rows, or its result lacks a column that the source reads.
    BertlineError
        A file to upload already has the name of a result.
    """
    private_home()
    with tempfile.TemporaryDirectory(dir=HOME, prefix="queries-") as scratch:
        folder = Path(scratch)
        whole: Files = dict(files)
        for number, query in enumerate(contract.queries):
            result = folder / f"{number}.parquet"
            if query.engine == "athena":
                _from_athena(query, select, folder, result)
            else:
                _from_files(query, files, folder / f"files-{number}", result)
            combine(whole, {query.file: LocalFile(result)}, f"the query of source {query.source}")
        yield whole


def _from_files(query: SourceQuery, files: Mapping[str, Content], stage: Path, result: Path) -> None:
    local = {name: item.path.resolve() for name, item in files.items() if isinstance(item, LocalFile)}
    if len(local) < len(files):
        raise BadQuery(
            f"source {query.source}: a DuckDB query reads files of this machine: download those in S3"
        )
    stage.mkdir()
    for name, path in local.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).symlink_to(path)
    with contextlib.chdir(stage), _engine([stage, result.parent], list(local.values())) as database:
        _write(database, query, query.sql, result)


def _from_athena(query: SourceQuery, select: Select, scratch: Path, result: Path) -> None:
    found = select(query.sql)
    names = [column.name for column in found.columns]
    if len(set(names)) < len(names):
        raise BadQuery(f"source {query.source}: the result has two columns of one name: {', '.join(names)}")
    lines = scratch / "athena.jsonl"
    with lines.open("w", encoding="utf-8") as out:
        for row in found.rows:
            out.write(json.dumps(dict(zip(names, row, strict=True))) + "\n")
    texts = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
    values = ", ".join(_cast(column) for column in found.columns)
    table = f"read_json({_text(str(lines))}, format='newline_delimited', columns={{{texts}}})"
    sql = f"SELECT {values} FROM {table}"  # noqa: S608 - names are quoted
    with _engine([scratch], []) as database:
        _write(database, query, sql, result)
    lines.unlink()


@contextlib.contextmanager
def _engine(folders: Sequence[Path], files: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that reads these folders and files and nothing else: a contract may come from anywhere.

    One thread, so that rows have one order and equal inputs give an equal file.
    """
    with duckdb.connect(":memory:") as database:
        database.execute("SET threads = 1")
        database.execute(f"SET temp_directory = {_text(str(folders[-1] / 'spill'))}")
        database.execute(f"SET allowed_directories = [{', '.join(_text(f'{one}/') for one in folders)}]")
        database.execute(f"SET allowed_paths = [{', '.join(_text(str(one)) for one in files)}]")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        yield database


def _write(database: duckdb.DuckDBPyConnection, query: SourceQuery, sql: str, result: Path) -> None:
    shown = f"source {query.source}: its query"
    statement = sql.strip().rstrip(";")
    try:
        names = [column[0] for column in database.execute(f"DESCRIBE {statement}").fetchall()]
        _check_columns(shown, query, names)
        target = f"{_text(str(result))} (FORMAT parquet, COMPRESSION zstd)"
        written = database.execute(f"COPY ({statement}) TO {target}").fetchone()
    except duckdb.Error as error:
        raise BadQuery(f"{shown} failed: {error}") from None
    if not written or not written[0]:
        raise BadQuery(f"{shown} gives no rows")


def _check_columns(shown: str, query: SourceQuery, names: Sequence[str]) -> None:
    missing = [name for name in query.columns if name not in names]
    if missing:
        raise BadQuery(f"{shown} gives no column {', '.join(missing)}; it gives {', '.join(names)}")


def _cast(column: Column) -> str:
    name = '"' + column.name.replace('"', '""') + '"'
    return f"CAST({name} AS {_TYPES[column.type]}) AS {name}" if column.type in _TYPES else name


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
