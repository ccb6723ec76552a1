"""Amazon sentences with made-up errors for `bench.discovery`: slices to find, and worlds without any."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from bench.measure import ROOT
from bertline import samples
from pipeline_code.reviews.contract import read_contract
from pipeline_code.reviews.discovery import Candidates
from pipeline_code.reviews.sources import Row, read_source
from pipeline_code.reviews.validation import Judge, Review

Array = np.ndarray[Any, Any]
BASE, DEPENDENCE = 0.24, 0.15  # DEPENDENCE is of the normal variable behind an error, not of the error
PRODUCTS = {"DVD player": 98, "Canon": 142, "Nikon": 175, "Nokia": 215, "Zen": 309}  # last review of each
DEVICES = {"tablet": 0.03, "phone": 0.22, "computer": 0.75}  # a made-up attribute of a sentence
SHOPS = {"north": 0.03, "east": 0.07, "south": 0.3, "west": 0.6}  # a made-up attribute of a review


@dataclass(frozen=True, eq=False)
class World:
    """Rows to search, and the conditions that slices are planted on."""

    texts: list[str]
    groups: list[str]
    labels: Array
    attributes: dict[str, Array]

    @cached_property
    def candidates(self) -> Candidates:
        """What is looked at; the same for all errors."""
        return Candidates(self.texts, self.written, self.sources)

    @cached_property
    def written(self) -> list[str]:
        """Attributes as features hold them."""
        rows = zip(*self.attributes.values(), strict=True)
        names = list(self.attributes)
        return [
            "{" + ", ".join(f'"{name}": "{value}"' for name, value in zip(names, row, strict=True)) + "}"
            for row in rows
        ]

    @property
    def sources(self) -> list[str]:
        """All rows are from one source."""
        return ["amazon"] * len(self.texts)

    @cached_property
    def place(self) -> Array:
        """Number of each row's review."""
        return np.unique(self.groups, return_inverse=True)[1]

    @cached_property
    def words(self) -> dict[str, Array]:
        """Rows with each word."""
        found: dict[str, Array] = {}
        for row, text in enumerate(self.texts):
            for word in re.findall(r"[a-z']+", text.lower()):
                found.setdefault(word, np.zeros(len(self.texts), bool))[row] = True
        return {word: rows for word, rows in found.items() if rows.sum() >= 0.01 * len(rows)}

    @cached_property
    def classes(self) -> dict[str, Array]:
        """Rows with a negation, a contrast, a condition, a question or a number."""
        patterns = (
            r"\b(not|no|never)\b|n't\b", r"\b(but|however|although)\b", r"\b(if|would|should)\b", r"\?", r"\d"
        )  # fmt: skip
        lowered = [text.lower() for text in self.texts]
        return {one: np.array([re.search(one, text) is not None for text in lowered]) for one in patterns}

    @cached_property
    def lengths(self) -> Array:
        """Words of each row."""
        return np.array([len(text.split()) for text in self.texts])

    def part(self, rows: int, seed: int) -> "World":
        """Whole reviews, in a random order, until there are so many rows."""
        order = np.random.default_rng(seed).permutation(self.place.max() + 1)
        ranks = np.argsort(order)[self.place]
        chosen = np.sort(np.argsort(ranks, kind="stable")[:rows])
        return World(
            [self.texts[row] for row in chosen],
            [self.groups[row] for row in chosen],
            self.labels[chosen],
            {name: values[chosen] for name, values in self.attributes.items()},
        )


def amazon() -> World:
    """The 3,708 sentences; product by number of review, device and shop made up."""
    contract = read_contract(ROOT / "config" / "contracts" / "amazon-snippets.toml")
    judge, folder, reviews = Judge(contract), samples.fetch(samples.REVIEWS), []
    for source in contract.sources:
        for row in read_source(source, contract, folder):
            review = judge.check(row, source) if isinstance(row, Row) else None
            assert isinstance(review, Review)
            reviews.append(review)
    groups = [review.group_id for review in reviews]
    generator = np.random.default_rng(1)
    names, place = np.unique(groups, return_inverse=True)
    shops = generator.choice(list(SHOPS), len(names), p=list(SHOPS.values()))[place]
    devices = generator.choice(list(DEVICES), len(groups), p=list(DEVICES.values()))
    products = [
        next(name for name, last in PRODUCTS.items() if number <= last) for number in _numbers(groups)
    ]
    return World(
        [review.review_body for review in reviews],
        groups,
        np.array([review.label_id for review in reviews]),
        {"product": np.array(products), "device": devices, "shop": shops},
    )


def _numbers(groups: list[str]) -> list[int]:
    return [int(re.findall(r"\d+", group)[-1]) for group in groups]


def errors(world: World, rates: Array, seed: int, dependence: float = DEPENDENCE) -> Array:
    """Errors with each row's rate that depend on each other within a review (a normal copula)."""
    generator = np.random.default_rng(seed)
    of_review = generator.standard_normal(world.place.max() + 1)[world.place]
    of_row = generator.standard_normal(len(rates))
    hidden = np.sqrt(dependence) * of_review + np.sqrt(1 - dependence) * of_row
    return hidden < stats.norm.ppf(rates)


def handed_on(world: World, wrong: Array, seed: int) -> Array:
    """Each review gets the errors of another one in random order; if they are too few, more drawn of them."""
    generator = np.random.default_rng(seed)
    rows_of = [np.flatnonzero(world.place == group) for group in range(world.place.max() + 1)]
    found = np.zeros(len(wrong), bool)
    for mine, other in zip(rows_of, generator.permutation(len(rows_of)), strict=True):
        given = generator.permutation(rows_of[other])
        more = generator.choice(given, max(0, len(mine) - len(given)))
        found[mine] = wrong[np.concatenate([given, more])[: len(mine)]]
    return found


def real_errors(world: World) -> Array:
    """What TF-IDF with logistic regression gets wrong of reviews that it has not seen."""
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2),
        LogisticRegression(max_iter=1000, class_weight="balanced"),
    )
    predicted = cross_val_predict(model, world.texts, world.labels, groups=world.place, cv=GroupKFold(5))
    return predicted != world.labels


Plant = Callable[[World, float, np.random.Generator], Array]


def _near(
    masks: list[Array], share: float, generator: np.random.Generator, weights: Array | None = None
) -> Array:
    """One of those that about this share of the rows meet, at random; the nearest ones if there is none."""
    shares = np.array([mask.mean() for mask in masks])
    close = np.flatnonzero(np.abs(shares - share) <= 0.15 * share)
    if not len(close):
        close = np.argsort(np.abs(shares - share))[:1]
    chances = None if weights is None else weights[close] / weights[close].sum()
    return masks[int(generator.choice(close, p=chances))]


def word(world: World, share: float, generator: np.random.Generator) -> Array:
    """Rows with a word."""
    return _near(list(world.words.values()), share, generator)


def word_pair(world: World, share: float, generator: np.random.Generator) -> Array:
    """Rows with two words."""
    return _drawn(_word_pairs(world, share), generator)


def class_and_word(world: World, share: float, generator: np.random.Generator) -> Array:
    """Rows with a negation, contrast, condition, question or number, and a word."""
    return _drawn(_classes_and_words(world, share), generator)


def class_and_length(world: World, share: float, generator: np.random.Generator) -> Array:
    """Such rows that are at least, or at most, of some length."""
    return _drawn(_classes_and_lengths(world, share), generator)


def class_of_words(world: World, share: float, generator: np.random.Generator) -> Array:
    """Rows with a negation, contrast, condition, question or number."""
    return _near(list(world.classes.values()), share, generator)


def length(world: World, share: float, generator: np.random.Generator) -> Array:
    """Rows of a range of lengths that starts with a random row's, or of all that are so long."""
    weights = np.bincount(world.lengths)[1:]
    return _near(_ranges(world, share), share, generator, weights)


def device(world: World, share: float, generator: np.random.Generator) -> Array:
    """A value of the sentence's made-up attribute."""
    values = world.attributes["device"]
    return _near([values == name for name in DEVICES], share, generator)


def shop(world: World, share: float, generator: np.random.Generator) -> Array:
    """A value of the review's made-up attribute."""
    values = world.attributes["shop"]
    return _near([values == name for name in SHOPS], share, generator)


@cache
def _word_pairs(world: World, share: float) -> list[Array]:
    common = [mask for mask in world.words.values() if mask.mean() >= share]
    return _both(common, common, share)


@cache
def _classes_and_words(world: World, share: float) -> list[Array]:
    return _both(list(world.classes.values()), list(world.words.values()), share)


@cache
def _classes_and_lengths(world: World, share: float) -> list[Array]:
    sides = [side for cut in range(3, 40) for side in (world.lengths <= cut, world.lengths >= cut)]
    return _both(list(world.classes.values()), sides, share)


@cache
def _ranges(world: World, share: float) -> list[Array]:
    """The shortest range from each length on that enough rows are in."""
    counts, most = world.lengths, int(world.lengths.max())
    found = []
    for low in range(1, most + 1):
        high = next((one for one in range(low, most + 1) if _between(counts, low, one).mean() >= share), most)
        found.append(_between(counts, low, high))
    return found


def _between(counts: Array, low: int, high: int) -> Array:
    found: Array = (counts >= low) & (counts <= high)
    return found


def _drawn(masks: list[Array], generator: np.random.Generator) -> Array:
    return masks[int(generator.integers(len(masks)))]


def _both(ones: list[Array], others: list[Array], share: float) -> list[Array]:
    """Rows of two conditions together, where they are about this share and a part of either's."""
    both = np.array(ones, np.float32) @ np.array(others, np.float32).T / len(ones[0])
    least = np.minimum(np.mean(ones, axis=1)[:, None], np.mean(others, axis=1)[None, :])
    close = np.argwhere((np.abs(both - share) <= 0.15 * share) & (both < 0.8 * least))
    return [ones[one] & others[other] for one, other in close.tolist()]
