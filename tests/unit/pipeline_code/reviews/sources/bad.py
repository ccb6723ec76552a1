"""What the tests of bad files and bad rows share: a contract, and bytes of many formats."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.sources import Fault, Row, read_source, text
from pipeline_code.reviews.validation import Judge, Review
from tests.unit.pipeline_code.workspace import CONTRACT

STARS = Path(CONTRACT).parent / "star-ratings.toml"
HEAD = "key,body,stars\n"
JSON = b'{"key": 1, "body": "x", "stars": 5}\n'
GOOD = f"{HEAD}1,good,5\n2,bad,1\n".encode()
LONG = text.LINE_CHARACTERS + 1
TABLE: dict[str, Any] = {"key": ["1", "2"], "body": ["good", "bad"], "stars": [5, 1]}


def contract(form: str, **changes: Any) -> Contract:
    values = read_contract(STARS).model_dump()
    table = {
        "kind": "table",
        "tag": "shop",
        "licence": "CC0",
        "format": form,
        "files": "**/*",
        "columns": {"id": "key", "text": "body", "rating": "stars"},
    }
    values |= {"event_time": {"rule": "constant", "constant": "2020-01-01T00:00:00Z"}, "slices": []}
    return Contract.model_validate(values | {"sources": [table | changes]})


def judged(directory: Path, form: str, **changes: Any) -> list[Review | Fault]:
    rules = contract(form, **changes)
    judge, (source,) = Judge(rules), rules.sources
    return [
        judge.check(item, source) if isinstance(item, Row) else item
        for item in read_source(source, rules, directory)
    ]


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def parquet(table: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(table), buffer, **options)
    return buffer.getvalue()
