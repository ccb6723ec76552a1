"""Features on disk: at most one Parquet part a split and host, which says how it was made."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_code.reviews import features
from pipeline_code.reviews.features import SplitTally
from pipeline_code.reviews.splits import SPLITS
from pipeline_code.reviews.store import ParquetPart


class FeatureFiles:
    """Context manager that spreads features over the splits' folders; empty parts are not written.

    Parameters
    ----------
    folders
        Folder of each split.
    host
        Name of this host; it is part of the files' names, so that hosts write side by side.
    metadata
        What goes to the key-value metadata of every part, beside its split and the hash of its rows.
    """

    def __init__(self, folders: Mapping[str, Path], host: str, metadata: Mapping[str, str]) -> None:
        self.tallies = {split: SplitTally() for split in SPLITS}
        self._paths = {split: folders[split] / f"part-{host}-00000.parquet" for split in SPLITS}
        self._metadata = dict(metadata)
        self._parts: dict[str, ParquetPart] = {}
        self._stack = contextlib.ExitStack()

    @property
    def paths(self) -> list[Path]:
        """The files that have rows."""
        return [self._paths[split] for split in self._parts]

    def __enter__(self) -> Self:
        for path in self._paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        return self

    def add(self, batch: pa.RecordBatch, full_lengths: NDArray[np.int64]) -> None:
        """Write rows of features, each to its split; `full_lengths` are tokens before truncation."""
        splits = batch.column("split").dictionary_encode()
        for number, split in enumerate(splits.dictionary.to_pylist()):
            places = np.flatnonzero(features.numbers(splits.indices) == number)
            rows = batch.take(features.arrow(places, pa.int64()))
            if split not in self._parts:
                part = ParquetPart(self._paths[split], features.SCHEMA)
                self._parts[split] = self._stack.enter_context(part)
            self._parts[split].add(rows)
            self.tallies[split].add(rows, full_lengths[places])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for split, part in self._parts.items():
            content = self.tallies[split].content.hexdigest()
            part.metadata = self._metadata | {"split": split, "content_hash": content}
        self._stack.__exit__(kind, error, trace)
