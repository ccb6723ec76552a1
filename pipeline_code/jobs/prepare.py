"""Prepare: split validated reviews, tokenise them, write Parquet features and feed the Feature Store."""

from __future__ import annotations

import contextlib
import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_code.jobs import entry
from pipeline_code.reviews import features, store
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.encoder import check_encoder, check_length, load_tokenizer, tokenizer_fingerprint
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.feature_store import Ingestion, runtime_client
from pipeline_code.reviews.features import SplitTally, featurize
from pipeline_code.reviews.files import read_json, write_json
from pipeline_code.reviews.splits import SPLITS, SplitShares


class ResourceConfigError(BertlineError):
    """The file that tells a job which of its hosts it is cannot be used."""


@dataclass(frozen=True)
class _Host:
    name: str
    count: int


def main(arguments: Sequence[str]) -> None:
    """Run the job with its command-line arguments."""
    options = _options(arguments)
    shares = SplitShares(
        options.train_split_percentage,
        options.validation_split_percentage,
        options.test_split_percentage,
    )
    contract = read_contract_directory(options.contract_dir)
    check_length(check_encoder(options.encoder_dir), options.max_seq_length)
    host = _read_host(options.resource_config)
    metadata = _metadata(options, contract, shares)
    tallies = {split: SplitTally() for split in SPLITS}
    paths = _write_features(options, shares, host, tallies, metadata)
    report: dict[str, Any] = {
        "host": host.name,
        "hosts": host.count,
        **metadata,
        "contract": contract.describe(),
        "max_seq_length": options.max_seq_length,
        "splits": {split: tally.report() for split, tally in tallies.items()},
        "feature_store": _ingest(options.feature_group_name, paths),
    }
    write_json(options.report_dir / f"prepare-{host.name}.json", report)
    counts = " ".join(f"{split}_rows={tally.rows}" for split, tally in tallies.items())
    print(counts, f"truncated={sum(tally.truncated for tally in tallies.values())}", flush=True)


def _options(arguments: Sequence[str]) -> Namespace:
    parser = entry.JobArguments(__doc__ or "")
    parser.directories("reviews", "encoder", "contract", *SPLITS, "report")
    parser.add_argument("--resource-config", type=Path, required=True)
    parser.add_argument("--max-seq-length", type=int, required=True)
    for split in SPLITS:
        parser.add_argument(f"--{split}-split-percentage", type=float, required=True)
    parser.add_argument("--feature-group-name", help="leave out to write Parquet only")
    return parser.parse_args(arguments)


def _read_host(path: Path) -> _Host:
    config = read_json(path)
    try:
        host = _Host(str(config["current_host"]), len(config["hosts"]))
    except (KeyError, TypeError):
        raise ResourceConfigError(f"{path} must hold current_host and hosts") from None
    if "/" in host.name or not host.name:
        raise ResourceConfigError(f"{path}: current_host {host.name!r} cannot be part of a file name")
    return host


def _metadata(options: Namespace, contract: Contract, shares: SplitShares) -> dict[str, str]:
    return {
        "contract": json.dumps(contract.describe()),
        "split_rule": shares.rule(),
        "max_seq_length": str(options.max_seq_length),
        "tokenizer_fingerprint": tokenizer_fingerprint(load_tokenizer(options.encoder_dir)),
    }


def _write_features(
    options: Namespace,
    shares: SplitShares,
    host: _Host,
    tallies: dict[str, SplitTally],
    metadata: dict[str, str],
) -> list[Path]:
    """Write at most one part file a split; return the files written."""
    folders = {split: Path(getattr(options, f"{split}_dir")) for split in SPLITS}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    paths = {split: folders[split] / f"part-{host.name}-00000.parquet" for split in SPLITS}
    parts: dict[str, store.ParquetPart] = {}
    with contextlib.ExitStack() as stack:
        rows = featurize(
            _batches(options.reviews_dir), load_tokenizer(options.encoder_dir), options.max_seq_length
        )
        for row, full_length in rows:
            split = shares.split_of(row["group_id"])
            row["split"] = split
            if split not in parts:
                parts[split] = stack.enter_context(store.ParquetPart(paths[split], features.SCHEMA))
            parts[split].add(row)
            tallies[split].add(row, full_length)
        for split, part in parts.items():
            part.metadata = metadata | {"split": split, "content_hash": tallies[split].content.hexdigest()}
    return [paths[split] for split in parts]


def _batches(reviews_dir: Path) -> Iterator[list[dict[str, Any]]]:
    for path in store.parquet_files(reviews_dir, "reviews"):
        yield from store.read_batches(path, store.SCHEMA)


def _ingest(feature_group: str | None, paths: list[Path]) -> dict[str, Any] | None:
    if not feature_group:
        return None
    ingestion = Ingestion(runtime_client(), feature_group)
    rows = (row for path in paths for batch in store.read_batches(path, features.SCHEMA) for row in batch)
    written = ingestion.write(rows)
    print(f"ingested={written} feature_group={feature_group}", flush=True)
    return {
        "feature_group": feature_group,
        "records": written,
        "calls": ingestion.calls,
        "retried": ingestion.retried,
    }


if __name__ == "__main__":
    sys.exit(entry.run(main, sys.argv[1:]))
