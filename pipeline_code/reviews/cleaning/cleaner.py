"""The cleaning of one run in bounded memory: rows in, verdicts out, receipts on the way.

Rows come in the contract's order: "first" is the row that was read first. First each row is looked at
by itself; the rows that are left and hash records of their ids, texts and groups go to scratch disk.
Then repeated ids are taken out, texts with conflicting labels, exact duplicates and near duplicates,
each rule among the rows that the rules before it left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_code.reviews.cleaning.duplicates import Found, conflicts, repeats
from pipeline_code.reviews.cleaning.near import Components, NearDuplicates
from pipeline_code.reviews.cleaning.partitions import KEYED, Partitions, Records, key_starts, keyed
from pipeline_code.reviews.cleaning.receipts import Rule, receipts_of
from pipeline_code.reviews.cleaning.row_rules import RowRules
from pipeline_code.reviews.cleaning.spill import BATCH, Batch, Spill
from pipeline_code.reviews.cleaning.text import KEY_BYTES, text_key
from pipeline_code.reviews.cleaning.verdicts import Verdicts
from pipeline_code.reviews.contract import Cleaning, Contract, Source, TableSource
from pipeline_code.reviews.reasons import Reason
from pipeline_code.reviews.sources.rows import Fault, Row
from pipeline_code.reviews.validation import Review


def id_is_checked(source: Source, cleaning: Cleaning) -> bool:
    """False where ids are hashes of texts: a repeated one is an exact duplicate, which has its own rule."""
    named_by_text = isinstance(source, TableSource) and source.columns.id is None
    return not (named_by_text and cleaning.exact_duplicates == "quarantine")


class Cleaner:
    """Cleans the reviews of one run; `scratch` is an empty folder for its files."""

    def __init__(self, contract: Contract, scratch: Path) -> None:
        self.receipts = receipts_of(contract.cleaning)
        self.groups = 0
        self._cleaning = contract.cleaning
        self._rules = RowRules(contract.cleaning)
        self._scratch = scratch
        self._spill = Spill(scratch / "reviews.arrow")
        self._ids, self._texts, self._groups = (_Keys(scratch / name) for name in ("ids", "texts", "groups"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spill.__exit__(kind, error, trace)

    def take(self, review: Review, row: Row, source: Source) -> Fault | None:
        """Take the next review; answer why, if a rule removes it by itself."""
        for rule, detail in self._rules.met(review):
            self.receipts[rule].count(row.file, row.row, review.review_id, review.review_body)
            if self._rules.removes(rule):
                return row.fault(Reason(rule.value), detail)
        number, label = self._spill.rows, review.label_id
        if id_is_checked(source, self._cleaning):
            self._ids.add(_key(review.review_id), number, label)
        self._texts.add(text_key(review.review_body), number, label)
        self._groups.add(_key(review.group_id), number, label)
        self._spill.add(review, row)
        return None

    def resolve(self) -> Verdicts:
        """Decide about every review that was taken and not removed."""
        self._spill.finish()
        verdicts = Verdicts(self._spill.rows)
        self._resolve_ids(verdicts)
        self._resolve_texts(verdicts)
        near = self._resolve_near(verdicts) if self._cleaning.near_duplicates != "off" else None
        if near is not None and self._cleaning.near_duplicates == "link":
            self._link(verdicts, near)
        self.groups = sum(len(key_starts(records)) for records in self._kept_groups(verdicts))
        return verdicts

    def batches(self) -> Iterator[Batch]:
        """Yield all reviews with their numbers, those that are out included."""
        return self._spill.batches()

    def faults(self, batch: Batch, verdicts: Verdicts) -> Iterator[Fault]:
        """Yield the reviews of a batch that are out, each with the row that explains why."""
        files, rows, raw = (batch.column(name) for name in ("file", "row", "raw"))
        for number, reason, detail, because in verdicts.removed(batch.first, len(rows)):
            at = number - batch.first
            yield Fault(files[at], rows[at], reason, detail.format(self._spill.place(because)), raw[at])

    def sample(self, batch: Batch) -> None:
        """Keep samples for the receipts of the rules that looked at all rows together."""
        for receipt in self.receipts.values():
            for number in receipt.sampled_rows:
                if batch.first <= number < batch.first + batch.table.num_rows:
                    values = batch.table.slice(number - batch.first, 1).to_pylist()[0]
                    receipt.sample(values["file"], values["row"], values["review_id"], values["review_body"])

    def _resolve_ids(self, verdicts: Verdicts) -> None:
        for records in self._ids.partitions():
            verdicts.remove(repeats(records), Reason.DUPLICATE_ID)

    def _resolve_texts(self, verdicts: Verdicts) -> None:
        mode = self._cleaning.conflicting_labels
        for records in self._texts.partitions():
            left = records[verdicts.is_kept(records["row"])]
            if mode != "off":
                found = conflicts(left, keep_majority=mode == "majority")
                self._apply(Rule.CONFLICTING_LABELS, found, verdicts, removes=mode != "count")
                left = left[verdicts.is_kept(left["row"])]
            if self._cleaning.exact_duplicates != "off":
                removes = self._cleaning.exact_duplicates == "quarantine"
                self._apply(Rule.EXACT_DUPLICATES, repeats(left), verdicts, removes=removes)

    def _resolve_near(self, verdicts: Verdicts) -> NDArray[np.uint32]:
        """For each row the first of the rows that it is linked to by near duplicates."""
        threshold = self._cleaning.near_duplicate_similarity
        with NearDuplicates(self._scratch / "near", self._spill.rows, threshold) as finder:
            for batch in self._spill.batches():
                texts = batch.column("review_body")
                kept = set(verdicts.kept_in(batch.first, len(texts)).tolist())
                finder.add([text if at in kept else "" for at, text in enumerate(texts)])
            firsts = finder.resolve()
        later = np.flatnonzero(firsts != np.arange(len(firsts), dtype=np.uint32)).astype(np.uint32)
        removes = self._cleaning.near_duplicates == "quarantine"
        self._apply(Rule.NEAR_DUPLICATES, Found(later, firsts[later]), verdicts, removes=removes)
        return firsts

    def _apply(self, rule: Rule, found: Found, verdicts: Verdicts, *, removes: bool) -> None:
        self.receipts[rule].count_rows(found.rows)
        if removes:
            verdicts.remove(found, Reason(rule.value))

    def _kept_groups(self, verdicts: Verdicts) -> Iterator[Records]:
        """The records of the groups of kept rows, partition by partition."""
        for records in self._groups.partitions():
            yield records[verdicts.is_kept(records["row"])]

    def _link(self, verdicts: Verdicts, near: NDArray[np.uint32]) -> None:
        """Give groups that near duplicates link one split key: the smallest of their ids."""
        first_of_group = np.arange(len(near), dtype=np.uint32)
        for records in self._kept_groups(verdicts):
            starts = key_starts(records)
            sizes = np.diff(np.append(starts, len(records)))
            first_of_group[records["row"]] = np.repeat(records["row"][starts], sizes)
        later = np.flatnonzero(near != np.arange(len(near), dtype=np.uint32))
        pairs = np.stack((first_of_group[later], first_of_group[near[later]]), axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        components = Components(len(near))
        for first, second in pairs.tolist():
            components.join(first, second)
        names = components.roots()[first_of_group]
        linked = np.zeros(len(near), dtype=bool)
        linked[names[pairs.ravel()]] = True
        keys: dict[int, str] = {}
        for batch in self._spill.batches():
            kept = verdicts.kept_in(batch.first, batch.table.num_rows)
            here = names[batch.first : batch.first + batch.table.num_rows]
            for at in kept[linked[here[kept]]].tolist():
                group = batch.table.column("group_id")[at].as_py()
                keys[int(here[at])] = min(group, keys.get(int(here[at]), group))
        verdicts.link(names, keys)


class _Keys:
    """Hash records of one kind, collected in batches."""

    def __init__(self, directory: Path) -> None:
        self._partitions = Partitions(directory, KEYED)
        self._batch: list[tuple[bytes, int, int]] = []

    def add(self, key: bytes, row: int, label: int) -> None:
        self._batch.append((key, row, label))
        if len(self._batch) >= BATCH:
            self._flush()

    def partitions(self) -> Partitions:
        self._flush()
        return self._partitions

    def _flush(self) -> None:
        if self._batch:
            keys, rows, labels = zip(*self._batch, strict=True)
            self._partitions.add(keyed(list(keys), np.array(rows), np.array(labels)))
            self._batch.clear()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]
