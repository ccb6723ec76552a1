"""Judge raw rows against the contract: a labelled review, or a fault with its reason."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from pipeline_code.reviews.contract import Contract, Source, TableSource
from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.scalars import EARLIEST, LATEST, number_of, seconds_of
from pipeline_code.reviews.sources.rows import Fault, Reason, Row


class ValidationFailed(BertlineError):
    """Too many rows were refused, or none were left."""


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Review:
    """One labelled review that satisfies the contract. `event_time` is in UNIX seconds."""

    review_id: str
    group_id: str
    review_body: str
    source: str
    rating: float
    label: str
    label_id: int
    event_time: float


@dataclass
class Judge:
    """Checks the rows of one run.

    To find repeated ids and texts it remembers their hashes: about 200 bytes a review.
    """

    contract: Contract
    repeated_texts: int = 0
    _ids: set[bytes] = field(default_factory=set)
    _texts: set[bytes] = field(default_factory=set)

    def check(self, row: Row, source: Source) -> Review | Fault:
        """Return the review that a row holds, or the fault that keeps it out."""
        try:
            return self._review(row, source)
        except _Refused as refused:
            return row.fault(refused.reason, refused.detail)

    def _review(self, row: Row, source: Source) -> Review:
        text = self._text(row.text)
        rating = self._rating(row.rating)
        review_id = source.id_prefix + self._id(row, source, text)
        label = self.contract.classes[self.contract.label_rule.class_id(rating)]
        review = Review(
            review_id=review_id,
            group_id=self._group(row, source, review_id),
            review_body=text,
            source=source.tag,
            rating=rating,
            label=label.name,
            label_id=label.id,
            event_time=self._event_time(row),
        )
        self._once(review)
        return review

    def _text(self, value: object) -> str:
        if value is None:
            raise _Refused(Reason.EMPTY_TEXT, "the text is missing")
        if not isinstance(value, str):
            raise _Refused(Reason.TEXT_NOT_A_STRING, f"the text is a {type(value).__name__}")
        text = value.strip()
        if not text:
            raise _Refused(Reason.EMPTY_TEXT, "the text is empty")
        if len(text) > self.contract.max_text_characters:
            detail = f"{len(text)} characters, the limit is {self.contract.max_text_characters}"
            raise _Refused(Reason.TEXT_TOO_LONG, detail)
        return text

    def _rating(self, value: object) -> float:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise _Refused(Reason.MISSING_RATING, "the rating is missing")
        number = number_of(value)
        if number is None:
            raise _Refused(Reason.RATING_NOT_A_NUMBER, f"the rating is {_shown(value)}")
        rule = self.contract.label_rule
        if not rule.rating_min <= number <= rule.rating_max:
            detail = f"{number:g} is outside {rule.rating_min:g} ... {rule.rating_max:g}"
            raise _Refused(Reason.RATING_OUT_OF_RANGE, detail)
        return number

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
            raise _Refused(Reason.NO_GROUP, f"the group pattern finds no group in the id {review_id[:80]!r}")
        return source.id_prefix + group

    def _event_time(self, row: Row) -> float:
        constant = self.contract.event_time.constant_seconds()
        if constant is not None:
            return constant
        seconds = seconds_of(row.event_time)
        if seconds is None:
            detail = (
                f"{_shown(row.event_time)} is neither an ISO 8601 date nor UNIX seconds "
                f"from {EARLIEST.year} to {LATEST.year - 1}"
            )
            raise _Refused(Reason.UNREADABLE_EVENT_TIME, detail)
        return seconds

    def _once(self, review: Review) -> None:
        name = hashlib.sha256(review.review_id.encode()).digest()[:12]
        if name in self._ids:
            raise _Refused(Reason.DUPLICATE_ID, f"the id {review.review_id[:80]!r} was read before")
        self._ids.add(name)
        text = hashlib.sha256(review.review_body.encode()).digest()[:12]
        self.repeated_texts += text in self._texts
        self._texts.add(text)


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


def _required(value: object, what: str) -> str:
    if isinstance(value, dict | list):
        raise _Refused(Reason.MISSING_VALUE, f"the {what} is a {type(value).__name__}")
    text = "" if value is None else str(value).strip()
    if not text:
        raise _Refused(Reason.MISSING_VALUE, f"the {what} is missing")
    return text


def _shown(value: object) -> str:
    """A value for a fault's detail, short; of a nested one only its type."""
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else repr(str(value)[:40])
