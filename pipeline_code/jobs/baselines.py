"""Baselines: what simple models reach on the rows that the fine-tuned model is judged on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from pipeline_code.jobs import entry
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.files import write_json
from pipeline_code.reviews.metrics import Ints, confusion_matrix, matrix_report, per_class, scores


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments."""
    from pipeline_code.reviews.baselines import majority, tfidf

    parser = entry.JobArguments(__doc__ or "")
    parser.directories("train", "test", "contract", "output")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    contract = read_contract_directory(options.contract_dir)
    train, test = read_features(options.train_dir, "train"), read_features(options.test_dir, "test")
    models = {
        "majority": _scored(majority(train, test), test, contract),
        "tfidf": _scored(tfidf(train, test, options.seed), test, contract),
    }
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
    }
    write_json(options.output_dir / "baselines.json", report)
    for name, model in models.items():
        figures = model["metrics"]
        print(
            f"baseline={name} accuracy={figures['accuracy']:.6f} macro_f1={figures['macro_f1']:.6f}",
            flush=True,
        )


def _scored(fitted: tuple[Ints, dict[str, Any]], test: FeatureSet, contract: Contract) -> dict[str, Any]:
    predicted, facts = fitted
    matrix = confusion_matrix(test.label_ids, predicted, len(contract.classes))
    return {
        "facts": facts,
        "metrics": scores(matrix),
        "classes": per_class(matrix, contract.class_names),
        "confusion_matrix": matrix_report(matrix, contract.class_names),
        "predictions": predicted.tolist(),
    }


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
