"""How far the people agree whose labels the model learns from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import measure, number, percent

_TITLE = "How consistent the labels are"
_ALPHAS = {
    "nominal": "on the classes, as names",
    "ordinal": "on the classes, in their order",
    "ordinal_ratings": "on the ratings, as ranks",
    "interval": "on the ratings, as numbers",
}
_SHARES = {
    "unanimous_share": "texts that all raters put in one class",
    "ambiguous_share": "texts so close to a cut that other raters might give another class",
    "no_majority_share": "texts whose raters give no class a majority",
}
_COUNTS = {
    "probable_errors": "Clear labels that a simple model contradicts",
    "queued": "Labels in the relabel queue",
}
# Customary bounds of Krippendorff (Content Analysis, 2004): conclusions, and tentative ones.
_RELIABLE, _TENTATIVE = 0.8, 0.667


def section(pieces: Pieces) -> Section:
    """Krippendorff's alpha, and shares of unanimous and ambiguous texts."""
    found = pieces.part("labels")
    if not found:
        reason = (
            "The texts carry no ratings of several people, so nothing is known of how consistent labels are."
        )
        return Section("labels", _TITLE, [reason])
    return Section("labels", _TITLE, list(_sentences(found)), {"rows": list(_rows(found)), "measured": found})


def _sentences(found: dict[str, Any]) -> Iterator[str]:
    nominal = (found.get("alpha") or {}).get("nominal")
    if nominal is not None:
        yield (
            f"Raters' agreement on the classes is {number(nominal, 2)} (Krippendorff's alpha: 1 if "
            "they always agree, "
            f"0 if as often as by chance), which is {_grade(nominal)}."
        )
    if found.get("ambiguous_share") is not None:
        yield (
            f"{percent(found['ambiguous_share'], 0)} of the texts lie so close to a cut between "
            "classes that other "
            "raters might have moved them: an error there is hardly the model's."
        )


def _grade(alpha: float) -> str:
    if alpha >= _RELIABLE:
        return "reliable"
    if alpha >= _TENTATIVE:
        return "good enough for tentative conclusions"
    return "too low to rely on single raters; the mean of many is better than each"


def _rows(found: dict[str, Any]) -> Iterator[dict[str, str]]:
    for kind, value in (found.get("alpha") or {}).items():
        yield {"name": f"Krippendorff's alpha {_ALPHAS.get(kind, kind)}", "shown": number(value)}
    for key, value in found.items():
        if key in _SHARES:
            yield {"name": f"Share of {_SHARES[key]}", "shown": percent(value)}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            shown = percent(value) if key.endswith("_share") else measure(value)
            yield {"name": _COUNTS.get(key, key.replace("_", " ").capitalize()), "shown": shown}
