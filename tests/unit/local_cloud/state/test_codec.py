"""Values come back exactly as they were, and nothing but data comes back."""

from __future__ import annotations

import os
import pickle
import threading
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from local_cloud.state import codec
from local_cloud.state.bodies import Reference


def no_bodies(_: Any) -> Any:
    raise AssertionError("there is no large body")


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True], "b": {"c": "d"}},
        {1: "a number is a key", ("a", None): "and so is a tuple"},
        (1, ("nested", ()), {1, 2}, frozenset({3})),
        b"\x00bytes",
        bytearray(b"more"),
        OrderedDict(b=1, a=2),
        defaultdict(list, {"a": [1]}),
        deque([1, 2], maxlen=5),
        datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        date(2026, 1, 2),
        timedelta(days=1),
        Decimal("1.10"),
        UUID(int=7),
    ],
    ids=repr,
)
def test_data_comes_back_as_it_was(value: Any) -> None:
    found = codec.loads(codec.dumps(value, no_bodies), no_bodies)
    assert found == value
    assert type(found) is type(value)


def test_a_large_body_is_left_out() -> None:
    body = b"x" * codec.LARGE_BYTES
    taken: list[bytes] = []

    def refer(found: bytes) -> Reference:
        taken.append(found)
        return "ab12", len(found)

    written = codec.dumps({"body": body, "small": b"y"}, refer)
    assert taken == [body]
    assert len(written) < 200
    read: list[Reference] = []

    def give(reference: Reference) -> bytes:
        read.append(reference)
        return body

    assert codec.loads(written, give) == {"body": body, "small": b"y"}
    assert read == [("ab12", len(body))]


def test_a_private_key_comes_back() -> None:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    key = rsa.generate_private_key(65537, 2048)
    found = codec.loads(codec.dumps({"key": key}, no_bodies), no_bodies)["key"]
    assert found.private_numbers() == key.private_numbers()


@pytest.mark.parametrize("value", [threading.Lock(), object(), os.getcwd, int, iter([1])], ids=repr)
def test_what_is_no_data_is_refused(value: Any) -> None:
    if value is int:
        assert codec.loads(codec.dumps(value, no_bodies), no_bodies) is int  # of defaultdict(int)
        return
    with pytest.raises((codec.CodecError, TypeError)):
        codec.dumps({"a": value}, no_bodies)


class Evil:
    def __reduce__(self) -> Any:
        return os.getpid, ()


def test_bytes_that_would_run_code_are_refused() -> None:
    with pytest.raises(codec.CodecError, match="getpid is no plain data"):
        codec.loads(pickle.dumps(Evil()), no_bodies)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", 7])
def test_a_body_outside_the_folder_is_refused(name: Any) -> None:
    written = codec.dumps(b"x" * codec.LARGE_BYTES, lambda _: (name, 4096))
    with pytest.raises(codec.CodecError, match="is no body"):
        codec.loads(written, no_bodies)
