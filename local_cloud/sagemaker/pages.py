"""Pages of a list: tokens that belong to one query and find their place again when the list has changed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from local_cloud.sagemaker.errors import validation

_OWN = frozenset({"NextToken", "MaxResults"})
_IDENTITY = ("Arn", "Name", "Key", "Id", "CardVersion", "PackageVersion")


def cut(
    operation: str, params: dict[str, Any], ordered: Sequence[dict[str, Any]], size: int
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of `ordered` and the token of the next, or None when it was the last.

    The next page begins behind the last item given, wherever it is by then, or where that has gone with the
    item that would have followed it: what was added or deleted between two pages neither repeats nor hides
    the others.

    Raises
    ------
    ServiceError
        ValidationException for a token that this operation did not give for this query.
    """
    query = _digest([operation, {key: value for key, value in params.items() if key not in _OWN}])
    start = _start(params.get("NextToken"), query, ordered)
    page = list(ordered[start : start + size])
    if start + size >= len(ordered):
        return page, None
    place = json.dumps([query, start + size, _identity(page[-1]), _identity(ordered[start + size])])
    return page, base64.urlsafe_b64encode(place.encode()).decode()


def _start(token: str | None, query: str, ordered: Sequence[dict[str, Any]]) -> int:
    if token is None:
        return 0
    try:
        given, offset, last, following = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        given, offset, last, following = None, 0, "", ""
    if given != query:
        raise validation(f"Invalid NextToken '{token}': this operation did not give it for this query.")
    behind = _place(ordered, last, offset - 1)
    if behind is not None:
        return behind + 1
    found = _place(ordered, following, offset)
    return int(offset) if found is None else found


def _place(ordered: Sequence[dict[str, Any]], identity: str, expected: int) -> int | None:
    """Where an item is, looked for from where it is expected outwards: mostly it is there."""
    for distance in range(len(ordered) + abs(expected) + 1):
        for at in {expected - distance, expected + distance}:
            if 0 <= at < len(ordered) and _identity(ordered[at]) == identity:
                return at
    return None


def _identity(record: dict[str, Any]) -> str:
    """What tells a record from the others of its list and does not change with time."""
    named = {
        key: value
        for key, value in record.items()
        if key.endswith(_IDENTITY) and isinstance(value, str | int)
    }
    return _digest(named or record)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
