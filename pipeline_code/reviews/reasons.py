"""Why a row is kept out: the reasons of the quarantine file."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a row is in quarantine: it breaks the contract, or (the last five) a cleaning rule removed it."""

    EMPTY_TEXT = "empty_text"
    TEXT_NOT_A_STRING = "text_not_a_string"
    TEXT_TOO_LONG = "text_too_long"
    LINE_TOO_LONG = "line_too_long"
    MISSING_VALUE = "missing_value"
    MISSING_RATING = "missing_rating"
    MISSING_TEXT = "missing_text"
    RATING_NOT_A_NUMBER = "rating_not_a_number"
    RATING_OUT_OF_RANGE = "rating_out_of_range"
    UNKNOWN_CLASS = "unknown_class"
    UNDECODABLE = "undecodable"
    NUL_CHARACTER = "nul_character"
    DUPLICATE_ID = "duplicate_id"
    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    MALFORMED_CSV = "malformed_csv"
    INVALID_JSON = "invalid_json"
    NO_GROUP = "no_group"
    UNREADABLE_EVENT_TIME = "unreadable_event_time"

    SHORT_TEXTS = "short_texts"
    FOREIGN_LANGUAGE = "foreign_language"
    CONFLICTING_LABELS = "conflicting_labels"
    EXACT_DUPLICATES = "exact_duplicates"
    NEAR_DUPLICATES = "near_duplicates"


class Refused(Exception):
    """A value that keeps its row out; caught where the row is known and turned into a fault."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
