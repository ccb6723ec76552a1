"""Least figures on the test split, and the features that serving and training must share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.contract import GateFloors
from pipeline_code.reviews.gate.verdict import Rule, rule


def rules(evaluation: dict[str, Any], gate: GateFloors, min_accuracy: float) -> Iterator[Rule]:
    """Accuracy, macro-F1, recall of each class, calibration, must-pass examples and feature parity."""
    accuracy = evaluation["metrics"]["accuracy"]["value"]
    yield at_least("min_accuracy", "accuracy", accuracy, min_accuracy)
    if gate.accuracy:
        yield at_least("accuracy", "accuracy", accuracy, gate.accuracy)
    yield at_least("macro_f1", "macro-F1", evaluation["metrics"]["macro_f1"]["value"], gate.macro_f1)
    for name, floor in gate.recall.items():
        yield _recall(name, evaluation["classes"][name], floor)
    if gate.max_calibration_error is not None:
        error = evaluation["calibration"]["ece"]["value"]
        yield at_most("calibration", "calibration error", error, gate.max_calibration_error)
    yield _must_pass(evaluation["must_pass"])
    yield _same_features(evaluation["parity"])


def _recall(name: str, found: dict[str, Any], floor: float) -> Rule:
    """A floor asks for evidence: a class that the test split lacks refuses the model."""
    if floor and not found["support"]:
        reason = f"recall of {name} is not known: the test split has no text of that class"
        return Rule(f"recall_{name}", None, floor, "missed", reason)
    return at_least(f"recall_{name}", f"recall of {name}", found["recall"], floor)


def at_least(name: str, what: str, value: float, bound: float) -> Rule:
    """A value that must reach its bound."""
    passed = value >= bound
    side = "at or above" if passed else "below"
    return rule(name, value, bound, passed, f"{what} {value:.3f} is {side} {bound:.3f}")


def at_most(name: str, what: str, value: float, bound: float, unit: str = "", digits: int = 3) -> Rule:
    """A value that must not exceed its bound."""
    passed = value <= bound
    side = "at or below" if passed else "above"
    shown, limit = (f"{number:,.{digits}f}{unit}" for number in (value, bound))
    return rule(name, value, bound, passed, f"{what} {shown} is {side} {limit}")


def _must_pass(examples: dict[str, Any]) -> Rule:
    """One failure is enough: these are the examples that matter more than any average."""
    failed, total = examples["failures"], examples["examples"]
    if not total:
        return Rule("must_pass", None, 0.0, "not judged", "the contract names no must-pass examples")
    if not failed:
        return rule("must_pass", 0.0, 0.0, True, f"all {total} must-pass examples are right")
    listed = ", ".join(f"number {item['number']} ({item['label']}) as {item['predicted']}" for item in failed)
    reason = f"{len(failed)} of {total} must-pass examples are wrong: {listed}"
    return rule("must_pass", float(len(failed)), 0.0, False, reason)


def _same_features(parity: dict[str, Any]) -> Rule:
    different = parity["different_rows"]
    reason = f"serving and training tokenise {different} of {parity['rows']} texts differently"
    return rule("feature_parity", float(different), 0.0, different == 0, reason)
