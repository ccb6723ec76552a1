"""Values as bytes and back: plain data exactly as it was (tuples, sets, numbers as keys), and nothing else.

The format is Python's pickle with every door closed: only the types below are written, and only they are made
when bytes are read, so that a state folder from somebody else cannot run code. Large bodies are left out.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from local_cloud.state.bodies import Reference

LARGE_BYTES = 4096
_PROTOCOL = 5
_TYPES = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
    ("builtins", "bytearray"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "int"),
}
_KEY = (__name__, "private_key")


class CodecError(Exception):
    """A value is not plain data, or bytes are not a value; the message names the type."""


def dumps(value: Any, refer: Callable[[bytes], Reference]) -> bytes:
    """The bytes of a value; `refer` takes each large body in it and returns what stands for it.

    Raises
    ------
    CodecError
        Something in it is neither plain data nor a private key.
    """
    target = io.BytesIO()
    _Pickler(target, refer).dump(value)
    return target.getvalue()


def loads(body: bytes, read: Callable[[Reference], bytes]) -> Any:
    """The value of bytes; `read` gives the bodies that were left out.

    Raises
    ------
    CodecError
        The bytes would make something that is no plain data.
    """
    try:
        return _Unpickler(io.BytesIO(body), read).load()
    except pickle.UnpicklingError as error:
        raise CodecError(str(error)) from error


def private_key(pem: bytes) -> Any:
    """The private key of a PEM text, as KMS holds it."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None)


class _Pickler(pickle.Pickler):
    def __init__(self, target: io.BytesIO, refer: Callable[[bytes], Reference]) -> None:
        super().__init__(target, _PROTOCOL)
        self._refer = refer

    def persistent_id(self, value: Any) -> Reference | None:
        if type(value) is bytes and len(value) >= LARGE_BYTES:
            return self._refer(value)
        return None

    def reducer_override(self, value: Any) -> Any:
        kind = value if isinstance(value, type) else type(value)
        if (kind.__module__, kind.__qualname__) in _TYPES or value is private_key:
            return NotImplemented
        pem = _pem(value)
        if pem is None:
            raise CodecError(f"{kind.__module__}.{kind.__qualname__} is no plain data")
        return private_key, (pem,)


class _Unpickler(pickle.Unpickler):
    def __init__(self, source: io.BytesIO, read: Callable[[Reference], bytes]) -> None:
        super().__init__(source)
        self._read = read

    def persistent_load(self, reference: Any) -> bytes:
        name, size = reference
        if not (isinstance(name, str) and name.isalnum() and isinstance(size, int)):
            raise pickle.UnpicklingError(f"{reference!r} is no body")
        return self._read((name, size))

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _TYPES or (module, name) == _KEY:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


def _pem(value: Any) -> bytes | None:
    """The PEM text of a private key of the cryptography package; None of anything else."""
    write = getattr(value, "private_bytes", None)
    if write is None or not type(value).__module__.startswith("cryptography."):
        return None
    from cryptography.hazmat.primitives import serialization as how

    pem: bytes = write(how.Encoding.PEM, how.PrivateFormat.PKCS8, how.NoEncryption())
    return pem
