"""Bad files of every kind: each is a typed error that names the file."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_code.reviews.sources import SourceError, pieces
from tests.unit.pipeline_code.reviews.sources.bad import (
    GOOD,
    HEAD,
    JSON,
    LONG,
    TABLE,
    judged,
    parquet,
    zipped,
)


def encrypted_zip() -> bytes:
    """A zip whose member carries the flag of encryption, in both of its headers."""
    data = bytearray(zipped(a_csv=GOOD))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lzma_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", GOOD)
    return buffer.getvalue()


def damaged_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", GOOD)
    return buffer.getvalue().replace(b"1,good,5", b"1,gold,5", 1)


def lying_zip() -> bytes:
    """A zip whose directory says that the member is smaller than it is."""
    data = bytearray(zipped(a_csv=GOOD))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (len(GOOD) // 2).to_bytes(4, "little")
    return bytes(data)


def duplicate_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", GOOD)
    return buffer.getvalue()


def damaged_page() -> bytes:
    data = bytearray(parquet({**TABLE, "body": ["good " * 50, "bad " * 50]}, compression="zstd"))
    for at in range(8, len(data) // 2):
        data[at] ^= 0x5A
    return bytes(data)


def encrypted_parquet() -> bytes:
    """What a reader without the key meets: the magic of an encrypted footer."""
    data = parquet(TABLE)
    return b"PARE" + data[4:-4] + b"PARE"


def repeated_columns() -> bytes:
    buffer = io.BytesIO()
    columns = [pa.array(values) for values in (*TABLE.values(), TABLE["body"])]
    pq.write_table(pa.Table.from_arrays(columns, names=[*TABLE, "body"]), buffer)
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """Files of a format, the last of them bad, and what the error says besides its name."""

    said: str
    files: dict[str, bytes | Callable[[], bytes]]
    form: str = "csv"
    changes: dict[str, Any] = field(default_factory=dict)


def drift(first: bytes, second: bytes, said: str) -> Case:
    form = {b"{": "jsonl", b"P": "parquet"}.get(first[:1], "csv")
    return Case(said, {f"a.{form}": first, f"b.{form}": second}, form)


TEXT = {
    "empty": (b"", "is empty"),
    "only a byte-order mark": (b"\xef\xbb\xbf", "has no column"),
    "no header": (b"1,good,5\n2,bad,1\n", "is it a header?"),
    "missing column": (b"key,body\n1,good\n", "has no column 'stars'"),
    "wrong delimiter": (b"key;body;stars\n1;good;5\n", "has no column"),
    "tsv as csv": (b"key\tbody\tstars\n1\tgood\t5\n", "has no column"),
    "column named twice": (b"key,body,stars,body\n1,good,5,bad\n", "'body' more than once"),
    "unused column named twice": (b"key,body,stars,x,x\n1,good,5,,\n", "'x' more than once"),
    "quotation mark never closed": (GOOD + b'3,"good,5\n4,bad,1\n', "row 4: a quotation mark"),
    "quotation mark in the header": (b'key,"body,stars\n1,good,5\n', "the header is not readable"),
    "a line without end": (GOOD + b"3," + b"x" * LONG, "row 4: more than"),
    "a field over many lines": (GOOD + b'3,"' + b"x\n" * LONG + b'",5\n', "row 4: a field of more"),
    "utf-16 not declared": (GOOD.decode().encode("utf-16"), 'set encoding = "utf-16"'),
    "utf-32 not declared": (GOOD.decode().encode("utf-32"), 'set encoding = "utf-32"'),
    "utf-16 without a mark": (GOOD.decode().encode("utf-16-le"), "has no column"),
    "random bytes": (bytes(range(128, 256)) * 10, "has no column"),
    "parquet": (parquet(TABLE), "is Parquet"),
    "gz without its suffix": (gzip.compress(GOOD), "end in .gz"),
    "zip or Excel without its suffix": (zipped(a_csv=GOOD), "Excel"),
    "xz": (b"\xfd7zXZ\x00\x00", "unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd\x00", "unpack it"),
}
DRIFT = {
    "missing column": (GOOD, b"key,body\n3,x\n", "no column 'stars'"),
    "renamed column": (GOOD, b"key,body,Stars\n3,x,1\n", "no column 'stars'"),
    "new column": (GOOD, b"key,body,stars,size\n3,x,1,4\n", "new is 'size'"),
    "unused column lost": (b"key,body,stars,size\n3,x,1,4\n", GOOD, "column 'size' is missing"),
    "renamed key": (JSON, b'{"key": 2, "text": "x", "stars": 5}\n', "no key 'body'"),
    "retyped key": (
        JSON,
        b'{"key": 2, "body": "x", "stars": "5"}\n',
        "'stars' holds text instead of numbers",
    ),
    "retyped parquet column": (
        parquet(TABLE),
        parquet(TABLE | {"stars": ["5", "1"]}),
        "'stars' holds text instead of numbers",
    ),
    "renamed parquet column": (
        parquet(TABLE | {"size": [1, 2]}),
        parquet(TABLE | {"Size": [1, 2]}),
        "column 'size' is missing; new is 'Size'",
    ),
}
PARQUET = {
    "empty parquet": b"",
    "parquet cut short": parquet(TABLE)[:-20],
    "parquet with a damaged page": damaged_page,
    "encrypted parquet": encrypted_parquet,
    "csv as parquet": GOOD,
    "text that says it is parquet": b"PAR1 not really PAR1",
}
PACKED = {
    "empty gz": ("a.csv.gz", b"", "is empty"),
    "nothing in the gz": ("a.csv.gz", gzip.compress(b""), "is empty"),
    "gz that is none": ("a.csv.gz", GOOD, "cannot be read"),
    "gz cut short": ("a.csv.gz", gzip.compress(GOOD)[:-9], "cut short"),
    "gz with damaged bytes": ("a.csv.gz", gzip.compress(GOOD)[:-6] + b"\0" * 6, "cannot be read"),
    "gz in a gz": ("a.csv.gz", gzip.compress(gzip.compress(GOOD)), "packed by gzip"),
    "zip that is none": ("a.zip", GOOD, "cannot be read"),
    "zip cut short": ("a.zip", zipped(a_csv=GOOD)[:-10], "cannot be read"),
    "zip without members": ("a.zip", zipped(), "no member that matches"),
    "zip with a foreign member": ("a.zip", zipped(a_csv=GOOD, readme_md=b"Reviews\n"), "readme.md"),
    "zip with drift inside": ("a.zip", zipped(a_csv=GOOD, b_csv=b"key,body\n3,x\n"), "a.zip!b.csv"),
    "zip with a member in it twice": ("a.zip", duplicate_members, "two members of one name"),
    "zip in a zip": ("a.zip", zipped(b_zip=zipped(a_csv=GOOD)), "archive inside an archive"),
    "encrypted zip": ("a.zip", encrypted_zip, "is encrypted"),
    "zip packed by LZMA": ("a.zip", lzma_zip, "another method"),
    "zip with damaged bytes": ("a.zip", damaged_zip, "cannot be read"),
    "zip that lies about a size": ("a.zip", lying_zip, "cannot be read"),
}
CASES = (
    {name: Case(said, {"a.csv": content}) for name, (content, said) in TEXT.items()}
    | {f"{name}, later": drift(*case) for name, case in DRIFT.items()}
    | {name: Case("not readable Parquet", {"a": content}, "parquet") for name, content in PARQUET.items()}
    | {name: Case(said, {file: content}) for name, (file, content, said) in PACKED.items()}
    | {
        "empty jsonl": Case("is empty", {"a.jsonl": b""}, "jsonl"),
        "parquet column named twice": Case("'body' more than once", {"a": repeated_columns}, "parquet"),
        "zip without such a member": Case(
            "members: a.txt", {"a.zip": zipped(a_txt=GOOD)}, changes={"members": "*.csv"}
        ),
        "utf-8 declared as latin-1": Case(
            'set encoding = "utf-8"', {"a.csv": b"\xef\xbb\xbf" + GOOD}, changes={"encoding": "latin-1"}
        ),
        "other end of utf-16": Case(
            "byte-order mark",
            {"a.csv": b"\xfe\xff" + GOOD.decode().encode("utf-16-be")},
            changes={"encoding": "utf-16-le"},
        ),
    }
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_file_is_an_error_that_names_it(case: Case, tmp_path: Path) -> None:
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content())
    with pytest.raises(SourceError) as caught:
        judged(tmp_path, case.form, **case.changes)
    message = str(caught.value)
    assert f"source 'shop': {list(case.files)[-1]}" in message
    assert case.said in message


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_a_bomb_is_refused_before_it_is_unpacked(
    packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "EXPANDED_BYTES", 1 << 20)
    content = HEAD.encode() + b"1,good,5\n" * 2_000_000
    bomb = gzip.compress(content) if packing == "gz" else zipped(a_csv=content)
    (tmp_path / f"bomb.{packing}").write_bytes(bomb)
    with pytest.raises(SourceError, match=rf"bomb\.{packing}.* expands to .* over 200 times"):
        judged(tmp_path, "csv")


def test_a_parquet_bomb_in_a_gz_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "EXPANDED_BYTES", 1 << 20)
    (tmp_path / "bomb.parquet.gz").write_bytes(gzip.compress(b"PAR1" + b"\0" * (1 << 24)))
    with pytest.raises(SourceError, match=r"bomb\.parquet\.gz expands to [1-5]\d{6} bytes"):
        judged(tmp_path, "parquet")


def test_a_zip_of_many_members_is_bounded_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "EXPANDED_BYTES", 1 << 20)
    member = HEAD.encode() + b"1,good,5\n" * 100_000
    (tmp_path / "bomb.zip").write_bytes(zipped(**{f"m{number}_csv": member for number in range(20)}))
    with pytest.raises(SourceError, match=r"bomb\.zip expands"):
        judged(tmp_path, "csv")


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(GOOD)
    (tmp_path / "b.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(SourceError, match=r"'shop': b\.csv is no regular file"):
        judged(tmp_path, "csv")


def test_an_input_without_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SourceError, match=r"no file matches .* \(found: no files\)"):
        judged(tmp_path, "csv")
