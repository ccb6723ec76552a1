"""The operators by name: what each does to a text, and what becomes of the label."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline_code.reviews.augmentation.contractions import change_contractions
from pipeline_code.reviews.augmentation.draws import Draws
from pipeline_code.reviews.augmentation.negation import NEGATION, flip_negation
from pipeline_code.reviews.augmentation.surface import change_case, change_punctuation, truncate
from pipeline_code.reviews.augmentation.typos import add_typos
from pipeline_code.reviews.contract import Contract

Effect = Literal["keeps", "opposes"]


@dataclass(frozen=True)
class Operator:
    """A way to rewrite texts.

    Parameters
    ----------
    effect
        "keeps" the label, or "opposes": negative becomes positive and positive negative.
    rewrite
        The text rewritten, or None where the operator does not apply.
    meant_for
        The texts whose figures the operator is to raise; None: the texts as it writes them.
    """

    name: str
    effect: Effect
    rewrite: Callable[[str, Draws], str | None]
    meant_for: re.Pattern[str] | None = None

    def labels(self, contract: Contract) -> dict[int, int]:
        """Class id of a rewritten text by that of the text; classes without an opposite are missing."""
        ids = {item.label: item.id for item in contract.classes}
        if self.effect == "keeps":
            return {number: number for number in ids.values()}
        return {number: ids[-label] for label, number in ids.items() if label != 0 and -label in ids}


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("typos", "keeps", add_typos),
        Operator("case", "keeps", change_case),
        Operator("contraction", "keeps", change_contractions),
        Operator("truncation", "keeps", truncate),
        Operator("punctuation", "keeps", change_punctuation),
        Operator("negation_flip", "opposes", flip_negation, meant_for=NEGATION),
    )
}


def rewrite_all(
    operator: Operator, texts: Sequence[str], review_ids: Sequence[str], seed: int
) -> list[str | None]:
    """Each text rewritten, None where the operator does not apply."""
    return [
        operator.rewrite(text, Draws(seed, operator.name, review_id))
        for text, review_id in zip(texts, review_ids, strict=True)
    ]
