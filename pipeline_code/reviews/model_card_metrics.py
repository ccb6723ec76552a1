"""The metric groups of a model card: figures with their intervals as notes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_GROUP, _NAME, _NOTES, _TEXT = 63, 255, 320, 63
_METRICS = 40  # a group; the schema has no bound, the whole card has
_MATRIX = 20
_SHOWN = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}


def cut(text: str, characters: int) -> str:
    """A text that is no longer than the schema takes."""
    return text if len(text) <= characters else text[: characters - 3] + "..."


def metric_groups(evaluation: Json) -> list[Json]:
    """Groups in the order of their weight; without those that have nothing to show."""
    found = {
        "Metrics": _overall(evaluation),
        "Gate": _gate(evaluation),
        "Classes": _classes(evaluation),
        "Slices": _slices(evaluation),
        "Beside people and other models": _beside(evaluation),
        "Calibration": _calibration(evaluation),
        "Size, speed and cost": _constraints(evaluation),
        "Confusion matrix": _confusion(evaluation),
    }
    groups = [
        {"name": cut(name, _GROUP), "metric_data": list(metrics)[:_METRICS]}
        for name, metrics in found.items()
    ]
    return [group for group in groups if group["metric_data"]]


def _metric(name: str, value: Any, notes: str = "") -> Iterator[Json]:
    """One number or text; nothing if it is not known."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    kind = "string" if isinstance(value, str) else "number"
    shown = cut(value, _TEXT) if isinstance(value, str) else round(value, 6)
    yield {"name": cut(name, _NAME), "type": kind, "value": shown} | (
        {"notes": cut(notes, _NOTES)} if notes else {}
    )


def _figure(name: str, figure: Json | None, notes: str = "") -> Iterator[Json]:
    if figure:
        low, high = figure["interval"]
        between = f"95 % interval {low:.4f} to {high:.4f}"
        yield from _metric(name, figure["value"], f"{between}; {notes}" if notes else between)


def _overall(evaluation: Json) -> Iterator[Json]:
    for metric, shown in _SHOWN.items():
        yield from _figure(shown, evaluation["metrics"][metric])


def _gate(evaluation: Json) -> Iterator[Json]:
    for rule in evaluation["gate"]["rules"]:
        verdict = rule.get("verdict") or ("passed" if rule["passed"] else "missed")
        yield from _metric(rule["name"], verdict, rule["reason"])


def _classes(evaluation: Json) -> Iterator[Json]:
    for name, one in evaluation["classes"].items():
        for metric in ("precision", "recall"):
            bounds = one.get(f"{metric}_interval")
            figure = {"value": one[metric], "interval": bounds} if bounds else None
            shown = f"{metric.capitalize()} of {name}"
            yield from _figure(shown, figure) if figure else _metric(shown, one[metric])
        yield from _metric(f"F1 of {name}", one["f1"], f"{one['support']} test texts")
        yield from _figure(f"PR-AUC of {name}", one.get("pr_auc"))


def _slices(evaluation: Json) -> Iterator[Json]:
    slices = evaluation.get("slices") or {}
    for name, one in sorted(slices.items(), key=lambda item: not item[1]["critical"]):
        kind = "critical, " if one["critical"] else ""
        yield from _figure(f"Accuracy in {name}", one["accuracy"], f"{kind}{one['rows']} test texts")
    for one in evaluation.get("discovered_slices") or []:
        notes = f"found by search and confirmed on other texts, {one['rows']} test texts"
        yield from _figure(f"Accuracy in {one['description']}", one["accuracy"], notes)


def _beside(evaluation: Json) -> Iterator[Json]:
    for raters, level in ((evaluation.get("human") or {}).get("levels") or {}).items():
        for metric, shown in _SHOWN.items():
            yield from _figure(
                f"{shown}, people (k = {raters})", level.get(metric), "against the other raters"
            )
    for name, one in evaluation["baselines"].items():
        for metric, shown in _SHOWN.items():
            verdict = one["difference"][metric].get("verdict")
            notes = f"this model is: {verdict}" if verdict else ""
            yield from _figure(f"{shown}, {name}", one["metrics"][metric], notes)


def _calibration(evaluation: Json) -> Iterator[Json]:
    found = evaluation.get("calibration") or {}
    yield from _figure("Expected calibration error", found.get("ece"))
    yield from _figure("Brier score", found.get("brier"))
    yield from _metric("Temperature", found.get("temperature"))
    held = [one for one in found.get("bins") or [] if one["count"]]
    if held:
        yield {
            "name": "Reliability",
            "type": "linear_graph",
            "value": [[round(one["confidence"], 6), round(one["accuracy"], 6)] for one in held],
            "x_axis_name": "certainty",
            "y_axis_name": "accuracy",
        }


def _constraints(evaluation: Json) -> Iterator[Json]:
    found = evaluation.get("constraints") or {}
    machine = str(found.get("measured_on") or "")
    yield from _metric("Model archive, MB", found.get("artifact_mb"))
    for share, value in (found.get("latency_ms") or {}).items():
        if share != "requests":
            yield from _metric(f"Latency of one text, {share}, ms", value, machine)
    yield from _metric("Memory of a serving process, MB", found.get("memory_mb"), machine)
    price = f"{found.get('instance_type')} at {found.get('price_per_hour')} US dollars an hour"
    yield from _metric("Cost of 1,000 answers, US dollars", found.get("cost_per_1000"), price)


def _confusion(evaluation: Json) -> Iterator[Json]:
    found = evaluation["confusion_matrix"]
    if 1 <= len(found["labels"]) <= _MATRIX:
        names = [cut(name, _TEXT) for name in found["labels"]]
        yield {
            "name": "Test texts by true (rows) and predicted class",
            "type": "matrix",
            "value": found["counts"],
            "x_axis_name": names,
            "y_axis_name": names,
        }
