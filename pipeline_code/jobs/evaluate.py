"""Evaluate: judge the model on the test split through its own serving code; verdict, figures, report."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline_code.jobs import entry
from pipeline_code.reviews.bundle import extract_bundle
from pipeline_code.reviews.constraints import measure_constraints
from pipeline_code.reviews.contract import read_contract_directory
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.evaluation import (
    Evidence,
    check_pieces,
    evaluate,
    hardest_mistakes,
    mistake_lines,
    prediction_lines,
)
from pipeline_code.reviews.files import read_json, sha256_file, write_json, write_text
from pipeline_code.reviews.model_card import model_card_document
from pipeline_code.reviews.predictions import predict, predict_texts
from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.report import render, report_json

_MISTAKES = 12


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments."""
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("model", "test", "baselines", "validation", "prepare", "contract", "prices", "output")
    parser.add_argument("--min-accuracy", type=float, required=True)
    parser.add_argument("--deploy-instance-type", required=True, help="whose price is reckoned with")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    if not 0 <= options.min_accuracy <= 1:
        raise entry.ArgumentsError(f"--min-accuracy must lie between 0 and 1, got {options.min_accuracy:g}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    contract = read_contract_directory(options.contract_dir)
    test = read_features(options.test_dir, "test")
    baselines = read_json(options.baselines_dir / "baselines.json")
    validation = read_json(options.validation_dir / "validation.json")
    prepare = merge_reports(options.prepare_dir)
    archive = options.model_dir / "model.tar.gz"
    with tempfile.TemporaryDirectory(prefix="bertline-model-") as directory:
        model = Path(directory)
        facts = extract_bundle(archive, model)
        check_pieces(facts, test, baselines, contract)
        evidence = Evidence(
            contract=contract,
            test=test,
            baselines=baselines,
            predictions=predict(model, test, contract),
            must_pass=predict_texts(model, [item.text for item in contract.must_pass], contract),
            constraints=measure_constraints(
                archive,
                model,
                test.texts,
                instance_type=options.deploy_instance_type,
                prices=options.prices_dir,
            ),
            facts=facts,
        )
    evaluation = evaluate(evidence, min_accuracy=options.min_accuracy, seed=options.seed)
    evaluation["data"] = _data(validation, prepare)
    evaluation["model"] = {"archive_sha256": sha256_file(archive), **facts}
    _write(options.output_dir, evidence, evaluation, validation, prepare)
    _print(evaluation)


def _write(
    output: Path,
    evidence: Evidence,
    evaluation: dict[str, Any],
    validation: dict[str, Any],
    prepare: dict[str, Any],
) -> None:
    """evaluation.json comes last: with it, everything else is there."""
    hardest = hardest_mistakes(evidence, _MISTAKES)
    write_text(output / "predictions.jsonl", prediction_lines(evidence))
    write_text(output / "mistakes.jsonl", mistake_lines(evidence))
    write_text(output / "report.html", render(evaluation, validation, prepare, hardest))
    write_json(output / "report.json", report_json(evaluation, validation, prepare, hardest))
    write_json(output / "model-card.json", model_card_document(evaluation))
    write_json(output / "evaluation.json", evaluation)


def _data(validation: dict[str, Any], prepare: dict[str, Any]) -> dict[str, Any]:
    """What the run was made from, in numbers."""
    kept = ("rows", "classes", "truncated_share")
    return {
        **{key: validation[key] for key in ("rows", "accepted", "quarantined", "removed", "reasons")},
        **{key: prepare[key] for key in ("max_seq_length", "truncation", "dataset")},
        "splits": {split: {key: tally[key] for key in kept} for split, tally in prepare["splits"].items()},
    }


def _print(evaluation: dict[str, Any]) -> None:
    for name, figure in evaluation["metrics"].items():
        low, high = figure["interval"]
        print(f"test_{name}={figure['value']:.6f} interval={low:.6f},{high:.6f}", flush=True)
    print(evaluation["gate"]["summary"], flush=True)


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
