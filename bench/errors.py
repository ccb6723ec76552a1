"""The error table of a simple model on the default data, beside an earlier analysis of it."""

import re
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from bench.measure import ROOT
from bench.rated_texts import Collection, read
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.error_analysis import automatic_tags, avoidable, error_table
from pipeline_code.reviews.labels.human_level import human_level
from pipeline_code.reviews.labels.ratings import ScaleRule, class_ids, scale_of
from pipeline_code.reviews.metrics import Bools, Floats, Ints

CONTRACT = ROOT / "config" / "contracts" / "amazon-snippets.toml"
SAMPLES, TOLERANCE = 2000, 0.005
# Rows, accuracy of the model, human level, ceiling gain; in the published order.
PUBLISHED = {
    "all": (3708, 0.652, 0.843, 0.191),
    "product Zen": (1558, 0.615, 0.825, 0.088),
    "negation": (986, 0.631, 0.831, 0.053),
    "product DVD": (791, 0.671, 0.859, 0.040),
    "conditional": (498, 0.570, 0.790, 0.030),
    "contrast": (523, 0.568, 0.766, 0.028),
    "at most 5 words": (443, 0.670, 0.900, 0.027),
    "mean rating below -2": (259, 0.753, 0.981, 0.016),
    "question": (71, 0.535, 0.772, 0.005),
    "support or return": (168, 0.720, 0.800, 0.004),
}
BANDS = ((0.26, 0.35), (0.33, 0.45), (0.52, 0.72), (0.65, 0.91), (0.83, 1.00))
PATTERNS = (
    ("negation", r"(?i)\b(not|no|never|nothing|none|cannot|without)\b|n't"),
    ("conditional", r"(?i)\b(if|would|could|should|wish)\b"),
    ("contrast", r"(?i)\b(but|however|although|though|except)\b"),
    ("question", r"\?"),
    (
        "support or return",
        r"(?i)\b(return(ed)?|refund|support|customer service|warranty|defective|replace(ment)?|broke(n)?)\b",
    ),
)
PRODUCTS = (  # first and last review
    ("product DVD", 1, 98),
    ("product Canon", 99, 142),
    ("product Nikon", 143, 175),
    ("product Nokia", 176, 215),
    ("product Zen", 216, 309),
)


@dataclass(frozen=True)
class Judged:
    """The sentences with the model's errors and the chance that one person is right."""

    collection: Collection
    contract: Contract
    wrong: Bools
    human: Floats

    def table(self, tags: list[list[str]]) -> list[dict[str, Any]]:
        """The error table."""
        return error_table(tags, self.wrong, self.human, self.collection.groups, samples=SAMPLES, seed=0)


def main() -> None:
    """Print the table, each figure beside the published one; then bands, other choices and our own tags."""
    begin = time.perf_counter()
    with threadpool_limits(1):
        judged, otherwise = _judge()
        found = judged.table(_published_tags(judged.collection))
        near = all([_print_published(found), _print_bands(judged)])
        order = "as" if _published_order(found) == list(PUBLISHED) else "NOT as"
        print(f"order {order} published, figures {'' if near else 'NOT '}within {TOLERANCE}")
        _print_otherwise(otherwise)
        print("   our own automatic tags")
        tags = automatic_tags(judged.collection.texts, np.zeros(len(judged.wrong), bool), [])
        _print_rows(judged.table(tags))
    print(f"{time.perf_counter() - begin:.0f} s")


def _judge() -> tuple[Judged, Judged]:
    """As published; and with folds that are not stratified, and a human level of all raters."""
    collection = read()[0]
    contract = read_contract(CONTRACT)
    rule = scale_of(contract)
    assert rule is not None
    labels = class_ids(rule, np.array([np.mean(given) for given in collection.ratings]))
    wrong = [
        _predicted(collection, labels, folds) != labels
        for folds in (StratifiedGroupKFold(5, shuffle=True, random_state=0), GroupKFold(5))
    ]
    everyone = human_level(collection.ratings, labels, collection.groups, contract, seed=0, samples=SAMPLES)
    return (
        Judged(collection, contract, wrong[0], _one_person(collection, rule)),
        Judged(collection, contract, wrong[1], everyone.one_rater),
    )


def _predicted(collection: Collection, labels: Ints, folds: StratifiedGroupKFold | GroupKFold) -> Ints:
    words = r"(?u)\b\w+\b|[!?:;()]+"
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=words),
        LogisticRegression(C=4, max_iter=1000),
    )
    found: Ints = cross_val_predict(
        model,
        np.array(collection.texts),
        labels,
        groups=np.array([int(group) for group in collection.groups]),
        cv=folds,
    )
    return found


def _one_person(collection: Collection, rule: ScaleRule) -> Floats:
    """As published: without the last two raters of a text, who look filled in from the others."""
    shares = []
    for given in collection.ratings:
        ratings = np.array(given)
        others = (ratings.sum() - ratings) / (len(ratings) - 1)
        shares.append((class_ids(rule, ratings) == class_ids(rule, others))[:-2].mean())
    return np.array(shares)


def _published_tags(collection: Collection) -> list[list[str]]:
    searches = [(name, re.compile(pattern).search) for name, pattern in PATTERNS]
    rows = zip(collection.texts, collection.groups, collection.ratings, strict=True)
    return [
        ["all"]
        + [name for name, search in searches if search(text)]
        + [name for name, first, last in PRODUCTS if first <= int(group) <= last]
        + ["at most 5 words"] * (len(text.split()) <= 5)
        + ["mean rating below -2"] * bool(np.mean(given) < -2)
        for text, group, given in rows
    ]


def _print_published(found: list[dict[str, Any]]) -> bool:
    heads = "".join(f"{head:>18}" for head in ("rows", "accuracy", "one person", "ceiling gain"))
    print(f"   {'(published beside it)':24}{heads}   95 % interval")
    within = True
    for row in found:
        gain = row["ceiling_gain"]
        ours = (row["accuracy"], row["human"], gain["value"])
        rows, *published = PUBLISHED.get(row["tag"], (None, None, None, None))
        if rows is not None:
            near = (abs(one - other) <= TOLERANCE for one, other in zip(ours, published, strict=True))
            within = within and row["rows"] == rows and all(near)
        cells = "".join(
            f"{one:10.3f} {_beside(other, '.3f')}" for one, other in zip(ours, published, strict=True)
        )
        low, high = gain["interval"]
        beside = f"{row['rows']:10} {_beside(rows, '4')}"
        print(f"{row['rank']:2} {row['tag']:24}{beside} {cells}   {low:.3f} to {high:.3f}")
    return within


def _beside(published: float | None, form: str) -> str:
    return "(none)".rjust(7) if published is None else f"({published:{form}})".rjust(7)


def _print_bands(judged: Judged) -> bool:
    print(f"   {'raters (published beside)':30}{'rows':>6}{'model':>15}{'one person':>15}")
    within = True
    found = avoidable(judged.collection.ratings, judged.wrong, judged.human, judged.contract)
    for band, published in zip(found, BANDS, strict=True):
        ours = band["accuracy"], band["human"]
        within = within and all(
            abs(one - other) <= 2 * TOLERANCE for one, other in zip(ours, published, strict=True)
        )
        cells = "".join(f"{one:8.3f} ({other:.2f})" for one, other in zip(ours, published, strict=True))
        print(f"   {band['band']:30}{band['rows']:6} {cells}")
    return within


def _published_order(found: list[dict[str, Any]]) -> list[str]:
    return [row["tag"] for row in found if row["tag"] in PUBLISHED]


def _print_otherwise(judged: Judged) -> None:
    """Whether the order depends on how folds are cut and who counts as a person."""
    print("   folds that are not stratified, human level of all raters, all products")
    found = judged.table(_published_tags(judged.collection))
    _print_rows(found)
    order, published = _published_order(found), list(PUBLISHED)
    moved = [name for name, other in zip(order, published, strict=True) if name != other]
    print(f"order as published but for {', '.join(moved)}" if moved else "order as published")


def _print_rows(found: list[dict[str, Any]]) -> None:
    for row in found:
        low, high = row["ceiling_gain"]["interval"]
        gain = f"{row['ceiling_gain']['value']:.3f} ({low:.3f} to {high:.3f})"
        print(
            f"{row['rank']:2} {row['tag']:24}{row['rows']:6} rows  accuracy {row['accuracy']:.3f}  "
            f"one person {row['human']:.3f}  gap {row['gap']:+.3f}  ceiling gain {gain}"
        )
