"""What the model was made from."""

from __future__ import annotations

from typing import Any

from pipeline_code.reviews.report.charts import histogram_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import percent

_TRUNCATIONS = {"Head": "the start is kept", "HeadTail": "start and end are kept"}


def section(pieces: Pieces) -> Section:
    """Rows kept and refused, cleaning, splits, slices, lengths and sources."""
    validation, prepare = pieces.validation, pieces.prepare
    dataset = pieces.evaluation["data"]["dataset"]
    figures = {
        "dataset": dataset,
        "classes": pieces.names,
        **{key: validation[key] for key in ("rows", "accepted", "quarantined", "removed", "reasons")},
        **{key: validation[key] for key in ("cleaning", "slices", "sources", "lengths")},
        "splits": {
            name: {key: split[key] for key in ("rows", "classes", "truncated_share")}
            for name, split in prepare["splits"].items()
        },
        "max_seq_length": prepare["max_seq_length"],
        "truncation": _TRUNCATIONS[prepare["truncation"]],
    }
    sentences = [
        f"{validation['rows']} rows were read: {validation['accepted']} were kept, "
        f"{validation['quarantined']} broke "
        f"the contract ({percent(validation['quarantine_share'])}, limit "
        f"{percent(validation['max_quarantine_share'])}) "
        f"and {validation['removed']} were removed by cleaning. What was not kept lies in quarantine, "
        "each row with "
        "its reason."
    ]
    if dataset["features"] != "run":
        sentences.append(
            f"This model was trained on what the Feature Store held at {dataset['features']}: "
            f"{dataset['rows']} "
            f"texts of feature group {dataset['feature_group']}."
        )
    charts = {"lengths": histogram_chart(_lengths(prepare), prepare["max_seq_length"])}
    return Section("data", "Data", sentences, figures, charts)


def _lengths(prepare: dict[str, Any]) -> dict[int, int]:
    total: dict[int, int] = {}
    for split in prepare["splits"].values():
        for start, count in split["length_histogram"].items():
            total[int(start)] = total.get(int(start), 0) + count
    return total
