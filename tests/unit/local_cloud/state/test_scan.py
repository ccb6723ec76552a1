"""A scan finds what has changed, and nothing else; what it found fills the tables again."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local_cloud.state import codec
from local_cloud.state.database import Changes
from local_cloud.state.scan import Focus, Found

from .conftest import World

ALL = Focus(frozenset({"iam", "s3"}))
HERE = ("1", "bucket")
LARGE = b"x" * codec.LARGE_BYTES


def names(found: Found) -> list[str]:
    return sorted(f"{table} {name}{'' if body else ' gone'}" for (_, table, name), body in found.rows.items())


def keep(world: World, found: Found) -> None:
    """Write what a scan has found, as the saver does."""
    for name, body in found.bodies.items():
        world.bodies.write(name, body)
    world.database.commit(Changes(rows=found.rows))
    world.bodies.remove(world.scanner.release(found))


def test_a_change_is_found_once(world: World) -> None:
    role = {"Tags": ["a"]}
    world.tables["iam"]["_roles"]["1", "r"] = role
    assert names(world.scanner.scan(ALL)) == ["_roles (('1', 'r'), ())"]
    assert not world.scanner.scan(ALL).rows
    role["Tags"].append("b")
    assert names(world.scanner.scan(ALL)) == ["_roles (('1', 'r'), ())"]
    del world.tables["iam"]["_roles"]["1", "r"]
    assert names(world.scanner.scan(ALL)) == ["_roles (('1', 'r'), ()) gone"]
    assert not world.scanner.scan(ALL).rows


def test_rows_that_could_not_be_written_are_found_again(world: World) -> None:
    world.tables["iam"]["_roles"]["1", "r"] = {}
    found = world.scanner.scan(ALL)
    world.scanner.forget(found)
    assert world.scanner.scan(ALL).rows == found.rows
    del world.tables["iam"]["_roles"]["1", "r"]
    gone = world.scanner.scan(ALL)
    world.scanner.forget(gone)
    assert world.scanner.scan(ALL).rows == gone.rows == dict.fromkeys(found.rows)


def test_an_object_is_a_row_of_its_own(world: World) -> None:
    bucket: dict[str, Any] = {"created": "now", "objects": {"a": {"size": 1}, "b": {"size": 1}}}
    world.tables["s3"]["_buckets"][HERE] = bucket
    assert len(world.scanner.scan(ALL).rows) == 3
    bucket["objects"]["a"] = {"size": 2}
    del bucket["objects"]["b"]
    key = "_buckets (('1', 'bucket'), ('object', '"
    assert names(world.scanner.scan(ALL)) == [f"{key}a'))", f"{key}b')) gone"]


def test_a_narrow_scan_looks_at_one_key_and_looks_closely(world: World) -> None:
    bucket: dict[str, Any] = {"objects": {"a": {"size": 1}, "b": {"size": 1}, "c": {"size": 1}}}
    world.tables["s3"]["_buckets"][HERE] = bucket
    world.tables["s3"]["_object_tags"] |= {("1", ("bucket", name)): {"t": 1} for name in "ab"}
    world.scanner.scan(ALL)
    bucket["objects"]["a"]["size"] = 2  # the same object, changed
    bucket["objects"]["b"]["size"] = 2
    for name in "ab":
        world.tables["s3"]["_object_tags"]["1", ("bucket", name)]["t"] = 2
    del bucket["objects"]["c"]
    narrow = Focus(frozenset({"s3"}), frozenset({("bucket", "a")}), narrow=True)
    assert names(world.scanner.scan(narrow)) == [
        "_buckets (('1', 'bucket'), ('object', 'a'))",
        "_object_tags (('1', ('bucket', 'a')), ())",
    ]
    wide = names(world.scanner.scan(ALL))
    assert wide == [
        "_buckets (('1', 'bucket'), ('object', 'c')) gone",
        "_object_tags (('1', ('bucket', 'b')), ())",
    ]
    deep = Focus(frozenset({"s3"}), deep=True)
    assert names(world.scanner.scan(deep)) == ["_buckets (('1', 'bucket'), ('object', 'b'))"]


def test_a_narrow_scan_sees_a_deletion(world: World) -> None:
    bucket: dict[str, Any] = {"objects": {"a": {"size": 1}}}
    world.tables["s3"]["_buckets"][HERE] = bucket
    world.scanner.scan(ALL)
    del bucket["objects"]["a"]
    narrow = Focus(frozenset({"s3"}), frozenset({("bucket", "a")}), narrow=True)
    assert names(world.scanner.scan(narrow)) == ["_buckets (('1', 'bucket'), ('object', 'a')) gone"]


def test_a_large_body_is_written_once_and_shared(world: World) -> None:
    objects = {"a": {"body": LARGE}, "b": {"body": LARGE}}
    world.tables["s3"]["_buckets"][HERE] = {"objects": objects}
    found = world.scanner.scan(ALL)
    assert list(found.bodies.values()) == [LARGE]
    keep(world, found)
    assert len(world.files()) == 1
    objects["a"] = {"body": LARGE, "more": 1}  # type: ignore[dict-item]
    keep(world, world.scanner.scan(ALL))
    assert world.files() == set(found.bodies)


def test_a_body_that_nothing_refers_to_goes(world: World) -> None:
    objects = {"a": {"body": LARGE}, "b": {"body": LARGE}}
    world.tables["s3"]["_buckets"][HERE] = {"objects": objects}
    keep(world, world.scanner.scan(ALL))
    before = world.files()
    del objects["a"]
    keep(world, world.scanner.scan(ALL))
    assert world.files() == before
    objects["b"] = {"body": LARGE + b"y"}
    keep(world, world.scanner.scan(ALL))
    assert len(world.files()) == 1
    assert world.files() != before


def test_kept_rows_fill_the_tables_again(world: World) -> None:
    before = {
        ("1", "bucket"): {"created": "now", "objects": {"a": {"body": LARGE, "n": (1, 2)}}},
        ("1", "empty"): {"objects": {}},
    }
    world.tables["s3"]["_buckets"] |= before
    world.tables["iam"]["_roles"]["1", "us-east-1", "r"] = {"Tags": {1: b"small"}}
    keep(world, world.scanner.scan(ALL))
    files = world.files()
    world.die()
    assert world.tables["s3"]["_buckets"] == before
    assert world.tables["iam"]["_roles"] == {("1", "us-east-1", "r"): {"Tags": {1: b"small"}}}
    assert world.scanner.bodies_in_use() == files
    assert not world.scanner.scan(ALL).bodies, "a body that was read is not written again"


def test_a_module_that_is_none_of_the_emulator_is_not_loaded(world: World) -> None:
    with pytest.raises(codec.CodecError, match="no service module os"):
        world.scanner.restore([("os", "environ", "(('a',), ())", b"")])


def test_what_is_no_data_is_left_out_and_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.tables["iam"]["_roles"] |= {("1", "good"): {}, ("1", "bad"): {"lock": threading.Event()}}
    assert names(world.scanner.scan(ALL)) == ["_roles (('1', 'good'), ())"]
    world.scanner.scan(ALL)
    assert caplog.text.count("iam _roles ('1', 'bad') is not kept: threading.Event is no plain data") == 1
