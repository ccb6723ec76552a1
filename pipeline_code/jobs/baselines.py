"""Baselines: what people, simple models and the live model reach on the rows of the new model's test."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline_code.jobs import entry
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.files import write_json, write_text
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.human_level import HumanLevel, human_level
from pipeline_code.reviews.labels.ratings import ratings_of
from pipeline_code.reviews.labels.report import label_report, summary
from pipeline_code.reviews.metrics import Ints, confusion_matrix, matrix_report, per_class, scores

SPLITS = ("train", "validation", "test")


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments.

    Leaves baselines.json, labels.json (how consistent the labels are) and relabel-queue.jsonl (which to look
    at again, with their texts).
    """
    options = _options(arguments)
    os.environ["HF_HUB_OFFLINE"] = "1"
    contract = read_contract_directory(options.contract_dir)
    splits = {name: read_features(getattr(options, f"{name}_dir"), name) for name in SPLITS}
    train, test = splits["train"], splits["test"]
    live, models = _models(options, contract, train, test)
    human = _human_level(test, contract, options.seed)
    labels, queue = _labels(splits, contract, options.seed)
    report = {
        "contract": contract.describe(),
        "dataset_hash": train.dataset_hash,
        "train_hash": train.content_hash,
        "test_hash": test.content_hash,
        "seed": options.seed,
        "train_rows": len(train),
        "test_rows": len(test),
        "review_ids": test.review_ids,
        "models": models,
        "live": live,
        "human": {
            "report": human.report,
            "one_rater": [None if np.isnan(value) else float(value) for value in human.one_rater],
        },
        "labels": summary(labels),
    }
    write_json(options.output_dir / "labels.json", labels)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in queue)
    write_text(options.output_dir / "relabel-queue.jsonl", "".join(lines))
    write_json(options.output_dir / "baselines.json", report)
    _print(report)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories(*SPLITS, "live", "contract", "output")
    parser.add_argument("--live-package", required=True, help="ARN of the live model's package, or none")
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args(arguments)


def _models(
    options: Namespace, contract: Contract, train: FeatureSet, test: FeatureSet
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts of the live model, and every model that was scored, by name."""
    from pipeline_code.reviews.baselines import majority, score_live, tfidf, vader

    models = {"majority": _scored("simple", majority(train, test), test, contract)}
    if contract.baselines.rules == "vader":
        models["vader"] = _scored("simple", vader(test.texts, contract.classes), test, contract)
    models["tfidf"] = _scored("simple", tfidf(train, test, options.seed), test, contract)
    live = score_live(options.live_dir, options.live_package, test, contract)
    if live.predictions is not None:
        models["live"] = _scored("live", (live.predictions.class_ids, live.facts), test, contract)
    return live.facts, models


def _scored(
    kind: str, found: tuple[Ints, dict[str, Any]], test: FeatureSet, contract: Contract
) -> dict[str, Any]:
    predicted, facts = found
    matrix = confusion_matrix(test.label_ids, predicted, len(contract.classes))
    return {
        "kind": kind,
        "facts": facts,
        "metrics": scores(matrix),
        "classes": per_class(matrix, contract.class_names),
        "confusion_matrix": matrix_report(matrix, contract.class_names),
        "predictions": predicted.tolist(),
    }


def _human_level(test: FeatureSet, contract: Contract, seed: int) -> HumanLevel:
    ratings = [ratings_of(attributes) for attributes in test.attributes]
    samples = contract.gate.bootstrap_samples
    return human_level(ratings, test.label_ids, test.group_ids, contract, seed=seed, samples=samples)


def _labels(
    splits: dict[str, FeatureSet], contract: Contract, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """labels.json and the relabel queue, over all splits."""
    from pipeline_code.reviews.baselines import held_out_probabilities

    parts = [splits[name] for name in SPLITS]
    columns = LabelColumns.of(
        [item for part in parts for item in part.review_ids],
        [item for part in parts for item in part.group_ids],
        [item for part in parts for item in part.texts],
        np.concatenate([part.label_ids for part in parts]),
        [item for part in parts for item in part.attributes],
    )
    probabilities = held_out_probabilities(parts[0], parts[1:], seed, len(contract.classes))
    return label_report(columns, contract, probabilities, seed=seed)


def _print(report: dict[str, Any]) -> None:
    for name, model in report["models"].items():
        figures = model["metrics"]
        print(
            f"baseline={name} accuracy={figures['accuracy']:.6f} macro_f1={figures['macro_f1']:.6f}",
            flush=True,
        )
    for raters, level in report["human"]["report"].get("levels", {}).items():
        print(f"human_level={raters} accuracy={level['accuracy']['value']:.6f}", flush=True)


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
