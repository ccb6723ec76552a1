"""Agreement, human level and baselines of the four rated collections beside an earlier analysis of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from bench.labels_published import COLLECTIONS, FIGURES, RANGES, TOLERANCE
from bench.measure import ROOT
from bench.rated_texts import Collection, read
from pipeline_code.reviews.baselines import vader
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.labels.agreement import agreement
from pipeline_code.reviews.labels.ambiguity import ambiguity
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.human_level import expected_scores, human_level
from pipeline_code.reviews.labels.intervals import Resampling
from pipeline_code.reviews.labels.issues import CLEANLAB, OURS, label_issues
from pipeline_code.reviews.labels.queue import relabel_queue
from pipeline_code.reviews.labels.raters import one_coin
from pipeline_code.reviews.labels.ratings import RatedTexts, ScaleRule, class_ids, scale_of
from pipeline_code.reviews.metrics import Floats, Ints, accuracy, confusion_matrix, macro_f1, recall

CONTRACT = ROOT / "config" / "contracts" / "amazon-snippets.toml"
CUTS = (0.25, 0.5, 1.0)
SEEDS = (0, 1, 2)
BLOCK = 30  # movies were rated in blocks of 30: a column inside a block is one person
Figures = dict[str, float]
_ORDERS = ("wrong", "expected", "queue", "self-confidence", "random")


@dataclass(frozen=True)
class Rated:
    """A collection with its ratings, and its labels under the contract."""

    collection: Collection
    texts: RatedTexts
    rule: ScaleRule
    contract: Contract
    labels: Ints

    @classmethod
    def of(cls, collection: Collection, contract: Contract) -> "Rated":
        """Labels are the classes of the mean ratings."""
        texts, rule = RatedTexts.of(collection.ratings), scale_of(contract)
        assert rule is not None
        return cls(collection, texts, rule, contract, class_ids(rule, texts.means))

    def cut(self, width: float) -> ScaleRule:
        """The rule with other cuts."""
        return self.rule.model_copy(update={"cuts": [-width, width]})


def main() -> None:
    """Print every figure beside the published one, and how many are within 0.005 of it."""
    begin = time.perf_counter()
    contract = read_contract(CONTRACT)
    rated = [Rated.of(collection, contract) for collection in read()]
    with threadpool_limits(1):
        found = {one.collection.name: _figures(one) for one in rated}
        within, compared = _print_figures(found)
        within_range, ranges = _print_issues(rated[0])
        _print_queue(rated[0])
    print(f"{within + within_range} of {compared + ranges} figures within {TOLERANCE} of the published ones")
    print(f"{time.perf_counter() - begin:.0f} s")


def _figures(rated: Rated) -> Figures:
    found = {**_shares(rated), **_agreement(rated), **_human(rated), **_simple(rated), **_tfidf(rated)}
    return {**found, **_dawid_skene(rated)} if rated.collection.name == "movies" else found


def _shares(rated: Rated) -> Figures:
    votes = rated.texts.votes(rated.rule).argmax(axis=1)
    found = _by_class("majority vote {}", np.bincount(votes, minlength=3) / len(votes), rated)
    for width in CUTS:
        counts = np.bincount(class_ids(rated.cut(width), rated.texts.means), minlength=3)
        found |= _by_class(f"share {{}}, cut {width:g}", counts / counts.sum(), rated)
    return found


def _by_class(name: str, values: Any, rated: Rated) -> Figures:
    return {
        name.format(one): float(value) for one, value in zip(rated.contract.class_names, values, strict=True)
    }


def _agreement(rated: Rated) -> Figures:
    found = agreement(rated.texts, rated.rule, rated.collection.groups, Resampling(20, 0))
    doubtful = ambiguity(rated.texts, rated.rule, np.ones(len(rated.texts)), None)
    alphas = found["alpha"]
    return {
        "alpha interval, ratings": alphas["interval"]["value"],
        "alpha nominal, classes": alphas["nominal"]["value"],
        "alpha ordinal, ratings": alphas["ordinal_ratings"]["value"],
        "alpha ordinal, classes": alphas["ordinal"]["value"],
        "pairs agree": found["pairwise"],
        "majority vote is class of mean": found["majority_is_mean"],
        "majority vote tied": found["majority_ties"],
        "unanimous": doubtful["unanimous_share"],
        "commonest class at most half": doubtful["no_majority_share"],
        "a negative and a positive rater": doubtful["opposed_share"],
        "mean within 1.96 SE of a cut": doubtful["ambiguous_share"],
    }


def _human(rated: Rated) -> Figures:
    found = {}
    for size in (1, 3, 5, 9):
        scores = expected_scores(rated.texts, size, rated.rule)
        found |= {
            f"HLP({size}) accuracy": scores["accuracy"],
            f"HLP({size}) macro-F1": scores["macro_f1"],
            **_by_class(f"HLP({size}) recall {{}}", scores["recall"], rated),
        }
    for width in (0.25, 1.0):
        moved = rated.cut(width)
        # As published: one rater's whole number is cut at 0.5 whatever the cut, so that 1 is never neutral.
        alone = expected_scores(rated.texts, 1, moved, single=rated.rule)["accuracy"]
        found[f"HLP(1) accuracy, cut {width:g}"] = alone
        found[f"HLP(9) accuracy, cut {width:g}"] = expected_scores(rated.texts, 9, moved)["accuracy"]
    majority = expected_scores(rated.texts, 1, rated.rule, reference="majority")
    fewer = RatedTexts.of([given[:20][:-2] for given in rated.collection.ratings])
    return {
        **found,
        "HLP(1) accuracy, majority of rest": majority["accuracy"],
        "HLP(1) accuracy, last 2 raters left out": expected_scores(fewer, 1, rated.rule)["accuracy"],
    }


def _scores(name: str, rated: Rated, predicted: Ints) -> Figures:
    matrix = confusion_matrix(rated.labels, predicted, 3)
    return {
        f"{name} accuracy": float(accuracy(matrix)),
        f"{name} macro-F1": float(macro_f1(matrix)),
        **_by_class(f"{name} recall {{}}", recall(matrix), rated),
    }


def _simple(rated: Rated) -> Figures:
    commonest = np.full(len(rated.labels), np.bincount(rated.labels).argmax())
    by_rules, _ = vader(rated.collection.texts, rated.contract.classes)
    return {**_scores("majority class", rated, commonest), **_scores("VADER", rated, by_rules)}


def _tfidf(rated: Rated) -> Figures:
    found = _scores("TF-IDF", rated, _predicted(rated, None, grouped=False))
    found |= _scores("TF-IDF balanced", rated, _predicted(rated, "balanced", grouped=False))
    if rated.collection.grouped:
        found |= _scores("TF-IDF by group", rated, _predicted(rated, None, grouped=True))
        found |= _scores("TF-IDF by group, balanced", rated, _predicted(rated, "balanced", grouped=True))
    return found


def _model(weight: str | None) -> Pipeline:
    """The published one: it differs from the pipeline's own baseline, which is tuned for macro-F1."""
    words = r"(?u)\b\w+\b|[!?:;()]+"
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=words),
        LogisticRegression(C=4, max_iter=2000, class_weight=weight),
    )


def _predicted(rated: Rated, weight: str | None, *, grouped: bool) -> Ints:
    folds = StratifiedGroupKFold if grouped else StratifiedKFold
    found: Ints = cross_val_predict(
        _model(weight),
        np.array(rated.collection.texts),
        rated.labels,
        groups=rated.collection.groups if grouped else None,
        cv=folds(5, shuffle=True, random_state=0),
    )
    return found


def _dawid_skene(rated: Rated) -> Figures:
    """Some columns of each block against the mean of the others: by majority, and weighed by reliability."""
    ratings = rated.collection.ratings
    blocks = [np.array(ratings[at : at + BLOCK]) for at in range(0, len(ratings) - BLOCK + 1, BLOCK)]
    found = {}
    for size in (3, 5):
        scores = np.mean([_consensus(blocks, size, rated.rule, seed) for seed in SEEDS], axis=0)
        found[f"majority of {size} against the rest"] = float(scores[0])
        found[f"one-coin Dawid-Skene of {size}"] = float(scores[1])
    return found


def _consensus(blocks: list[Floats], size: int, rule: ScaleRule, seed: int) -> tuple[float, float]:
    generator = np.random.default_rng(seed)
    said, reference = [], []
    for block in blocks:
        order = generator.permutation(block.shape[1])
        said.append(class_ids(rule, block[:, order[:size]]))
        reference.append(class_ids(rule, block[:, order[size:]].mean(axis=1)))
    answers, true = np.array(said), np.concatenate(reference)
    block, item, column = np.indices(answers.shape)
    texts, raters = block * BLOCK + item, block * size + column
    weighed = one_coin(answers.ravel(), texts.ravel(), raters.ravel(), classes=3).probabilities
    votes = (answers.reshape(-1, size, 1) == np.arange(3)).sum(axis=1)
    first = votes == votes.max(axis=1, keepdims=True)
    majority = (first / first.sum(axis=1, keepdims=True))[np.arange(len(true)), true]
    return float(majority.mean()), float((weighed.argmax(axis=1) == true).mean())


def _print_figures(found: dict[str, Figures]) -> tuple[int, int]:
    within = compared = 0
    for place, name in enumerate(COLLECTIONS):
        print(f"-- {name:44}{'ours':>8}{'published':>11}{'off by':>9}")
        for figure, row in FIGURES.items():
            published = row[place]
            if published is None:
                continue
            ours = found[name][figure]
            near = abs(ours - published) <= TOLERANCE
            within, compared = within + near, compared + 1
            verdict = "OK" if near else "OFF"
            print(f"   {figure:44}{ours:8.3f}{published:11.3f}{ours - published:+9.3f}  {verdict}")
    return within, compared


def _one_rater(rated: Rated, seed: int) -> tuple[Ints, Floats]:
    """Labels of one rater a text, never one of the last two, and out-of-fold probabilities under them."""
    generator = np.random.default_rng(seed)
    ratings = rated.collection.ratings
    labels = class_ids(rated.rule, np.array([given[generator.integers(len(given) - 2)] for given in ratings]))
    return labels, _probabilities(rated, labels)


def _probabilities(rated: Rated, labels: Ints) -> Floats:
    found: Floats = cross_val_predict(
        _model(None),
        np.array(rated.collection.texts),
        labels,
        groups=rated.collection.groups,
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    return found


def _print_issues(rated: Rated) -> tuple[int, int]:
    """Labels of one rater, of which about one in six is not the class of the mean: are they found?"""
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in SEEDS:
        labels, probabilities = _one_rater(rated, seed)
        wrong = labels != rated.labels
        for name, found in _issues(labels, probabilities):
            worst = np.argsort(found.quality)[: len(labels) // 20]
            rows.setdefault(name, []).append(
                {
                    "labels wrong": wrong.mean(),
                    "flagged": found.flagged.mean(),
                    "precision of the flagged": wrong[found.flagged].mean(),
                    "recall of the flagged": found.flagged[wrong].mean(),
                    "precision in the worst 5 %": wrong[worst].mean(),
                    "AUROC of self-confidence": roc_auc_score(wrong, -found.quality),
                }
            )
    within = compared = 0
    for name, seeds in rows.items():
        print(f"-- amazon, labels of one rater: {name}")
        for figure, (low, high) in RANGES.items():
            ours = float(np.mean([one[figure] for one in seeds]))
            near = low - TOLERANCE <= ours <= high + TOLERANCE
            within, compared = within + near, compared + 1
            verdict = "OK" if near else "OFF"
            print(f"   {figure:44}{ours:8.3f}{low:8.3f} to {high:.3f}  {verdict}")
    return within, compared


def _issues(labels: Ints, probabilities: Floats) -> Iterator[tuple[str, Any]]:
    yield OURS, label_issues(labels, probabilities, use_cleanlab=False)
    found = label_issues(labels, probabilities)
    if found.method == CLEANLAB:
        yield CLEANLAB, found


def _print_queue(rated: Rated) -> None:
    """Relabelling simulated with the ratings that were held back: is the expected gain what comes?"""
    print(
        "-- amazon, labels of few raters: labels put right by 5 more ratings, for the first 200 of an order"
    )
    print(f"   {'raters a label':20}" + "".join(f"{name:>17}" for name in _ORDERS))
    for size in (2, 3, 5):
        means = np.array([_relabelled(rated, size, seed) for seed in SEEDS]).mean(axis=0)
        print(f"   {size:<20}{means[0]:17.3f}" + "".join(f"{value:17.1f}" for value in means[1:]))


def _relabelled(rated: Rated, size: int, seed: int) -> tuple[float, ...]:
    first, extra = 200, 5
    generator = np.random.default_rng(seed)
    drawn = np.array([generator.permutation(given[:20]) for given in rated.collection.ratings])
    labels, later, true = (
        class_ids(rated.rule, drawn[:, part].mean(axis=1))
        for part in (slice(size), slice(size + extra), slice(size + extra, None))
    )
    probabilities = _probabilities(rated, labels)
    ids, groups = rated.collection.ids, rated.collection.groups
    given = drawn[:, :size].tolist()
    columns = LabelColumns(ids, groups, rated.collection.texts, labels, given, [None] * len(ids))
    human = human_level(given, labels, groups, rated.contract, seed=0, samples=20)
    issues = label_issues(labels, probabilities, use_cleanlab=False)
    queue = [
        row
        for row in relabel_queue(columns, rated.contract, probabilities, issues, human)
        if row["action"] == "more ratings"
    ][:first]
    place = {name: row for row, name in enumerate(ids)}
    gained = (later == true).astype(float) - (labels == true)
    orders = (
        [place[row["review_id"]] for row in queue],
        np.argsort(issues.quality)[:first],
        generator.permutation(len(ids))[:first],
    )
    expected = sum(row["expected_gain"] for row in queue)
    return float((labels != true).mean()), expected, *(float(gained[order].sum()) for order in orders)
