"""The model against simple models, people and the live model, on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.contract import GateFloors
from pipeline_code.reviews.gate.verdict import Rule, rule

_SHOWN = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def rules(evaluation: dict[str, Any], gate: GateFloors) -> Iterator[Rule]:
    """Better than guessing and counting words, near people in every class, not worse than the live one."""
    baselines = evaluation["baselines"]
    accuracy = evaluation["metrics"]["accuracy"]["value"]
    yield _beats_majority(accuracy, baselines["majority"]["metrics"]["accuracy"]["value"])
    yield _beats_tfidf(baselines["tfidf"]["difference"]["macro_f1"], gate.macro_f1_margin_over_tfidf)
    if gate.human_recall_share is not None:
        yield from _near_people(evaluation, gate.human_recall_share)
    yield from _live(baselines.get("live"), gate, (evaluation.get("live") or {}).get("reason"))


def _beats_majority(accuracy: float, majority: float) -> Rule:
    passed = accuracy > majority
    word = "beats" if passed else "does not beat"
    reason = f"accuracy {accuracy:.3f} {word} always guessing the commonest class ({majority:.3f})"
    return rule("beats_majority", accuracy, majority, passed, reason)


def _beats_tfidf(gain: dict[str, Any], margin: float) -> Rule:
    value, (low, high) = gain["value"], gain["interval"]
    passed = value >= margin
    side = "at or above" if passed else "below"
    reason = (
        f"macro-F1 gain over TF-IDF {value:+.3f} (95 % interval {low:+.3f} to {high:+.3f}) "
        f"is {side} {margin:.3f}"
    )
    return rule("beats_tfidf", value, margin, passed, reason)


def _near_people(evaluation: dict[str, Any], share: float) -> Iterator[Rule]:
    """Each class's recall against one person's: a better average than people's does not make up for a class.

    Both are of the rows that several people rated, which need not be all. The bound of a class is `share` of
    one person's recall of it, so it moves when people agree more.
    """
    found = evaluation["human"] or {}
    levels = found.get("levels", {})
    if "1" not in levels:
        reason = "human level is not known: no test text has ratings of several people"
        yield Rule("human_recall", None, share, "not judged", reason)
        return
    one, model = levels["1"], found["model"]
    value, people = model["accuracy"], one["accuracy"]["value"]
    where = "" if found["rows"] == evaluation["rows"] else f" on the {found['rows']} texts that people rated"
    beaten = value > people
    for name, human in one["recall"].items():
        recall = model["recall"][name]
        if not human or recall is None:
            reason = f"recall of {name} has no bound: people rated no test text as that class"
            yield Rule(f"human_recall_{name}", None, 0.0, "not judged", reason)
            continue
        passed = recall >= share * human
        side = "at or above" if passed else "below"
        reason = (
            f"recall of {name} {recall:.3f} against one person's {human:.3f} "
            f"({100 * recall / human:.0f} % of it){where} is {side} the wanted {100 * share:.0f} %"
        )
        if beaten and not passed:
            reason += f", which accuracy {value:.3f} above one person's {people:.3f} does not make up for"
        yield rule(f"human_recall_{name}", recall, share * human, passed, reason)


def _live(live: dict[str, Any] | None, gate: GateFloors, missing: str | None) -> Iterator[Rule]:
    """Accuracy and macro-F1 against the live model's, judged by the lower end of the paired interval.

    `missing` is why there is nothing to compare with, as Baselines found it.
    """
    margin = gate.live.margin
    if live is None:
        reason = missing or "there is no live model to compare with"
        yield Rule("live", None, -margin, "not judged", reason)
        return
    for metric, shown in _SHOWN.items():
        found = live["difference"][metric]
        low, high = found["interval"]
        unsure = found["verdict"] == "can't tell"
        passed = found["verdict"] in ("better", "not worse") or (unsure and gate.live.when_unsure == "pass")
        said = "cannot be told from worse" if unsure else f"is {found['verdict']}"
        reason = (
            f"{shown} {found['value']:+.3f} against the live model (95 % interval {low:+.3f} to {high:+.3f}) "
            f"{said} at a margin of {margin:.3f}"
        )
        yield rule(f"live_{metric}", low, -margin, passed, reason)
