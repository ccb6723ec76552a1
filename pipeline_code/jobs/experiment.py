"""Experiment: would other data, more labels or rewritten texts help? Asked before any of them is used."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline_code.jobs import entry
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.files import write_json, write_text
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.report import experiment_page
from pipeline_code.reviews.levers.rows import LeverError, Rows
from pipeline_code.reviews.levers.verdicts import Margins

ADD_DATA, LEARNING_CURVE, AUGMENTATION = KINDS = ("AddData", "LearningCurve", "Augmentation")
TFIDF, ENCODER = LEARNERS = ("tfidf", "encoder")


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments.

    Writes experiment.json and experiment.md, the same in plain words. A verdict against a lever is a result,
    not a failure.
    """
    options = _options(arguments)
    contract = read_contract_directory(options.contract_dir)
    train, validation = _features(options)
    rows = Rows.of(*(split for split in (train, validation) if split is not None))
    plan = Plan(options.folds, options.repeats, options.seed, contract.gate.bootstrap_samples)
    margins = _margins(options, contract)
    learner = _learner(options, contract, train.max_seq_length)
    title, run = _KINDS[options.kind]
    experiment = {
        "kind": options.kind,
        "title": title,
        "learner": learner.facts(),
        "contract": contract.describe(),
        "data": {
            "dataset_hash": train.dataset_hash,
            "rows": len(rows),
            "groups": len(set(rows.group_ids)),
            "classes": rows.class_counts(contract.class_names),
        },
        "plan": asdict(plan),
        "margins": asdict(margins),
        **run(options, learner, rows, contract, plan, margins),
    }
    write_json(options.output_dir / "experiment.json", experiment)
    write_text(options.output_dir / "experiment.md", experiment_page(experiment))
    print(f"verdict={experiment['verdict']['decision']}", flush=True)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("train", "contract", "output")
    for name in ("validation", "candidate", "candidate-contract", "encoder"):
        parser.add_argument(f"--{name}-dir", type=Path)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--learner", choices=LEARNERS, default=TFIDF)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--margin", type=float, default=Margins.overall)
    parser.add_argument("--slice-min-rows", type=int, default=0, help="0: the contract's gate.slice_min_rows")
    options = parser.parse_args(arguments)
    if options.folds < 2 or options.repeats < 1:
        parser.error(
            f"--folds must be 2 or more and --repeats 1 or more, got {options.folds} and {options.repeats}"
        )
    if options.kind == ADD_DATA and not (options.candidate_dir and options.candidate_contract_dir):
        parser.error("--kind AddData needs --candidate-dir and --candidate-contract-dir")
    if options.learner == ENCODER and not options.encoder_dir:
        parser.error("--learner encoder needs --encoder-dir")
    return options


def _features(options: Namespace) -> tuple[FeatureSet, FeatureSet | None]:
    """Train and, if given, validation: never test, which is to judge what comes of it."""
    train = read_features(options.train_dir, "train")
    if options.validation_dir is None:
        return train, None
    validation = read_features(options.validation_dir, "validation")
    if validation.dataset_hash != train.dataset_hash:
        raise LeverError(
            f"train belongs to dataset {train.dataset_hash[:12]}, validation to "
            f"{validation.dataset_hash[:12]}: take both from one run of Prepare"
        )
    return train, validation


def _margins(options: Namespace, contract: Contract) -> Margins:
    return Margins(
        overall=options.margin,
        slice=contract.gate.slice_margin,
        slice_min_rows=options.slice_min_rows or contract.gate.slice_min_rows,
    )


def _learner(options: Namespace, contract: Contract, max_seq_length: int) -> Learner:
    if options.learner == ENCODER:
        from pipeline_code.reviews.levers.encoder_learner import EncoderLearner

        return EncoderLearner(options.encoder_dir, contract, max_seq_length=max_seq_length)
    from pipeline_code.reviews.levers.learner import TfidfLearner

    return TfidfLearner(len(contract.classes))


def _add_data(
    options: Namespace, learner: Learner, rows: Rows, contract: Contract, plan: Plan, margins: Margins
) -> dict[str, Any]:
    from pipeline_code.reviews.levers.add_data import AddDataGate
    from pipeline_code.reviews.levers.candidates import read_candidate

    described = read_contract_directory(options.candidate_contract_dir)
    candidate = read_candidate(described, options.candidate_dir, rows, contract.class_names)
    say(f"candidate {described.name}: {len(candidate.rows)} of {candidate.read} rows")
    return AddDataGate(learner, rows, contract, plan=plan, margins=margins, say=say).judge(candidate)


def _learning_curve(
    options: Namespace, learner: Learner, rows: Rows, contract: Contract, plan: Plan, margins: Margins
) -> dict[str, Any]:
    from pipeline_code.reviews.levers.learning_curve import learning_curve

    return learning_curve(learner, rows, contract, plan=plan, say=say)


def _augmentation(
    options: Namespace, learner: Learner, rows: Rows, contract: Contract, plan: Plan, margins: Margins
) -> dict[str, Any]:
    from pipeline_code.reviews.levers.augment import AugmentationLever

    return AugmentationLever(learner, rows, contract, plan=plan, margins=margins, say=say).judge()


def say(line: str) -> None:
    """A line of the job's log."""
    print(line, flush=True)


_Run = Callable[[Namespace, Learner, Rows, Contract, Plan, Margins], dict[str, Any]]
_KINDS: dict[str, tuple[str, _Run]] = {
    ADD_DATA: ("May this data be added?", _add_data),
    LEARNING_CURVE: ("How much data to gather?", _learning_curve),
    AUGMENTATION: ("Does rewriting texts help?", _augmentation),
}

if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
