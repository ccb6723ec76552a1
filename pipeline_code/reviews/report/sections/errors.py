"""What to work on: kinds of errors by what their repair would gain, and what cannot be repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.dots import Row, dot_chart
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import number, percent, points

_DRAWN, _LISTED = 10, 30


def section(pieces: Pieces) -> Section:
    """The tags ranked by ceiling gain, and avoidable errors by how far people agree."""
    found = pieces.part("error_analysis")
    tags = sorted(found.get("table") or [], key=_rank)
    bands = [
        {**one, "avoidable": None if one.get("human") is None else max(0.0, one["human"] - one["accuracy"])}
        for one in found.get("avoidable") or []
        if one.get("accuracy") is not None
    ]
    figures = {"tags": tags[:_LISTED], "left_out": max(0, len(tags) - _LISTED), "bands": bands}
    return Section(
        "errors",
        "What to work on",
        list(_sentences(tags, bands)),
        figures if tags or bands else {},
        _charts(tags, bands),
    )


def _rank(one: dict[str, Any]) -> tuple[float, float]:
    gain = one.get("ceiling_gain")
    return (float(one.get("rank") or 1e9), -(gain["value"] if gain else -1.0))


def _sentences(tags: list[dict[str, Any]], bands: list[dict[str, Any]]) -> Iterator[str]:
    if not tags:
        yield "No kinds of errors were tagged."
    else:
        yield (
            "Ceiling gain is what accuracy would gain if the model were as good as people on texts of a kind "
            "(gap to one person \u00d7 share of the texts); without human level it is not known."
        )
        first = tags[0]
        if first.get("ceiling_gain"):
            low, high = first["ceiling_gain"]["interval"]
            yield (
                f"Most is to be gained with \u201c{first['tag']}\u201d: up to "
                f"{points(first['ceiling_gain']['value'])} points "
                f"(95 % interval {points(low)} to {points(high)}); {first['errors']} of "
                f"{first['rows']} are wrong."
            )
    known = [one for one in bands if one["avoidable"] is not None]
    if not known:
        yield (
            "Without several ratings a text, avoidable errors cannot be told from those that people make too."
        )
    else:
        most = max(known, key=lambda one: float(one["share"] * one["avoidable"]))
        yield (
            "Where people disagree, errors are partly theirs. Most avoidable error lies in the band "
            f"\u201c{most['band']}\u201d: the model {percent(most['accuracy'], 0)}, one person "
            f"{percent(most['human'], 0)}."
        )


def _charts(tags: list[dict[str, Any]], bands: list[dict[str, Any]]) -> dict[str, Any]:
    charts = {}
    gains = [one for one in tags if one.get("ceiling_gain")][:_DRAWN]
    if gains:
        rows = [
            Row(
                one["tag"],
                one["ceiling_gain"]["value"],
                points(one["ceiling_gain"]["value"]),
                one["ceiling_gain"]["interval"],
                strong=True,
            )
            for one in gains
        ]
        charts["gains"] = dot_chart(
            rows,
            "Ceiling gain of each kind of text in points",
            bounds=(-1.0, 1.0),
            reference=0.0,
            scale=100,
            sign=True,
        )
    if bands:
        lines = [
            Row(
                one["band"],
                one["accuracy"],
                number(one["accuracy"], 2),
                None if one["human"] is None else sorted((one["accuracy"], one["human"])),
                strong=True,
                beside=one["human"],
            )
            for one in bands
        ]
        charts["bands"] = dot_chart(lines, "Accuracy of the model and of one person by how far raters agree")
    return charts
