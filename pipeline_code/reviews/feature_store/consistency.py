"""Whether the online and the offline store hold the same latest event of each review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline_code.reviews.feature_store.client import CONNECTIONS, RuntimeClient
from pipeline_code.reviews.feature_store.offline import Snapshot
from pipeline_code.reviews.feature_store.online import IDS_PER_CALL, OnlineReader
from pipeline_code.reviews.feature_store.parallel import ahead, slices

_SHOWN = 20
_FEATURES = (
    "review_id",
    "group_id",
    "split_key",
    "review_body",
    "source",
    "label",
    "label_id",
    "event_time",
    "attributes",
    "input_ids",
    "features_version",
)


@dataclass(frozen=True)
class Difference:
    """One feature of one review that the stores hold differently; `feature` is empty for an absent record."""

    review_id: str
    feature: str
    online: str
    offline: str


@dataclass(frozen=True)
class Consistency:
    """How many reviews of the offline store were looked up online, how many differ, and the first of them."""

    reviews: int
    differing: int
    differences: tuple[Difference, ...]

    def report(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def compare(runtime: RuntimeClient, snapshot: Snapshot) -> Consistency:
    """Look up every live review of `snapshot` in the online store and compare all features.

    Raises
    ------
    FeatureStoreError
        A store cannot be read.
    """
    reader = OnlineReader(runtime, snapshot.group, _FEATURES)

    def differences(rows: list[dict[str, Any]]) -> list[list[Difference]]:
        held = reader.read([row["review_id"] for row in rows])
        return [list(_differences(row, held.get(row["review_id"]))) for row in rows]

    rows = (row for batch in snapshot.batches() for row in batch)
    reviews, differing, shown = 0, 0, list[Difference]()
    for found in ahead(
        differences, slices(rows, IDS_PER_CALL), threads=CONNECTIONS, in_flight=2 * CONNECTIONS
    ):
        reviews += len(found)
        differing += sum(1 for one in found if one)
        shown += [each for one in found for each in one][: _SHOWN - len(shown)]
    return Consistency(reviews, differing, tuple(shown))


def _differences(row: dict[str, Any], online: dict[str, str] | None) -> Iterator[Difference]:
    if online is None:
        yield Difference(row["review_id"], "", "absent", "present")
        return
    for name in _FEATURES:
        held = online.get(name, "")
        if _value(name, held) != row[name]:
            yield Difference(row["review_id"], name, held[:80], str(row[name])[:80])


def _value(name: str, text: str) -> Any:
    """The text of a record as the offline store's type."""
    try:
        if name == "event_time":
            return float(text)
        return json.loads(text) if name in ("label_id", "input_ids") else text
    except ValueError:
        return None
