"""Judge raw rows against the contract: a labelled review, or a fault with its reason."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_code.reviews.contract import Contract, LabelRule, Source, TableSource
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.reasons import Reason, Refused
from pipeline_code.reviews.scalars import EARLIEST, LATEST, seconds_of, shown, text_of
from pipeline_code.reviews.sources.rows import Fault, Row

# Only with the semicolon: HTML also knows entities without one, which makes "rock&regular" a trade mark.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class ValidationFailed(BertlineError):
    """Too many rows were refused, or none were left."""


@dataclass(frozen=True, slots=True)
class Review:
    """One labelled review that satisfies the contract.

    `rating` is None under a rule that reads the class itself, `event_time` is in UNIX seconds,
    `attributes` is a JSON object with sorted keys and text values, `decoded` says that HTML entities
    were replaced in the text.
    """

    review_id: str
    group_id: str
    review_body: str
    source: str
    rating: float | None
    label: str
    label_id: int
    event_time: float
    attributes: str = "{}"
    decoded: bool = False


@dataclass(frozen=True)
class Judge:
    """Checks each row by itself: it remembers nothing, so rows may be judged in any order and place."""

    contract: Contract

    def check(self, row: Row, source: Source) -> Review | Fault:
        """Return the review that a row holds, or the fault that keeps it out."""
        try:
            return self._review(row, source)
        except Refused as refused:
            return row.fault(refused.reason, refused.detail)

    def _review(self, row: Row, source: Source) -> Review:
        text, decoded = self._text(row.text)
        names = self.contract.class_names
        label_id, rating = self.contract.label_rule.decide(row.rating, names)
        review_id = source.id_prefix + self._id(row, source, text)
        return Review(
            review_id=review_id,
            group_id=self._group(row, source, review_id),
            review_body=text,
            source=source.tag,
            rating=rating,
            label=names[label_id],
            label_id=label_id,
            event_time=self._event_time(row),
            attributes=_attributes(row.attributes, self.contract.label_rule),
            decoded=decoded,
        )

    def _text(self, value: object) -> tuple[str, bool]:
        if value is None:
            raise Refused(Reason.EMPTY_TEXT, "the text is missing")
        if not isinstance(value, str):
            raise Refused(Reason.TEXT_NOT_A_STRING, f"the text is a {type(value).__name__}")
        decode = self.contract.cleaning.html_entities == "decode"
        meant = _ENTITY.sub(_character, value) if decode and "&" in value else value
        text = meant.strip()
        if not text:
            raise Refused(Reason.EMPTY_TEXT, "the text is empty")
        if len(text) > self.contract.max_text_characters:
            detail = f"{len(text)} characters, the limit is {self.contract.max_text_characters}"
            raise Refused(Reason.TEXT_TOO_LONG, detail)
        return text, meant != value

    def _id(self, row: Row, source: Source, text: str) -> str:
        if isinstance(source, TableSource) and source.columns.id is None:
            return hashlib.sha256(text.encode()).hexdigest()[:16]
        return _required(row.id, "id")

    def _group(self, row: Row, source: Source, review_id: str) -> str:
        rule = self.contract.group
        if rule.rule == "column":
            return source.id_prefix + _required(row.group, "group")
        if rule.pattern is None:
            return review_id
        match = re.search(rule.pattern, review_id.removeprefix(source.id_prefix))
        group = match.group(1) if match else None
        if not group:
            raise Refused(Reason.NO_GROUP, f"the group pattern finds no group in the id {review_id[:80]!r}")
        return source.id_prefix + group

    def _event_time(self, row: Row) -> float:
        constant = self.contract.event_time.constant_seconds()
        if constant is not None:
            return constant
        seconds = seconds_of(row.event_time)
        if seconds is None:
            detail = (
                f"{shown(row.event_time)} is neither an ISO 8601 date nor UNIX seconds "
                f"from {EARLIEST.year} to {LATEST.year - 1}"
            )
            raise Refused(Reason.UNREADABLE_EVENT_TIME, detail)
        return seconds


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _attributes(values: Mapping[str, object], rule: LabelRule) -> str:
    if not values:
        return "{}"
    texts = {name: text_of(value) for name, value in values.items()}
    if texts.get("ratings"):
        _check_opinions(str(texts["ratings"]), texts.get("raters"), rule)
    return json.dumps(
        {name: text for name, text in texts.items() if text}, ensure_ascii=False, sort_keys=True
    )


def failure(rows: int, reasons: dict[str, int], limit: float) -> str | None:
    """Why the run must fail: nothing is left, or more than `limit` of the rows are faults; else None."""
    refused = sum(reasons.values())
    listed = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items(), key=_most_first))
    if rows == 0:
        return "the sources hold no rows"
    if refused == rows:
        return f"all {rows} rows quarantined: {listed}"
    if refused / rows > limit:
        share = f"{100 * refused / rows:.1f} % of rows quarantined (limit {100 * limit:g} %)"
        return f"{share}: {listed}"
    return None


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _check_opinions(ratings: str, raters: str | None, rule: LabelRule) -> None:
    """Refuse ratings of several people that are no list of numbers on the scale, or name not all people."""
    values = _list(ratings)
    if not values or not all(isinstance(value, int | float) for value in values):
        raise Refused(Reason.RATING_NOT_A_NUMBER, f"the ratings are {shown(ratings)}, not a list of numbers")
    for value in values:
        rule.decide(value, ())
    if raters and len(_list(raters) or []) != len(values):
        raise Refused(Reason.MISSING_VALUE, f"{len(values)} ratings, but not as many raters: {shown(raters)}")


def _list(text: str) -> list[object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _required(value: object, what: str) -> str:
    if isinstance(value, dict | list):
        raise Refused(Reason.MISSING_VALUE, f"the {what} is a {type(value).__name__}")
    text = text_of(value)
    if not text:
        raise Refused(Reason.MISSING_VALUE, f"the {what} is missing")
    return text
