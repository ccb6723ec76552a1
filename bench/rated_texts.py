"""The four rated collections of Hutto and Gilbert (ICWSM 2014), as `bertline.samples.RATED` fetches them."""

import json
from dataclasses import dataclass
from pathlib import Path

from bertline import samples

FILES = {
    "amazon": "amazonReviewSnippets",
    "movies": "movieReviewSnippets",
    "nyt": "nytEditorialSnippets",
    "tweets": "tweets",
}


@dataclass(frozen=True)
class Collection:
    """Texts with their ids, ratings from -4 to 4 and groups: the review or article that each belongs to."""

    name: str
    ids: list[str]
    texts: list[str]
    ratings: list[list[float]]

    @property
    def groups(self) -> list[str]:
        """ "309_7" is sentence 7 of review 309; movies and tweets stand alone."""
        return [name.split("_")[0] for name in self.ids]

    @property
    def grouped(self) -> bool:
        """Whether any group has several texts."""
        return len(set(self.groups)) < len(self.ids)


def read() -> list[Collection]:
    """All four; fetched when they are not there yet."""
    folder = samples.fetch(samples.RATED)
    return [_read(folder, name, stem) for name, stem in FILES.items()]


def _read(folder: Path, name: str, stem: str) -> Collection:
    lines = [line.split("\t", 2) for line in _lines(folder / f"{stem}_GroundTruth.txt")]
    texts = {fields[0].strip(): fields[2].strip() for fields in lines}
    rated = [line.split("\t") for line in _lines(folder / f"{stem}_anonDataRatings.txt")]
    ids = [fields[0].strip() for fields in rated]
    ratings = [[float(value) for value in json.loads(fields[3])] for fields in rated]
    return Collection(name, ids, [texts[one] for one in ids], ratings)


def _lines(path: Path) -> list[str]:
    content = path.read_text(encoding="utf-8-sig", errors="replace")
    return [line.rstrip("\r") for line in content.split("\n") if line.strip()]
