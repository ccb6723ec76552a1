"""The table of an error analysis: for each tag its share, its errors, and what people would gain there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.error_analysis.tags import AUTOMATIC, Flags
from pipeline_code.reviews.metrics import Floats


def error_table(
    tags: Sequence[Sequence[str]],
    wrong: Flags,
    human: Floats,
    group_ids: Sequence[str],
    *,
    samples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Rank tags by their ceiling gain: what accuracy would gain if the model did as well there as one person.

    The gain is max(0, human - accuracy) x share of the data: a large gap in a small part is a small gain.
    Texts carry several tags, so gains do not add up.

    Parameters
    ----------
    tags
        Names for each row.
    wrong
        Whether the model errs [rows].
    human
        Probability that one person is right [rows]; nan where it is not known.
    group_ids
        Groups [rows], which intervals resample.

    Returns
    -------
    One row a tag: {"tag", "kind", "rows", "share", "errors", "error_rate", "accuracy", "human", "gap",
    "ceiling_gain", "rank"}, the best first. Without human level in a tag `human`, `gap` and `ceiling_gain`
    are None, and such tags come last, by their errors.
    """
    bootstrap = GroupBootstrap(
        list(group_ids), np.zeros(len(wrong), np.int64), classes=1, samples=samples, seed=seed
    )
    names = dict.fromkeys(name for row in tags for name in row)
    members = [set(row) for row in tags]
    rows = [_row(name, np.array([name in row for row in members]), wrong, human, bootstrap) for name in names]
    rows.sort(key=_gain_then_errors)
    return [{**row, "rank": rank} for rank, row in enumerate(rows, start=1)]


def _row(name: str, inside: Flags, wrong: Flags, human: Floats, bootstrap: GroupBootstrap) -> dict[str, Any]:
    errors = int(wrong[inside].sum())
    rate = errors / int(inside.sum())
    known = np.isfinite(human)
    people = float(human[inside & known].mean()) if (inside & known).any() else None
    gap = None if people is None else people - float((~wrong)[inside & known].mean())
    return {
        "tag": name,
        "kind": "automatic" if name in AUTOMATIC else "contract",
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "errors": errors,
        "error_rate": rate,
        "accuracy": 1 - rate,
        "human": people,
        "gap": gap,
        "ceiling_gain": None if gap is None else _gain(inside, wrong, human, bootstrap),
    }


def _gain(inside: Flags, wrong: Flags, human: Floats, bootstrap: GroupBootstrap) -> dict[str, Any] | None:
    """A mean over all rows whose human level is known; in those without the tag nothing is gained."""
    known = np.isfinite(human)
    room = np.where(inside & known, np.where(known, human, 0.0) - ~wrong, 0.0)
    found = bootstrap.mean(room, known.astype(float), bounds=(-1.0, 1.0))
    if found is None:
        return None
    low, high = found["interval"]
    return {"value": max(0.0, found["value"]), "interval": [max(0.0, low), max(0.0, high)]}


def _gain_then_errors(row: dict[str, Any]) -> tuple[float, int, str]:
    gain = row["ceiling_gain"]
    return (-1.0 if gain is None else gain["value"]) * -1, -row["errors"], row["tag"]
