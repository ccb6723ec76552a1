"""Prepare: tokenise reviews, write Parquet features, feed the Feature Store or train from what it held."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from pipeline_code.jobs import entry
from pipeline_code.reviews import features, store
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.encoder import (
    check_encoder,
    check_length,
    encoder_config,
    load_tokenizer,
    tokenizer_fingerprint,
)
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.feature_files import FeatureFiles
from pipeline_code.reviews.feature_store import Ingestion, describe, runtime_client, settle, snapshot
from pipeline_code.reviews.features import Featurizer, features_version
from pipeline_code.reviews.files import read_json, write_json
from pipeline_code.reviews.identity import FEATURES_OF_THE_RUN, Recipe, dataset_card
from pipeline_code.reviews.processing_hosts import ProcessingHost, read_processing_host
from pipeline_code.reviews.retrieval import StoredReviews
from pipeline_code.reviews.splits import HASH, PROTOCOLS, SPLITS, SplitShares
from pipeline_code.reviews.tokenization import BACKENDS, TOKENIZERS, Backend, backend_for
from pipeline_code.reviews.truncation import HEAD, TRUNCATIONS, truncation_for

Card = dict[str, Any]


class PreparationError(BertlineError):
    """Validate and Prepare were not given the same, or Validate failed."""


@dataclass(frozen=True)
class _Job:
    """What the job was asked for, checked; `run_card` is the dataset that Validate made."""

    options: Namespace
    host: ProcessingHost
    contract: Contract
    shares: SplitShares
    tokenizer: Tokenizer
    backend: Backend
    run_card: Card

    @property
    def from_store(self) -> bool:
        """Whether the training files come from the Feature Store."""
        return bool(self.options.features_as_of != FEATURES_OF_THE_RUN)

    def recipe(self, max_seq_length: int) -> Recipe:
        """What makes features of this job's rows."""
        options = self.options
        return Recipe(
            tokenizer_fingerprint=tokenizer_fingerprint(self.tokenizer),
            split_rule=self.shares.rule(options.split_protocol, options.seed),
            max_seq_length=max_seq_length,
            truncation=options.truncation,
        )

    def featurizer(self, max_seq_length: int) -> Featurizer:
        """What makes features of a given length."""
        cut = truncation_for(self.tokenizer, self.options.truncation, max_seq_length)
        return Featurizer(self.backend, cut)

    def version(self, max_seq_length: int) -> str:
        """The name of what such features are made with."""
        fingerprint = tokenizer_fingerprint(self.tokenizer)
        return features_version(fingerprint, max_seq_length, self.options.truncation)


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments.

    A snapshot of the store is taken before this run's reviews are written to it. Memory does not grow with
    the rows.
    """
    job = _checked(_options(arguments))
    write = _write_stored if job.from_store else _write_run
    card, files, retokenised = write(job)
    report = {
        "host": job.host.name,
        "hosts": job.host.count,
        **{name: card[name] for name in ("contract", *Recipe.__slots__)},
        "features_version": job.version(card["max_seq_length"]),
        "features_as_of": job.options.features_as_of,
        "dataset": card,
        "retokenised": retokenised,
        "splits": {split: tally.report() for split, tally in files.tallies.items()},
        "feature_store": _ingest(job, files.paths),
    }
    write_json(job.options.report_dir / f"prepare-{job.host.name}.json", report)
    counts = (f"{split}_rows={tally.rows}" for split, tally in files.tallies.items())
    truncated = sum(tally.truncated for tally in files.tallies.values())
    print(*counts, f"truncated={truncated} dataset={card['hash']}", flush=True)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("reviews", "validation-report", "encoder", "contract", *SPLITS, "report", "dataset")
    parser.add_argument("--resource-config", type=Path, required=True)
    parser.add_argument("--max-seq-length", type=int, required=True, help="0: chosen from the data")
    parser.add_argument("--truncation", choices=TRUNCATIONS, default=HEAD)
    for split in SPLITS:
        parser.add_argument(f"--{split}-split-percentage", type=float, required=True)
    parser.add_argument("--split-protocol", choices=PROTOCOLS, default=HASH)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--features-as-of", default=FEATURES_OF_THE_RUN, help="run, or a time in UTC")
    parser.add_argument("--feature-group-name", help="leave out to write Parquet only")
    parser.add_argument("--tokenizer-backend", choices=BACKENDS, default=TOKENIZERS)
    return parser.parse_args(arguments)


def _checked(options: Namespace) -> _Job:
    shares = SplitShares(*(getattr(options, f"{split}_split_percentage") for split in SPLITS))
    contract = read_contract_directory(options.contract_dir)
    check_encoder(options.encoder_dir)
    if options.max_seq_length:
        check_length(options.encoder_dir, options.max_seq_length)
    if options.features_as_of != FEATURES_OF_THE_RUN:
        _seconds(options.features_as_of)
        if not options.feature_group_name:
            raise entry.ArgumentsError("--features-as-of a time needs --feature-group-name")
    tokenizer = load_tokenizer(options.encoder_dir)
    job = _Job(
        options,
        read_processing_host(options.resource_config),
        contract,
        shares,
        tokenizer,
        backend_for(tokenizer, options.tokenizer_backend),
        _run_card(options.validation_report_dir / "validation.json"),
    )
    _check_agreement(job)
    return job


def _seconds(as_of: str) -> float:
    """UNIX seconds of an ISO 8601 time with its zone."""
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise entry.ArgumentsError(
            f"--features-as-of must be run or a time in UTC such as 2026-11-24T10:00:00.000Z, got {as_of!r}"
        )
    return moment.astimezone(UTC).timestamp()


def _run_card(path: Path) -> Card:
    report = read_json(path)
    if report.get("failed") or not report.get("dataset"):
        raise PreparationError(f"{path}: Validate made no dataset: {report.get('failed') or 'no card'}")
    card: Card = report["dataset"]
    return card


def _check_agreement(job: _Job) -> None:
    """Raise unless Validate worked with this contract, tokenizer, split rule, length and truncation."""
    card, length = job.run_card, job.options.max_seq_length
    wanted = asdict(job.recipe(length or card["max_seq_length"])) | {"contract": job.contract.describe()}
    for name, value in wanted.items():
        if card[name] != value:
            raise PreparationError(
                f"Validate and Prepare differ in {name}: {card[name]} / {value}; give both steps the same"
            )


def _metadata(job: _Job, card: Card) -> dict[str, str]:
    length = card["max_seq_length"]
    return {
        "contract": json.dumps(card["contract"]),
        **{name: str(card[name]) for name in Recipe.__slots__},
        "features_version": job.version(length),
        "dataset_hash": card["hash"],
    }


def _files(job: _Job, card: Card) -> FeatureFiles:
    folders = {split: Path(getattr(job.options, f"{split}_dir")) for split in SPLITS}
    return FeatureFiles(folders, job.host.name, _metadata(job, card))


def _write_run(job: _Job) -> tuple[Card, FeatureFiles, int]:
    """Write the features of this host's share of the run's reviews."""
    card = job.run_card
    featurizer = job.featurizer(card["max_seq_length"])
    with _files(job, card) as files:
        for batch in _reviews(job):
            files.add(*featurizer.features(batch))
    return card, files, 0


def _write_stored(job: _Job) -> tuple[Card, FeatureFiles, int]:
    """Write the features of this host's share of what the Feature Store held."""
    options, host, retokenised = job.options, job.host, 0
    with tempfile.TemporaryDirectory(prefix=".prepare-", dir=_made(options.report_dir).parent) as scratch:
        stored = _stored_reviews(job, Path(scratch))
        positions = int(encoder_config(options.encoder_dir).get("max_position_embeddings", 512))
        length = options.max_seq_length or stored.choose_length(job.backend, positions)
        card = _stored_card(job, stored, length)
        featurizer, version = job.featurizer(length), job.version(length)
        with _files(job, card) as files:
            for batch in stored.batches(host.index, host.count):
                current = batch.made_with(version)
                retokenised += int((~current).sum())
                files.add(*featurizer.stored_features(batch.reviews, batch.tokens, current))
    if host.index == 0:
        write_json(options.dataset_dir / _card_name(card), card)
    return card, files, retokenised


def _card_name(card: Card) -> str:
    """Another name than Validate's card has: equal rows are the same dataset, wherever they were read."""
    return f"{card['hash']}.as-of-{card['features'].replace(':', '')}.json"


def _stored_reviews(job: _Job, scratch: Path) -> StoredReviews:
    import boto3

    options, s3 = job.options, boto3.client("s3")
    as_of = _seconds(options.features_as_of)
    group = describe(boto3.client("sagemaker"), options.feature_group_name)
    settle(runtime_client(), s3, group, _review_ids(options.reviews_dir), as_of, scratch)
    held = snapshot(s3, group, as_of, scratch)
    print(f"feature_group={group.name} as_of={options.features_as_of} reviews={held.rows}", flush=True)
    return StoredReviews(held, job.contract, job.shares, options.split_protocol, options.seed)


def _stored_card(job: _Job, stored: StoredReviews, max_seq_length: int) -> Card:
    tally, left_out, sources = stored.count()
    return dataset_card(
        tally,
        job.recipe(max_seq_length),
        contract=job.contract.describe(),
        splits=SPLITS,
        class_names=job.contract.class_names,
        sources=sources,
        left_out=left_out,
        features=job.options.features_as_of,
        feature_group=job.options.feature_group_name,
    )


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _reviews(job: _Job) -> Iterator[pa.RecordBatch]:
    for path in store.parquet_files(job.options.reviews_dir, "reviews"):
        yield from store.read_batches(path, store.SCHEMA.names)


def _review_ids(directory: Path) -> Iterator[str]:
    for path in store.parquet_files(directory, "reviews"):
        for batch in store.read_batches(path, ["review_id"]):
            yield from batch.column("review_id").to_pylist()


def _ingest(job: _Job, paths: list[Path]) -> dict[str, Any] | None:
    """Write the run's reviews to the feature group; in run mode they are what the files hold."""
    group, length = job.options.feature_group_name, job.run_card["max_seq_length"]
    if not group:
        return None
    if job.from_store:
        featurizer = job.featurizer(length)
        batches = (featurizer.features(batch)[0] for batch in _reviews(job))
    else:
        batches = (batch for path in paths for batch in store.read_batches(path, features.SCHEMA.names))
    rows = (row for batch in batches for row in batch.to_pylist())
    done = Ingestion(runtime_client(), group, job.version(length)).write(rows)
    counts = {
        "records": done.written,
        **{name: value for name, value in asdict(done).items() if name != "written"},
    }
    print(f"feature_group={group}", *(f"{name}={value}" for name, value in counts.items()), flush=True)
    return {"feature_group": group, **counts}


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
