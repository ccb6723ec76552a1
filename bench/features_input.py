"""What the benchmark of features starts from: rows as Validate hands them to Prepare, and its report."""

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.measure import ROOT
from bertline import samples
from pipeline_code.reviews import store
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.encoder import load_tokenizer, tokenizer_fingerprint
from pipeline_code.reviews.identity import DatasetTally, Recipe, dataset_card
from pipeline_code.reviews.splits import SPLITS, SplitShares

CONTRACT = ROOT / "config" / "contracts" / "amazon-snippets.toml"
SHARES = SplitShares(0.9, 0.05, 0.05)
LENGTH = 128


def write_input(folder: Path, count: int) -> Path:
    """Write `count` rows to a folder, which is emptied before, and return it.

    The texts are those of the sample reviews, repeated with a numeric suffix.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("reviews", "validation", "contract"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "contract" / CONTRACT.name).write_bytes(CONTRACT.read_bytes())
    (folder / "resourceconfig.json").write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
    (folder / "encoder").symlink_to(samples.fetch(samples.ENCODER))
    contract = read_contract_directory(folder / "contract")
    tally, rows = DatasetTally(), itertools.islice(_rows(contract), count)
    with store.ParquetPart(folder / "reviews" / "part-00000.parquet", store.SCHEMA) as part:
        while batch := list(itertools.islice(rows, store.ROW_GROUP)):
            for row in batch:
                tally.add(row)
            part.add(pa.RecordBatch.from_pylist(batch, schema=store.SCHEMA))
    report = {"failed": None, "dataset": _card(tally, contract, folder / "encoder")}
    (folder / "validation" / "validation.json").write_text(json.dumps(report))
    return folder


def _rows(contract: Contract) -> Iterator[dict[str, Any]]:
    path = samples.fetch(samples.REVIEWS) / "amazonReviewSnippets_GroundTruth.txt"
    texts = [line.split("\t") for line in path.read_text(encoding="utf-8-sig").splitlines() if line]
    for round_ in itertools.count():
        for name, mean, text in texts:
            label_id = (float(mean) >= -0.5) + (float(mean) > 0.5)
            group = f"{name.rpartition('_')[0]}-{round_}"
            yield {
                "review_id": f"{name}-{round_}",
                "group_id": group,
                "split_key": group,
                "review_body": f"{text} {round_}" if round_ else text,
                "source": "amazon-snippets",
                "rating": float(mean),
                "label": contract.class_names[label_id],
                "label_id": label_id,
                "event_time": 1_400_000_000.0,
                "attributes": "{}",
                "split": SHARES.split_of(group),
            }


def _card(tally: DatasetTally, contract: Contract, encoder: Path) -> dict[str, Any]:
    recipe = Recipe(
        tokenizer_fingerprint=tokenizer_fingerprint(load_tokenizer(encoder)),
        split_rule=SHARES.rule(),
        max_seq_length=LENGTH,
        truncation="Head",
    )
    return dataset_card(
        tally,
        recipe,
        contract=contract.describe(),
        splits=SPLITS,
        class_names=contract.class_names,
        sources=[],
    )
