"""The model beside people, the model in service, simple models and published figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.dots import Row, Shape, dot_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import BASELINES, compared, model_name, number, people

_METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}


def section(pieces: Pieces) -> Section:
    """Interval charts of both metrics, recall by class, and each paired verdict in words."""
    found = pieces.evaluation["baselines"]
    others = {
        name: found[name]
        for name in [*(n for n in BASELINES if n in found), *sorted(set(found) - set(BASELINES))]
    }
    literature = pieces.evaluation.get("literature") or []
    rows = [_model(pieces), *_people(pieces), *(_other(name, one) for name, one in others.items())]
    figures = {
        "classes": pieces.names,
        "rows": rows,
        "comparisons": [_comparison(name, one) for name, one in others.items()],
        "literature": literature,
    }
    charts = {metric: _chart(rows, literature, metric, shown) for metric, shown in _METRICS.items()}
    sentences = list(_sentences(pieces, others))
    return Section("baselines", "Beside people and other models", sentences, figures, {"metrics": charts})


def _sentences(pieces: Pieces, others: dict[str, Any]) -> Iterator[str]:
    rows = pieces.evaluation["rows"]
    yield (
        f"All figures are of the same {rows:,} test texts. A line is the 95 % interval, the mark the "
        "measured figure."
    )
    if pieces.people:
        human = pieces.part("human")
        reference = human.get("reference") or "the other raters' mean"
        yield (
            f"People are one or more raters of a text, judged by {reference}. Beating them is never "
            "enough to pass."
        )
        if human.get("rows", rows) < rows:
            yield f"Their figures are of the {human['rows']:,} test texts that several people rated."
    else:
        reason = pieces.part("human").get("reason") or "the test texts carry no ratings of several people"
        yield f"Human level is not known: {reason}."
    live = pieces.part("live") or others.get("live", {}).get("facts") or {}
    if "live" not in others:
        yield f"No model in service was compared: {live.get('reason') or 'there was none to fetch'}."
    elif live.get("may_know_test_rows"):
        yield "The model in service learned under another split: it may know test texts, which flatters it."
    if not pieces.evaluation.get("literature"):
        yield "The contract names no published figure to compare with."


def _model(pieces: Pieces) -> dict[str, Any]:
    classes = pieces.evaluation["classes"]
    recall = {name: classes[name]["recall"] for name in pieces.names}
    return {"label": "This model", "kind": "model", **pieces.evaluation["metrics"], "recall": recall}


def _people(pieces: Pieces) -> Iterator[dict[str, Any]]:
    for raters, level in pieces.people.items():
        figures = {metric: level.get(metric) for metric in _METRICS}
        yield {"label": people(raters), "kind": "people", **figures, "recall": level.get("recall") or {}}


def _other(name: str, one: dict[str, Any]) -> dict[str, Any]:
    kind = one.get("kind") or ("live" if name == "live" else "simple")
    label = model_name(name, one.get("facts"))
    return {"label": label, "kind": kind, **one["metrics"], "recall": one.get("recall") or {}}


def _comparison(name: str, one: dict[str, Any]) -> dict[str, Any]:
    differences = {}
    for metric, difference in (one.get("difference") or {}).items():
        verdict, words = compared(difference)
        differences[metric] = {"value": difference["value"], "interval": difference["interval"]}
        differences[metric] |= {"verdict": verdict, "words": words}
    return {"label": model_name(name, one.get("facts")), "differences": differences}


def _chart(
    rows: list[dict[str, Any]], literature: list[dict[str, Any]], metric: str, shown: str
) -> dict[str, Any]:
    shapes: dict[str, Shape] = {"model": "disc", "people": "ring", "live": "square", "simple": "disc"}
    placed = [
        Row(
            row["label"],
            row[metric]["value"],
            number(row[metric]["value"]),
            row[metric]["interval"],
            shapes.get(row["kind"], "disc"),
            row["kind"] == "model",
        )
        for row in rows
        if row.get(metric)
    ]
    placed += [
        Row(one["name"], one["value"], number(one["value"]), shape="diamond")
        for one in literature
        if one["metric"] == metric
    ]
    return dot_chart(placed, f"{shown} of this model beside people and other models")
