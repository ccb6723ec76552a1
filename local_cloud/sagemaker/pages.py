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

    The next page begins behind the last item given, wherever it is by then: what was added or deleted
    between two pages neither repeats nor hides the others.

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
    place = json.dumps([query, start + size, _identity(page[-1])])
    return page, base64.urlsafe_b64encode(place.encode()).decode()


def _start(token: str | None, query: str, ordered: Sequence[dict[str, Any]]) -> int:
    if token is None:
        return 0
    try:
        given, offset, last = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        given, offset, last = None, 0, ""
    if given != query:
        raise validation(f"Invalid NextToken '{token}': this operation did not give it for this query.")
    places = [at for at, one in enumerate(ordered, start=1) if _identity(one) == last]
    return min(places, key=lambda at: abs(at - int(offset)), default=int(offset))


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
