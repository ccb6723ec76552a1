"""The augmentation lever: an operator is used only if it is proven and lifts the figures without harm.

Rewritten copies do not always help a pre-trained encoder (Longpre et al. 2020, "How Effective is
Task-Agnostic Data Augmentation for Pretrained Transformers?"), so every operator is tried by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline_code.reviews.augmentation.operators import OPERATORS, Operator, rewrite_all
from pipeline_code.reviews.augmentation.preservation import preservation_test
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.levers.cross_fit import (
    AS_THEY_ARE,
    CrossFit,
    Part,
    Plan,
    TrainingTexts,
    classes_of,
)
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.paired import Figure, Paired, spoken
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.levers.verdicts import Margins, look_for_harm, worst_slice
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.slices import Mask, slice_masks

COPY_SHARE = 1 / 3  # of the weight of a text: with its copy it weighs what it weighed alone
_NO_CHANGE = 0.001  # of the predictions
AS_WRITTEN = "the texts as the operator writes them"


@dataclass(frozen=True)
class _Rewritten:
    """What an operator makes of the rows: copies of those `changed`, and a text to ask about for each row."""

    operator: Operator
    changed: Ints
    copies: Rows
    asked: list[str]

    def place(self) -> dict[int, int]:
        """Where the copy of each changed row is."""
        return {row: at for at, row in enumerate(self.changed.tolist())}


class AugmentationLever:
    """Tests operators and tries those that are proven, for one learner and one set of rows."""

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        contract: Contract,
        *,
        plan: Plan,
        margins: Margins,
        operators: Mapping[str, Operator] = OPERATORS,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._learner, self._rows, self._contract = learner, rows, contract
        self._plan, self._margins, self._say = plan, margins, say
        self._fit = CrossFit(rows, plan)
        self._paired = Paired(rows, classes=len(contract.classes), plan=plan)
        self._masks = slice_masks(contract, rows)
        self._rewritten = {name: self._rewrite(operator) for name, operator in operators.items()}
        asked = {name: made.asked for name, made in self._rewritten.items()}
        self._before = self._fit.probabilities(learner, None, {AS_THEY_ARE: rows.texts, **asked})
        self._without = classes_of(self._before[AS_THEY_ARE])
        self._say(f"trained without copies, {plan.folds} folds x {plan.repeats} repeats")

    def judge(self) -> dict[str, Any]:
        """Test every operator and try the proven ones; the content of experiment.json."""
        found = {name: self._judge(made) for name, made in self._rewritten.items()}
        accepted = [name for name, item in found.items() if item["decision"] == "accept"]
        words = [f"{name}: {item['decision']}: {item['words']}." for name, item in found.items()]
        start = f"Use {', '.join(accepted)}." if accepted else "Use none of the operators."
        return {
            "without": self._paired.figures(self._without),
            "copy_share": COPY_SHARE,
            "operators": found,
            "verdict": {
                "decision": "accept" if accepted else "refuse",
                "accepted": accepted,
                "words": " ".join([start, *words]),
            },
        }

    def _judge(self, made: _Rewritten) -> dict[str, Any]:
        test = preservation_test(
            made.operator,
            self._contract,
            changed=made.changed,
            groups=self._rows.group_ids,
            labels=self._rows.label_ids,
            before=self._mean(AS_THEY_ARE),
            after=self._mean(made.operator.name),
            samples=self._plan.bootstrap_samples,
            seed=self._plan.seed,
        )
        facts: dict[str, Any] = {"effect": made.operator.effect, "preservation": test}
        if not test["proven"]:
            facts |= {"decision": "refuse", "words": test["words"]}
        else:
            facts |= self._try(made)
        self._say(f"{made.operator.name}: {facts['decision']}: {facts['words']}")
        return facts

    def _mean(self, variant: str) -> Floats:
        """The teacher's probabilities [rows, classes]: the mean over the repeats."""
        answer: Floats = self._before[variant].mean(axis=0)
        return answer

    def _try(self, made: _Rewritten) -> dict[str, Any]:
        """Train with rewritten copies beside the texts, and compare."""
        variants = {AS_THEY_ARE: self._rows.texts, AS_WRITTEN: made.asked}
        answers = self._fit.probabilities(self._learner, self._with_copies(made), variants)
        natural, written = (classes_of(answers[name]) for name in variants)
        difference = self._paired.differences(natural, self._without)
        slices = self._paired.slices(self._masks, natural, self._without, self._margins.slice_min_rows)
        aim, lift = self._lift(made, natural, written)
        unchanged = float((natural != self._without).mean()) < _NO_CHANGE
        decision, words = _verdict(difference, slices, aim, lift, self._margins, unchanged=unchanged)
        return {
            "with": self._paired.figures(natural),
            "difference": difference,
            "slices": slices,
            "worst_slice": worst_slice(slices),
            "meant_for": {"texts": aim, "difference": lift},
            "decision": decision,
            "words": words,
        }

    def _lift(self, made: _Rewritten, natural: Ints, written: Ints) -> tuple[str, Figure | None]:
        """The difference in accuracy on the texts that the operator is meant for."""
        pattern = made.operator.meant_for
        if pattern is not None:
            mask = self._found(pattern)
            facts = self._paired.slices({"aim": mask}, natural, self._without, self._margins.slice_min_rows)
            return f"texts with /{pattern.pattern}/", facts["aim"]["difference"]
        before = classes_of(self._before[made.operator.name])
        copies = Paired(made.copies, classes=len(self._contract.classes), plan=self._plan)
        return AS_WRITTEN, copies.differences(written[:, made.changed], before[:, made.changed])["accuracy"]

    def _found(self, pattern: re.Pattern[str]) -> Mask:
        return np.array([pattern.search(text) is not None for text in self._rows.texts], dtype=bool)

    def _with_copies(self, made: _Rewritten) -> Callable[[Part], TrainingTexts]:
        place = made.place()

        def train_on(part: Part) -> TrainingTexts:
            own = self._fit.own(part)
            copied = np.array([row in place for row in part.train.tolist()], dtype=bool)
            copies = made.copies.take([place[row] for row in part.train[copied].tolist()])
            weights = np.where(copied, 1 - COPY_SHARE, 1.0)
            return replace(own, weights=weights) + TrainingTexts.of(copies, COPY_SHARE)

        return train_on

    def _rewrite(self, operator: Operator) -> _Rewritten:
        rows, becomes = self._rows, operator.labels(self._contract)
        made = rewrite_all(operator, rows.texts, rows.review_ids, self._plan.seed)
        changed = [
            row for row, text in enumerate(made) if text is not None and int(rows.label_ids[row]) in becomes
        ]
        copies = rows.take(changed)
        labels = np.array([becomes[label] for label in copies.label_ids.tolist()], dtype=np.int64)
        texts = [str(made[row]) for row in changed]
        asked = [text if new is None else new for text, new in zip(rows.texts, made, strict=True)]
        return _Rewritten(
            operator, np.array(changed, dtype=np.int64), replace(copies, texts=texts, label_ids=labels), asked
        )


def _verdict(
    difference: dict[str, Figure],
    slices: dict[str, Any],
    aim: str,
    lift: Figure | None,
    margins: Margins,
    *,
    unchanged: bool,
) -> tuple[str, str]:
    """Two looks for a lift, macro-F1 overall and the texts that are meant, each one-sided at 2.5 %."""
    if unchanged and (lift is None or abs(lift["value"]) < _NO_CHANGE):
        return "refuse", "this learner does not see the difference: fewer than one answer in 1,000 changes"
    found = look_for_harm(difference, slices, margins)
    if found.harms:
        return "refuse", "harm is shown: " + "; ".join(found.harms)
    if found.doubts:
        return "can't tell", "harm is not excluded: " + "; ".join(found.doubts)
    looks = {"overall macro-F1": difference["macro_f1"]}
    if lift is not None:
        looks[f"accuracy on {aim}"] = lift
    said = "; ".join(f"{what} {spoken(figure)}" for what, figure in looks.items())
    if any(figure["interval"][0] > 0 for figure in looks.values()):
        return "accept", f"a lift is shown and no harm: {said}"
    if all(figure["interval"][1] < margins.least_gain for figure in looks.values()):
        return "refuse", f"no lift worth having: {said}"
    return "can't tell", f"no lift is shown: {said}"
