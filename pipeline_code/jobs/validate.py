"""Validate: raw sources in; clean reviews with their split and the identity of the dataset out."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from pipeline_code.jobs import entry
from pipeline_code.reviews import store
from pipeline_code.reviews.cleaning.cleaner import Cleaner
from pipeline_code.reviews.cleaning.spill import REVIEW_COLUMNS, Batch
from pipeline_code.reviews.cleaning.verdicts import Verdicts
from pipeline_code.reviews.contract import Contract, Source, read_contract_directory
from pipeline_code.reviews.encoder import (
    check_encoder,
    check_length,
    encoder_config,
    load_tokenizer,
    tokenizer_fingerprint,
)
from pipeline_code.reviews.files import require_directory, write_json
from pipeline_code.reviews.identity import Recipe, dataset_card
from pipeline_code.reviews.shards import ReviewShards
from pipeline_code.reviews.sources import Fault, Row, read_source
from pipeline_code.reviews.splits import HASH, PROTOCOLS, SPLITS, SplitShares, course_split
from pipeline_code.reviews.validation import Judge, ValidationFailed
from pipeline_code.reviews.validation_report import Tally, source_reports, validation_report

SplitOf = Callable[[int, str], str | None]


@dataclass(frozen=True)
class _Job:
    """What the job was asked for, checked."""

    options: Namespace
    contract: Contract
    shares: SplitShares
    tokenizer: Tokenizer


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments.

    First every row is judged and cleaned by itself and put on scratch disk, then duplicates are
    resolved, then the rows that are left are written. Memory holds a few bytes a row. validation.json
    is written last: without it, or with `failed` in it, there is no dataset.
    """
    job = _checked(_options(arguments))
    options, tally = job.options, Tally(job.contract)
    _clear(options)
    with (
        # Quarantine is sent while the job runs: a temporary name would be sent too, and stay behind.
        (options.quarantine_dir / "quarantine.jsonl").open("w", encoding="utf-8") as quarantine,
        tempfile.TemporaryDirectory(prefix=".validate-", dir=options.reviews_dir.parent) as scratch,
        Cleaner(job.contract, Path(scratch)) as cleaner,
    ):
        for fault in _judged(job, cleaner, tally):
            _put_aside(fault, tally, quarantine)
        verdicts = cleaner.resolve()
        with ReviewShards(options.reviews_dir, options.shards) as shards:
            split_of = _split_rule(job, cleaner, verdicts)
            for batch in cleaner.batches():
                cleaner.sample(batch)
                for fault in cleaner.faults(batch, verdicts):
                    _put_aside(fault, tally, quarantine)
                shards.add(_kept(job, batch, verdicts, split_of, tally))
            report = _report(job, cleaner, tally)
            if report["failed"]:  # the shards are dropped
                write_json(options.report_dir / "validation.json", report)
                raise ValidationFailed(report["failed"])
    write_json(options.dataset_dir / f"{report['dataset']['hash']}.json", report["dataset"])
    write_json(options.report_dir / "validation.json", report)
    counts = (f"{name}={report[name]}" for name in ("rows", "accepted", "quarantined", "removed"))
    print(*counts, f"dataset={report['dataset']['hash']}", flush=True)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("input", "contract", "encoder", "reviews", "quarantine", "report", "dataset")
    for split in SPLITS:
        parser.add_argument(f"--{split}-split-percentage", type=float, required=True)
    parser.add_argument("--split-protocol", choices=PROTOCOLS, default=HASH)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--max-seq-length", type=int, required=True, help="0: chosen from the data")
    parser.add_argument("--truncation", choices=("Head", "HeadTail"), default="Head")
    parser.add_argument("--shards", type=int, default=8, help="files to spread the reviews over")
    options = parser.parse_args(arguments)
    if options.shards < 1:
        parser.error(f"--shards must be at least 1, got {options.shards}")
    return options


def _checked(options: Namespace) -> _Job:
    shares = SplitShares(*(getattr(options, f"{split}_split_percentage") for split in SPLITS))
    contract = read_contract_directory(options.contract_dir)
    require_directory(options.input_dir, "input")
    check_encoder(options.encoder_dir)
    if options.max_seq_length:
        check_length(options.encoder_dir, options.max_seq_length)
    return _Job(options, contract, shares, load_tokenizer(options.encoder_dir))


def _clear(options: Namespace) -> None:
    """Make the output folders, without what an earlier run left in them."""
    for folder in (options.reviews_dir, options.quarantine_dir, options.report_dir):
        folder.mkdir(parents=True, exist_ok=True)
    for path in [*options.reviews_dir.glob("part-*.parquet"), options.report_dir / "validation.json"]:
        path.unlink(missing_ok=True)


def _judged(job: _Job, cleaner: Cleaner, tally: Tally) -> Iterator[Fault]:
    """Give every row that satisfies the contract to the cleaner; yield those that are out by themselves."""
    judge = Judge(job.contract)
    for source in job.contract.sources:
        for row in read_source(source, job.contract, job.options.input_dir):
            tally.rows += 1
            fault = _fault_of(row, source, judge, cleaner)
            if fault is not None:
                yield fault


def _fault_of(row: Row | Fault, source: Source, judge: Judge, cleaner: Cleaner) -> Fault | None:
    if isinstance(row, Fault):
        return row
    judged = judge.check(row, source)
    return judged if isinstance(judged, Fault) else cleaner.take(judged, row, source)


def _put_aside(fault: Fault, tally: Tally, quarantine: TextIO) -> None:
    tally.out(fault)
    quarantine.write(json.dumps(fault.record(), ensure_ascii=False) + "\n")


def _split_rule(job: _Job, cleaner: Cleaner, verdicts: Verdicts) -> SplitOf:
    """A function from a row's number and split key to its split; None for a row that is left out."""
    if job.options.split_protocol == HASH or not verdicts.any_kept:
        return lambda _, split_key: job.shares.split_of(split_key)
    numbers: list[int] = []
    review_ids: list[str] = []
    label_ids: list[int] = []
    for batch in cleaner.batches():
        kept = verdicts.kept_in(batch.first, batch.table.num_rows)
        numbers += (kept + batch.first).tolist()
        review_ids += batch.table.column("review_id").take(kept).to_pylist()
        label_ids += batch.table.column("label_id").take(kept).to_pylist()
    splits = course_split(review_ids, np.array(label_ids, np.int64), job.shares, job.options.seed)
    chosen = dict(zip(numbers, splits, strict=True))
    return lambda number, _: chosen[number]


def _kept(job: _Job, batch: Batch, verdicts: Verdicts, split_of: SplitOf, tally: Tally) -> pa.RecordBatch:
    """The rows of a batch that go on, with split key and split, counted."""
    kept = verdicts.kept_in(batch.first, batch.table.num_rows)
    rows: list[dict[str, Any]] = batch.table.select(REVIEW_COLUMNS).take(kept).to_pylist()
    for number, row in zip((kept + batch.first).tolist(), rows, strict=True):
        row["split_key"] = verdicts.split_key(number, row["group_id"])
        row["split"] = split_of(number, row["split_key"])
        tally.keep(row)
    written = [row for row in rows if row["split"] is not None]
    tally.lengths.add([row["review_body"] for row in written], job.tokenizer)
    return pa.RecordBatch.from_pylist(written, schema=store.SCHEMA)


def _report(job: _Job, cleaner: Cleaner, tally: Tally) -> dict[str, Any]:
    """The content of validation.json, with the dataset's card unless the run failed."""
    options, contract = job.options, job.contract
    positions = int(encoder_config(options.encoder_dir).get("max_position_embeddings", 512))
    limit = options.max_seq_length or tally.lengths.choose(positions)
    sources = source_reports(tally, options.input_dir)
    recipe = Recipe(
        tokenizer_fingerprint=tokenizer_fingerprint(job.tokenizer),
        split_rule=job.shares.rule(options.split_protocol, options.seed),
        max_seq_length=limit,
        truncation=options.truncation,
    )
    card = dataset_card(
        tally.dataset,
        recipe,
        contract=contract.describe(),
        splits=SPLITS,
        class_names=contract.class_names,
        sources=sources,
        left_out=tally.left_out,
    )
    return validation_report(
        tally,
        receipts=cleaner.receipts,
        groups=cleaner.groups,
        lengths=tally.lengths.report(limit, "parameter" if options.max_seq_length else "data"),
        sources=sources,
        card=None if tally.failure() else card,
    )


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
