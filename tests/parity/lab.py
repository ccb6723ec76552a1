"""What the labs do with data, restated in a few lines each: the ways that the defect tests let fail."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sklearn.model_selection import train_test_split

Json = dict[str, Any]
SPLITS = ("train", "validation", "test")


def dropna(rows: Sequence[Json]) -> list[Json]:
    """Rows without an empty value; from here on a review's id is its position in what is left."""
    kept = [row for row in rows if all(value != "" for value in row.values())]
    return [row | {"review_id": position} for position, row in enumerate(kept)]


def balance(rows: Sequence[Json]) -> list[Json]:
    """As many rows of each class as the rarest has, drawn without a seed."""
    by_label: dict[Any, list[Json]] = defaultdict(list)
    for row in rows:
        by_label[row["label_id"]].append(row)
    rarest = min(len(group) for group in by_label.values())
    drawn = random.Random()  # noqa: S311 - a job of its own, so a state of its own
    return [row for group in by_label.values() for row in drawn.sample(group, rarest)]


def split(rows: Sequence[Json], train: float = 0.9, test: float = 0.05) -> dict[str, list[Json]]:
    """Two stratified splits without a seed."""
    holdout = 1.0 - train
    labels = [row["label_id"] for row in rows]
    trained, held = train_test_split(list(rows), test_size=holdout, stratify=labels)
    labels = [row["label_id"] for row in held]
    validation, tested = train_test_split(held, test_size=test / holdout, stratify=labels)
    return dict(zip(SPLITS, (trained, validation, tested), strict=True))


def process(files: Sequence[Sequence[Json]]) -> dict[str, list[Json]]:
    """The processing job: each file is balanced and split by itself, and the outputs lie side by side."""
    together: dict[str, list[Json]] = {name: [] for name in SPLITS}
    for rows in files:
        for name, part in split(balance(rows)).items():
            together[name] += part
    return together


def featurize(ids: Sequence[int], length: int = 128, pad: int = 1) -> Json:
    """Features of one review: padded ids, whose mask is computed and thrown away."""
    padded = [*ids[:length], *[pad] * (length - len(ids))]
    return {"input_ids": padded}


def stored(row: Mapping[str, Any]) -> dict[str, str]:
    """A record of the feature group: every value as text, the time that of the job's clock."""
    clock = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {name: str(value) for name, value in row.items()} | {"date": clock}


def batches(rows: Sequence[Any], size: int, steps: int | None = None) -> list[Sequence[Any]]:
    """Batches of one pass: whole ones only, at most `steps`."""
    whole = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    return whole[:steps]


def longest_in_words(texts: Sequence[str]) -> int:
    """What the labs chose the sequence length by."""
    return max(len(text.split()) for text in texts)


def label_counts(rows: Sequence[Json]) -> Counter[Any]:
    """Rows of each class."""
    return Counter(row["label_id"] for row in rows)


class Parameter:
    """A pipeline parameter, read as the labs read it: its default, when the pipeline is written."""

    def __init__(self, name: str, default: Any) -> None:
        self.name, self.default_value = name, default


def job_arguments(parameters: Sequence[Parameter]) -> list[str]:
    """Arguments of the labs' processing step."""
    return [text for one in parameters for text in (f"--{one.name}", str(one.default_value))]
