"""Chance that a hash decides: equal for equal seed, operator and review, on every machine and host."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """A stream of draws for one review and one operator."""

    def __init__(self, seed: int, operator: str, review_id: str) -> None:
        self._start = f"augment\0{seed}\0{operator}\0{review_id}\0"
        self._drawn = 0

    def below(self, bound: int) -> int:
        """A whole number from 0 to bound - 1, each as probable as any other."""
        digest = hashlib.sha256(f"{self._start}{self._drawn}".encode()).digest()
        self._drawn += 1
        return int.from_bytes(digest[:8], "big") % bound

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def some_of(self, items: Sequence[Item], count: int) -> list[Item]:
        """`count` different items, or all of them, in the order in which they were drawn."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
