"""Validate and Prepare in one job on Spark, for sources whose rows must be joined across many files."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from tokenizers import Tokenizer

from pipeline_code.jobs import entry
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.encoder import (
    check_encoder,
    check_length,
    encoder_config,
    load_tokenizer,
    tokenizer_fingerprint,
)
from pipeline_code.reviews.features import features_version
from pipeline_code.reviews.files import require_directory, write_json
from pipeline_code.reviews.identity import FEATURES_OF_THE_RUN, Recipe, dataset_card
from pipeline_code.reviews.spark.counting import receipts, tally_of
from pipeline_code.reviews.spark.frames import Places
from pipeline_code.reviews.spark.transform import Cleaned, Splitting, cleaned_rows
from pipeline_code.reviews.spark.writing import FeatureTask, Written, write_features, write_quarantine
from pipeline_code.reviews.splits import HASH, PROTOCOLS, SPLITS, SplitShares
from pipeline_code.reviews.truncation import HEAD, TRUNCATIONS
from pipeline_code.reviews.validation import ValidationFailed
from pipeline_code.reviews.validation_report import source_reports, validation_report

_POSITIONS = 512
Card = dict[str, Any]


@dataclass(frozen=True)
class _Job:
    """What the job was asked for, checked."""

    options: Namespace
    places: Places
    contract: Contract
    splitting: Splitting
    tokenizer: Tokenizer

    def recipe(self, max_seq_length: int) -> Recipe:
        """What makes features of this job's rows."""
        splitting = self.splitting
        return Recipe(
            tokenizer_fingerprint=tokenizer_fingerprint(self.tokenizer),
            split_rule=splitting.shares.rule(splitting.protocol, splitting.seed),
            max_seq_length=max_seq_length,
            truncation=self.options.truncation,
        )


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments.

    The files are those of Validate and Prepare, apart from Validate's reviews, which stay inside Spark.
    """
    job = _checked(_options(arguments))
    options = job.options
    _clear(options)
    session = SparkSession.builder.appName("bertline").getOrCreate()
    cleaned = cleaned_rows(session, job.contract, job.places, job.splitting)
    write_quarantine(cleaned.out, options.quarantine_dir / "quarantine.jsonl")
    report = _report(job, cleaned)
    write_json(options.validation_report_dir / "validation.json", report)
    if report["failed"]:
        raise ValidationFailed(report["failed"])
    card = report["dataset"]
    partitions = options.partitions or session.sparkContext.defaultParallelism
    written = write_features(cleaned.kept.filter("split is not null"), partitions, _task(job, card))
    for one in written:
        write_json(options.report_dir / f"prepare-{one.name}.json", _preparation(one, len(written), card))
    write_json(options.dataset_dir / f"{card['hash']}.json", card)
    counts = (f"{name}={report[name]}" for name in ("rows", "accepted", "quarantined", "removed"))
    print(*counts, f"dataset={card['hash']}", flush=True)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("input", "contract", "encoder", "quarantine", "validation-report", "dataset")
    parser.directories(*SPLITS, "report")
    for split in SPLITS:
        parser.add_argument(f"--{split}-split-percentage", type=float, required=True)
    parser.add_argument("--split-protocol", choices=PROTOCOLS, default=HASH)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--max-seq-length", type=int, required=True, help="0: chosen from the data")
    parser.add_argument("--truncation", choices=TRUNCATIONS, default=HEAD)
    parser.add_argument("--partitions", type=int, default=0, help="tasks that write features; 0: all cores")
    return parser.parse_args(arguments)


def _checked(options: Namespace) -> _Job:
    shares = SplitShares(*(getattr(options, f"{split}_split_percentage") for split in SPLITS))
    contract = read_contract_directory(options.contract_dir)
    require_directory(options.input_dir, "input")
    check_encoder(options.encoder_dir)
    if options.max_seq_length:
        check_length(options.encoder_dir, options.max_seq_length)
    return _Job(
        options,
        Places(options.input_dir, options.contract_dir, options.encoder_dir),
        contract,
        Splitting(shares, options.split_protocol, options.seed),
        load_tokenizer(options.encoder_dir),
    )


def _folders(options: Namespace) -> Mapping[str, Path]:
    return {split: getattr(options, f"{split}_dir") for split in SPLITS}


def _clear(options: Namespace) -> None:
    """Make the features' folders, without what an earlier run left."""
    for folder in _folders(options).values():
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("part-spark-*.parquet"):
            path.unlink()
    reports = options.report_dir.glob("prepare-spark-*.json")
    for path in [*reports, options.validation_report_dir / "validation.json"]:
        path.unlink(missing_ok=True)


def _report(job: _Job, cleaned: Cleaned) -> dict[str, Any]:
    """The content of validation.json, with the dataset's card unless the run failed."""
    options, contract = job.options, job.contract
    tally = tally_of(contract, job.places, cleaned.out, cleaned.kept)
    positions = int(encoder_config(options.encoder_dir).get("max_position_embeddings", _POSITIONS))
    limit = options.max_seq_length or tally.lengths.choose(positions)
    sources = source_reports(tally, options.input_dir)
    card = dataset_card(
        tally.dataset,
        job.recipe(limit),
        contract=contract.describe(),
        splits=SPLITS,
        class_names=contract.class_names,
        sources=sources,
        left_out=tally.left_out,
    )
    return validation_report(
        tally,
        receipts=receipts(contract, cleaned.all_rows()),
        groups=cleaned.kept.select("group_id").distinct().count(),
        lengths=tally.lengths.report(limit, "parameter" if options.max_seq_length else "data"),
        sources=sources,
        card=None if tally.failure() else card,
    )


def _version(card: Card) -> str:
    return features_version(card["tokenizer_fingerprint"], card["max_seq_length"], card["truncation"])


def _task(job: _Job, card: Card) -> FeatureTask:
    metadata = {
        "contract": json.dumps(card["contract"]),
        **{name: str(card[name]) for name in Recipe.__slots__},
        "features_version": _version(card),
        "dataset_hash": card["hash"],
    }
    folders = _folders(job.options)
    return FeatureTask(job.places, folders, metadata, card["max_seq_length"], card["truncation"])


def _preparation(written: Written, tasks: int, card: Card) -> dict[str, Any]:
    """The report of one task in the form of Prepare's, a task being a host."""
    return {
        "host": written.name,
        "hosts": tasks,
        **{name: card[name] for name in ("contract", *Recipe.__slots__)},
        "features_version": _version(card),
        "features_as_of": FEATURES_OF_THE_RUN,
        "dataset": card,
        "retokenised": 0,
        "splits": {split: tally.report() for split, tally in written.tallies.items()},
        "feature_store": None,
    }


def _main_and_stop(arguments: Sequence[str]) -> None:
    try:
        main(arguments)
    finally:
        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()


if __name__ == "__main__":
    sys.exit(entry.run(_main_and_stop, sys.argv[1:]))
