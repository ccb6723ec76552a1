"""Groups of texts: declared in the contract, critical and worst first, and those found by search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.dots import Row, dot_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import compared, count, number, of_hundred, percent, points

_DRAWN = 12


def section(pieces: Pieces) -> Section:
    """Accuracy of each slice beside people's, its difference to the live model, and discovered slices."""
    declared = sorted((_declared(name, one) for name, one in pieces.part("slices").items()), key=_rank)
    found = pieces.evaluation.get("discovered_slices")
    figures: dict[str, Any] = {}
    if declared or found:
        figures = {"declared": declared, "discovered": found or []}
    return Section(
        "slices", "Groups of texts", list(_sentences(declared, found)), figures, _charts(pieces, declared)
    )


def _declared(name: str, one: dict[str, Any]) -> dict[str, Any]:
    live = one.get("live_difference")
    verdict, words = compared(live) if live else (None, None)
    kept = ("kind", "rows", "groups", "share", "accuracy", "macro_f1", "human", "ceiling_gain")
    return {
        "name": name,
        "critical": bool(one.get("critical")),
        **{key: one.get(key) for key in kept},
        "live_difference": live and {**live, "verdict": verdict, "words": words},
    }


def _rank(one: dict[str, Any]) -> tuple[bool, bool, float]:
    accuracy = one["accuracy"]
    return (not one["critical"], accuracy is None, accuracy["value"] if accuracy else 0.0)


def _sentences(declared: list[dict[str, Any]], found: list[dict[str, Any]] | None) -> Iterator[str]:
    if not declared:
        yield "The contract declares no groups of texts to look at one by one."
    else:
        yield (
            "An average hides who is served badly: these groups of texts are judged one by one, "
            "critical ones first."
        )
        worst = [one for one in declared if one["accuracy"]]
        if worst:
            low = min(worst, key=lambda one: float(one["accuracy"]["value"]))
            yield (
                f"The worst is \u201c{low['name']}\u201d: {of_hundred(low['accuracy']['value'])} of "
                "100 are right, in "
                f"{count(low['rows'], 'test text')} ({percent(low['share'])} of all)."
            )
        small = [one["name"] for one in declared if not one["accuracy"]]
        if small:
            yield f"Too few test texts for a figure: {', '.join(small)}."
        if not any(one["live_difference"] for one in declared):
            yield "There is no model in service to compare the groups with."
    if found is None:
        yield "No search for further weak groups was made."
    elif not found:
        yield "A search for further weak groups found none that the other half of the texts confirmed."
    else:
        yield (
            f"A search on one half of the test texts found {count(len(found), 'weak group')} that the "
            "other half "
            "confirmed; the chance of a false find is corrected for the number of looks."
        )


def _charts(pieces: Pieces, declared: list[dict[str, Any]]) -> dict[str, Any]:
    drawn = [one for one in declared if one["accuracy"]][:_DRAWN]
    if not drawn:
        return {}
    overall = pieces.evaluation["metrics"]["accuracy"]["value"]
    rows = [
        Row(
            _label(one),
            one["accuracy"]["value"],
            number(one["accuracy"]["value"], 2),
            one["accuracy"]["interval"],
            strong=one["critical"],
            beside=one["human"],
        )
        for one in drawn
    ]
    charts = {"accuracy": dot_chart(rows, "Accuracy of each group of texts", reference=overall)}
    against = [one for one in drawn if one["live_difference"]]
    if against:
        moves = [
            Row(
                _label(one),
                one["live_difference"]["value"],
                points(one["live_difference"]["value"]),
                one["live_difference"]["interval"],
                strong=one["critical"],
            )
            for one in against
        ]
        charts["live"] = dot_chart(
            moves,
            "Accuracy of each group of texts, difference to the model in service in points",
            bounds=(-1.0, 1.0),
            reference=0.0,
            scale=100,
            sign=True,
        )
    return charts


def _label(one: dict[str, Any]) -> str:
    return f"{one['name']} (critical)" if one["critical"] else str(one["name"])
