"""Single conditions that a slice can be made of, with the rows that meet them."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_code.reviews.discovery.words import LEXICAL_CLASSES, plain, words
from pipeline_code.reviews.metrics import Bools, Ints

_LISTS = ("ratings", "raters")  # attributes that hold JSON lists
_LENGTH_PERCENTILES = (3, *range(5, 100, 5), 97)
_FINE = (*range(2, 95, 2), *range(95, 100))


@dataclass(frozen=True)
class Part:
    """One condition. Two parts on the same `subject` exclude or contain each other, and are not combined.

    `kind` is "length", "word", "class", "attribute" or "source"; `words` complete the sentence that
    `describe` writes.
    """

    kind: str
    subject: str
    words: str


Met = tuple[Part, Bools]


def describe(parts: Sequence[Part]) -> str:
    """In words, as "texts of at most 5 words with 'battery' and 'not'"."""
    lengths = [f"of {part.words}" for part in parts if part.kind == "length"]
    contents = [part.words for part in parts if part.kind in ("word", "class")]
    facts = [f"whose {part.words}" for part in parts if part.kind == "attribute"]
    sources = [f"from source {part.words}" for part in parts if part.kind == "source"]
    holding = [f"with {' and '.join(contents)}"] if contents else []
    return " ".join(["texts", *lengths, *holding, *sources, *(" and ".join(facts),)]).strip()


def parts_of(
    texts: Sequence[str], attributes: Sequence[str], sources: Sequence[str], fewest: int, most: int
) -> list[Met]:
    """All single conditions that `fewest` to `most` rows meet, each with its rows [rows]."""
    lowered = [plain(text) for text in texts]
    met = [*_lengths(texts), *_classes(lowered)]
    met += [*_facts(attributes, sources, fewest, most), *_words(lowered, fewest, most)]
    return [(part, rows) for part, rows in met if fewest <= rows.sum() <= most]


def _lengths(texts: Sequence[str]) -> Iterator[Met]:
    counts: Ints = np.array([len(text.split()) for text in texts], dtype=np.int64)
    cuts = _cuts(counts, _LENGTH_PERCENTILES)
    for cut in cuts:
        yield Part("length", "length", f"at most {cut} word{'s' * (cut != 1)}"), counts <= cut
        yield _beyond(counts, cut)
    for low, high in itertools.pairwise(cuts):
        yield _between(counts, low, high)


def finer_lengths(texts: Sequence[str], fewest: int, most: int) -> list[Met]:
    """Ranges of lengths between cuts at every second percent of the texts that `fewest` to `most` meet."""
    counts: Ints = np.array([len(text.split()) for text in texts], dtype=np.int64)
    cuts = _cuts(counts, _FINE)
    met = [_between(counts, low, high) for low, high in itertools.combinations(cuts, 2)]
    met += [_beyond(counts, cut) for cut in cuts]
    return [(part, rows) for part, rows in met if fewest <= rows.sum() <= most]


def _cuts(counts: Ints, percentiles: Sequence[int]) -> list[int]:
    return sorted({int(cut) for cut in np.percentile(counts, percentiles)}) if len(counts) else []


def _beyond(counts: Ints, cut: int) -> Met:
    return Part("length", "length", f"more than {cut} word{'s' * (cut != 1)}"), counts > cut


def _between(counts: Ints, low: int, high: int) -> Met:
    span = f"{low + 1} to {high}" if low + 1 < high else f"{high}"
    return Part("length", "length", f"{span} words"), (counts > low) & (counts <= high)


def _classes(lowered: Sequence[str]) -> Iterator[Met]:
    for name, pattern in LEXICAL_CLASSES.items():
        rows = np.array([pattern.search(text) is not None for text in lowered], dtype=bool)
        yield Part("class", name, name), rows


def _words(lowered: Sequence[str], fewest: int, most: int) -> Iterator[Met]:
    places: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(lowered):
        for word in words(text):
            places[word].append(row)
    for word in sorted(places):
        if fewest <= len(places[word]) <= most:
            yield Part("word", word, f"'{word}'"), _mask(places[word], len(lowered))


def _facts(attributes: Sequence[str], sources: Sequence[str], fewest: int, most: int) -> Iterator[Met]:
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, written in enumerate(attributes):
        for name, value in json.loads(written or "{}").items():
            if name not in _LISTS and value != "":
                places[name, str(value)].append(row)
    for name, value in sorted(places):
        if fewest <= len(places[name, value]) <= most:  # a mask for each of many ids would fill memory
            part = Part("attribute", f"={name}", f"{name} is '{value}'")
            yield part, _mask(places[name, value], len(sources))
    by_source: dict[str, list[int]] = defaultdict(list)
    for row, source in enumerate(sources):
        by_source[source].append(row)
    for source in sorted(by_source):
        yield Part("source", "source", f"'{source}'"), _mask(by_source[source], len(sources))


def _mask(rows: Sequence[int], count: int) -> Bools:
    found = np.zeros(count, dtype=bool)
    found[list(rows)] = True
    return found
