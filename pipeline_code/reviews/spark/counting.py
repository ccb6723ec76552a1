"""The figures of validation.json from the frames: counted where the rows are, added up on the driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from pipeline_code.reviews.cleaning.receipts import SAMPLES, Receipt, Rule, receipts_of
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.identity import DatasetTally
from pipeline_code.reviews.spark.frames import Places
from pipeline_code.reviews.tokenization import TokenizersBackend
from pipeline_code.reviews.validation_report import Tally

_TEXTS = 512
_COUNTERS = ("classes", "sources", "slices")


@dataclass
class _Share:
    """What one partition adds to the tally of the run."""

    counters: dict[str, Counter[str]]
    characters: int
    longest: int
    left_out: int
    dataset: DatasetTally
    lengths: Counter[int] = field(default_factory=Counter)


def tally_of(contract: Contract, places: Places, out: DataFrame, kept: DataFrame) -> Tally:
    """Count what is out (column `reason`) and what is kept (with `split`, null for a row left out)."""
    tally = Tally(contract)
    for row in out.groupBy("reason").count().collect():
        if row["reason"] in set(Rule):
            tally.removed += row["count"]
        else:
            tally.reasons[row["reason"]] = row["count"]
    for share in kept.rdd.mapPartitions(partial(_share, places)).collect():
        _add(share, tally)
    tally.rows = sum(tally.classes.values()) + tally.quarantined + tally.removed
    return tally


def _share(places: Places, rows: Iterator[Any]) -> Iterator[_Share]:
    """Count the rows of one partition, and the tokens of those that have a split."""
    tally = Tally(read_contract_directory(places.contract))
    backend = TokenizersBackend(load_tokenizer(places.encoder))
    lengths: Counter[int] = Counter()
    texts: list[str] = []
    for row in rows:
        tally.keep(row.asDict())
        texts += [row["review_body"]] if row["split"] is not None else []
        if len(texts) == _TEXTS:
            lengths.update(backend.encode(texts).lengths.tolist())
            texts.clear()
    lengths.update(backend.encode(texts).lengths.tolist())
    counters = {name: getattr(tally, name) for name in _COUNTERS}
    yield _Share(counters, tally.characters, tally.longest, tally.left_out, tally.dataset, lengths)


def _add(share: _Share, tally: Tally) -> None:
    for name, counter in share.counters.items():
        getattr(tally, name).update(counter)
    tally.characters += share.characters
    tally.longest = max(tally.longest, share.longest)
    tally.left_out += share.left_out
    tally.dataset.merge(share.dataset)
    for length, count in share.lengths.items():
        tally.lengths.add_lengths([length] * count)


def receipts(contract: Contract, rows: DataFrame) -> Mapping[Rule, Receipt]:
    """What each cleaning rule did, by the column `met` of all rows."""
    found = receipts_of(contract.cleaning)
    by_rule = Window.partitionBy("rule")
    met = rows.withColumn("rule", f.explode("met"))
    met = met.withColumn("rows", f.count("*").over(by_rule))
    met = met.withColumn("rank", f.row_number().over(by_rule.orderBy("position"))).filter(
        f"rank <= {SAMPLES}"
    )
    for row in sorted(met.collect(), key=lambda item: int(item["rank"])):
        receipt = found[Rule(row["rule"])]
        receipt.rows = row["rows"]
        receipt.sample(row["file"], row["row"], row["review_id"], row["review_body"])
    return found
