"""The add-data gate: does a candidate source help or hurt, and at which weight?

More data of another kind can cost accuracy, and cost it most in a slice (Shen, Raji and Chen 2024,
"The Data Addition Dilemma"). So the learner is trained with and without the candidate on the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.levers.candidates import Candidate
from pipeline_code.reviews.levers.cross_fit import CrossFit, Part, Plan, TrainingTexts, TrainOn
from pipeline_code.reviews.levers.learner import Learner
from pipeline_code.reviews.levers.paired import Paired
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.levers.verdicts import Margins, judge_treatment, worst_slice
from pipeline_code.reviews.slices import slice_masks

WEIGHTS = (0.3, 1.0)


class AddDataGate:
    """Judges candidate sources for one learner and one set of own rows.

    Every row is predicted by models that saw no row of its group, in several repeats with other folds.
    Rows of a candidate that share source and group with held-out rows stay out of that fold.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        contract: Contract,
        *,
        plan: Plan,
        margins: Margins,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._learner, self._rows, self._contract = learner, rows, contract
        self._plan, self._margins, self._say = plan, margins, say
        self._fit = CrossFit(rows, plan)
        self._paired = Paired(rows, classes=len(contract.classes), plan=plan)
        self._masks = slice_masks(contract, rows)
        self._without = self._fit.predicted(learner)
        self._say(f"trained without a candidate, {plan.folds} folds x {plan.repeats} repeats")

    def judge(self, candidate: Candidate, weights: Sequence[float] = WEIGHTS) -> dict[str, Any]:
        """Train with the candidate at each weight above 0; the content of experiment.json."""
        tried = [self._try(candidate, weight) for weight in weights if weight > 0]
        return {
            "candidate": candidate.describe(),
            "without": self._paired.figures(self._without),
            "weights": tried,
            "verdict": _verdict(candidate.contract.name, tried),
        }

    def _try(self, candidate: Candidate, weight: float) -> dict[str, Any]:
        with_it = self._fit.predicted(self._learner, self._joined(candidate.rows, weight))
        difference = self._paired.differences(with_it, self._without)
        slices = self._paired.slices(self._masks, with_it, self._without, self._margins.slice_min_rows)
        decision, words = judge_treatment(difference, slices, self._margins)
        self._say(f"weight {weight:g}: {decision}: {words}")
        return {
            "weight": weight,
            "with": self._paired.figures(with_it),
            "difference": difference,
            "recall_difference": self._paired.recalls(with_it, self._without, self._contract.class_names),
            "slices": slices,
            "worst_slice": worst_slice(slices),
            "decision": decision,
            "words": words,
        }

    def _joined(self, added: Rows, weight: float) -> TrainOn:
        places = list(zip(added.sources, added.group_ids, strict=True))

        def train_on(part: Part) -> TrainingTexts:
            out = {(self._rows.sources[row], self._rows.group_ids[row]) for row in part.held.tolist()}
            free = np.array([row for row, place in enumerate(places) if place not in out], dtype=np.int64)
            return self._fit.own(part) + TrainingTexts.of(added.take(free), weight)

        return train_on


def _verdict(name: str, tried: list[dict[str, Any]]) -> dict[str, Any]:
    """Accept at the weight with the greatest gain; else what the weights have in common."""
    accepted = [item for item in tried if item["decision"] == "accept"]
    if accepted:
        best = max(accepted, key=lambda item: float(item["difference"]["macro_f1"]["value"]))
        words = f"Accept {name} at weight {best['weight']:g}: {best['words']}."
        return {"decision": "accept", "weight": best["weight"], "words": words}
    refused = all(item["decision"] == "refuse" for item in tried)
    listed = " ".join(
        f"At weight {item['weight']:g} the answer is '{item['decision']}': {item['words']}." for item in tried
    )
    start = f"Refuse {name}." if refused else f"Can't tell whether {name} may be added: leave it out."
    return {"decision": "refuse" if refused else "can't tell", "weight": 0.0, "words": f"{start} {listed}"}
