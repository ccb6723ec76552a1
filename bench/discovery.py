"""Slice discovery: how often a planted slice is found, and how often one is where there is none.

`python -m bench discovery`; figures in docs/slices.md.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench import discovery_world as worlds
from bench.discovery_world import BASE, DEPENDENCE, Array, Plant, World
from pipeline_code.reviews.discovery import DiscoveredSlice, discover_slices, search_slices
from pipeline_code.reviews.discovery.scan import correlation

LEVEL, MOST = 0.05, 5
PLANTED_SEEDS, TABLE_SEEDS, NULL_SEEDS = 200, 100, 500
SHARE, STATED, LEAST_OVERLAP = 0.03, (0.7, 0.8), 0.5
KINDS: tuple[tuple[str, Plant], ...] = (
    ("a word", worlds.word),
    ("two words", worlds.word_pair),
    ("a class of words (question marks, 1.9 %)", worlds.class_of_words),
    ("a class of words and a word", worlds.class_and_word),
    ("a class of words and a bound on length", worlds.class_and_length),
    ("a range of lengths", worlds.length),
    ("an attribute of the sentence", worlds.device),
    ("an attribute of the review (11 reviews)", worlds.shop),
)
ROWS, SHARES, RATES = (300, 600, 1200, 3708), (0.03, 0.1, 0.2), (0.5, 0.6, 0.7, 0.8)
PARTS = 5


@dataclass
class Tally:
    """What searches found of planted slices: overlap (Jaccard) with the best, and how many others."""

    overlaps: list[float]
    others: int = 0

    def add(self, planted: Array, found: list[DiscoveredSlice]) -> None:
        """Note one search; a slice with less than a tenth of its rows in the planted one is another."""
        each = [float((planted & one.mask).sum() / (planted | one.mask).sum()) for one in found]
        self.overlaps.append(max(each, default=0.0))
        self.others += sum((planted & one.mask).sum() < 0.1 * one.mask.sum() for one in found)

    def found(self, least: float) -> float:
        """Percentage of searches with an overlap of at least so much."""
        return 100 * float(np.mean(np.array(self.overlaps) >= least))


def main() -> None:
    """Print what docs/slices.md shows."""
    world = worlds.amazon()
    real = worlds.real_errors(world)
    _describe(world, real)
    _planted(world)
    _by_size(world)
    _nothing(world, real)
    _real(world, real)


def _search(world: World, wrong: Array, seed: int) -> list[DiscoveredSlice]:
    return search_slices(world.candidates, world.groups, wrong, seed=seed, level=LEVEL, most=MOST)


def _describe(world: World, real: Array) -> None:
    rates = np.full(len(world.texts), BASE)
    made_up = [worlds.errors(world, rates, seed) for seed in range(50)]
    typical = np.mean([correlation(one.astype(float), world.place) for one in made_up])
    print(
        f"{len(world.texts):,} sentences of {world.place.max() + 1} reviews, "
        f"{len(world.candidates):,} slices; errors of a review correlate by {typical:.2f} (those of TF-IDF: "
        f"{correlation(real.astype(float), world.place):.2f})"
    )
    begin = time.perf_counter()
    discover_slices(
        world.texts, world.groups, made_up[0], attributes=world.written, sources=world.sources, seed=1
    )
    print(f"one search, candidates included: {time.perf_counter() - begin:.2f} s")


def _power(world: World, plant: Plant, share: float, rate: float, seeds: Iterator[int] | range) -> Tally:
    tally = Tally([])
    for seed in seeds:
        planted = plant(world, share, np.random.default_rng(seed))
        wrong = worlds.errors(world, np.where(planted, rate, BASE), seed)
        tally.add(planted, _search(world, wrong, seed))
    return tally


def _planted(world: World) -> None:
    print(f"\nPlanted: {100 * SHARE:.0f} % of the rows; {PLANTED_SEEDS} seeds each")
    print("| planted slice | errors | found (overlap >= 0.5), % | overlap >= 0.8, % | any, % | others |")
    print("|---|---|---|---|---|---|")
    for name, plant in KINDS:
        for rate in STATED:
            tally = _power(world, plant, SHARE, rate, range(PLANTED_SEEDS))
            print(
                f"| {name} | {BASE} -> {rate} | {tally.found(LEAST_OVERLAP):.1f} | {tally.found(0.8):.1f} | "
                f"{tally.found(0.01):.1f} | {tally.others} |",
                flush=True,
            )


def _by_size(world: World) -> None:
    print(f"\nA planted word, found with an overlap >= 0.5 in % of {TABLE_SEEDS} seeds")
    print("| rows | share | " + " | ".join(f"errors {rate}" for rate in RATES) + " |")
    print("|---|---|" + "---|" * len(RATES))
    for rows in ROWS:
        parts = [world] if rows == len(world.texts) else [world.part(rows, part) for part in range(PARTS)]
        for share in SHARES:
            cells = []
            for rate in RATES:
                tally = Tally([])
                for number, part in enumerate(parts):
                    seeds = range(number, TABLE_SEEDS, len(parts))
                    tally.overlaps += _power(part, worlds.word, share, rate, seeds).overlaps
                cells.append(f"{tally.found(LEAST_OVERLAP):.0f}")
            print(f"| {rows:,} | {100 * share:.0f} % | " + " | ".join(cells) + " |", flush=True)


def _nothing(world: World, real: Array) -> None:
    small = world.part(300, 0)
    planted = worlds.word(world, SHARE, np.random.default_rng(0))
    marked = worlds.errors(world, np.where(planted, STATED[-1], BASE), 0)
    print(f"\nNothing to find, {NULL_SEEDS} seeds each (level {100 * LEVEL:.0f} %)")
    print("| errors | searches that report anything | % | 95 % interval |")
    print("|---|---|---|---|")
    _false(
        world, "those of TF-IDF, handed to other reviews", lambda seed: worlds.handed_on(world, real, seed)
    )
    _false(
        world, "those with a planted word, handed to other reviews",
        lambda seed: worlds.handed_on(world, marked, seed),
    )  # fmt: skip
    for base, dependence in ((BASE, 0.0), (BASE, DEPENDENCE), (BASE, 0.4), (0.6, DEPENDENCE)):
        _false(world, f"made up, rate {base}, dependence {dependence}", _made_up(world, base, dependence))
    _false(small, "made up, 300 rows", _made_up(small, BASE, DEPENDENCE))


def _made_up(world: World, base: float, dependence: float) -> Callable[[int], Array]:
    rates = np.full(len(world.texts), base)
    return lambda seed: worlds.errors(world, rates, 10_000 + seed, dependence)


def _false(world: World, name: str, errors: Callable[[int], Array]) -> None:
    count = sum(bool(_search(world, errors(seed), seed)) for seed in range(NULL_SEEDS))
    low, high = stats.binomtest(count, NULL_SEEDS).proportion_ci()
    print(
        f"| {name} | {count} of {NULL_SEEDS} | {100 * count / NULL_SEEDS:.1f} | "
        f"{100 * low:.1f} to {100 * high:.1f} |",
        flush=True,
    )


def _real(world: World, real: Array) -> None:
    print(f"\nWhere TF-IDF with logistic regression really errs (rate {real.mean():.3f}), seed 1")
    print("| slice | rows | error rate | of the rest | adjusted p |")
    print("|---|---|---|---|---|")
    for one in _search(world, real, 1):
        print(
            f"| {one.description} | {one.mask.sum()} | {one.error_rate:.2f} | {one.rest_error_rate:.2f} | "
            f"{one.adjusted_p:.4f} |"
        )
