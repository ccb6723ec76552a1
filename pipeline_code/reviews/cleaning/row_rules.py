"""Cleaning rules that look at one row by itself."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_code.reviews.cleaning.languages import foreign_to
from pipeline_code.reviews.cleaning.receipts import Rule
from pipeline_code.reviews.cleaning.text import fewer_words
from pipeline_code.reviews.contract import Cleaning
from pipeline_code.reviews.validation import Review


class RowRules:
    """The rules html_entities, short_texts and foreign_language of a contract.

    Raises
    ------
    LanguageDetectorMissing
        The contract asks for languages, and the detector is not there.
    """

    def __init__(self, cleaning: Cleaning) -> None:
        self._cleaning = cleaning
        self._foreign = None
        if cleaning.foreign_language != "off":
            self._foreign = foreign_to(cleaning.languages, cleaning.language_certainty)

    def met(self, review: Review) -> Iterator[tuple[Rule, str]]:
        """Yield each rule that the row meets, with a detail; the first that removes it is the last."""
        if review.decoded:
            yield Rule.HTML_ENTITIES, "HTML entities were replaced"
        if self._cleaning.short_texts != "off":
            count = fewer_words(review.review_body, self._cleaning.min_words)
            if count is not None:
                yield Rule.SHORT_TEXTS, f"{count} words, the least is {self._cleaning.min_words}"
                if self.removes(Rule.SHORT_TEXTS):
                    return
        if self._foreign and len(review.review_body) >= self._cleaning.language_min_characters:
            language = self._foreign(review.review_body)
            if language:
                yield Rule.FOREIGN_LANGUAGE, f"the language is {language}"

    def removes(self, rule: Rule) -> bool:
        """True if rows that meet the rule are taken out."""
        return bool(getattr(self._cleaning, rule.value) == "quarantine")
