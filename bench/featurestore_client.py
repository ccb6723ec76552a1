"""`python -m bench.featurestore_client ours|sdk COUNT PREFIX`: ingest that many reviews, print the rates."""

import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

GROUP = "reviews"
_TOKENS = 22  # of a review of the default data, on average
_WARM_UP = 50
_VERSION = "0123456789abcdef"

Client = tuple[Callable[[list[dict[str, Any]]], Any], Callable[[Any], None]]


def rows(count: int, prefix: str) -> list[dict[str, Any]]:
    """Rows of features as Prepare has them."""
    chance = random.Random(1)  # noqa: S311 - token ids, not secrets
    made = []
    for number in range(count):
        ids = [101, *(chance.randrange(1000, 30000) for _ in range(_TOKENS - 2)), 102]
        made.append(
            {
                "review_id": f"{prefix}-{number}",
                "group_id": f"{prefix}-{number // 3}",
                "split_key": f"{prefix}-{number // 3}",
                "review_body": "the player works well and the picture is fine, but the sound is not",
                "source": "amazon",
                "label": "positive",
                "label_id": 2,
                "event_time": 1_700_000_000.0 + number % 3600,
                "attributes": "{}",
                "split": "train",
                "length": len(ids),
                "input_ids": ids,
                "attention_mask": [1] * len(ids),
            }
        )
    return made


def ours() -> Client:
    """The ingestion of Prepare: compare with the online store, then write what is new in batches."""
    from pipeline_code.reviews.feature_store import Ingestion, runtime_client

    ingestion = Ingestion(runtime_client(), GROUP, _VERSION)

    def ingest(given: list[dict[str, Any]]) -> None:
        done = ingestion.write(given)
        assert done.written == len(given), done

    return list, ingest


def sdk() -> Client:
    """The SDK's `ingest_dataframe` with its defaults, one PutRecord a row; the frame is made beforehand."""
    logging.disable(logging.WARNING)  # it logs each call
    import pandas as pd
    from sagemaker.mlops.feature_store.feature_utils import ingest_dataframe

    from pipeline_code.reviews.feature_store.records import record_of, values_of

    def frame_of(given: list[dict[str, Any]]) -> Any:
        return pd.DataFrame([values_of(record_of(row, _VERSION)) for row in given])

    def ingest(frame: Any) -> None:
        assert ingest_dataframe(GROUP, frame).failed_rows == []

    return frame_of, ingest


def _cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    """Warm up (imports, connections), then measure."""
    kind, count, prefix = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    prepare, ingest = {"ours": ours, "sdk": sdk}[kind]()
    ingest(prepare(rows(_WARM_UP, f"{prefix}-warm")))
    given = prepare(rows(count, prefix))
    wall, cpu = time.perf_counter(), _cpu()
    ingest(given)
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    print(json.dumps({"wall": count / wall, "cpu": count / cpu}))


if __name__ == "__main__":
    main()
