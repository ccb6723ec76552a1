"""The gate: named rules that a model must pass, and one sentence that says how it went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipeline_code.reviews.contract import GateFloors

SUMMARY_CHARACTERS = 800


@dataclass(frozen=True, slots=True)
class Rule:
    """One checked rule; `reason` is a sentence either way."""

    name: str
    value: float
    bound: float
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All rules and what they add up to."""

    rules: list[Rule]
    subject: str

    @property
    def passed(self) -> bool:
        """True if every rule passed."""
        return all(rule.passed for rule in self.rules)

    @property
    def reasons(self) -> list[str]:
        """Why the model is refused; empty if it passed."""
        return [rule.reason for rule in self.rules if not rule.passed]

    def summary(self) -> str:
        """One plain sentence of at most SUMMARY_CHARACTERS."""
        if self.passed:
            text = f"Passed all {len(self.rules)} rules: {self.subject}."
        else:
            missed = f"{len(self.reasons)} of {len(self.rules)} rules"
            text = f"Refused, missed {missed}: {'; '.join(self.reasons)}. Measured: {self.subject}."
        return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 3] + "..."

    def report(self) -> dict[str, Any]:
        """As the `gate` part of evaluation.json."""
        return {
            "passed": self.passed,
            "reasons": self.reasons,
            "summary": self.summary(),
            "rules": [asdict(rule) for rule in self.rules],
        }


def judge(evaluation: dict[str, Any], floors: GateFloors, min_accuracy: float) -> Verdict:
    """Check the metrics of evaluation.json against the contract's floors.

    A rule compares the point estimate; its interval is in the report beside it.
    """
    metrics, baselines = evaluation["metrics"], evaluation["baselines"]
    accuracy, macro_f1 = metrics["accuracy"]["value"], metrics["macro_f1"]["value"]
    gain = baselines["tfidf"]["difference"]["macro_f1"]
    rules = [
        _at_least("min_accuracy", "accuracy", accuracy, min_accuracy),
        _at_least("macro_f1", "macro-F1", macro_f1, floors.macro_f1),
        *(
            _at_least(f"recall_{name}", f"recall of {name}", evaluation["classes"][name]["recall"], floor)
            for name, floor in floors.recall.items()
        ),
        _beats_majority(accuracy, baselines["majority"]["metrics"]["accuracy"]["value"]),
        _beats_tfidf(gain, floors.macro_f1_margin_over_tfidf),
        _same_features(evaluation["parity"]),
    ]
    low, high = metrics["accuracy"]["interval"]
    subject = (
        f"accuracy {accuracy:.3f} (95 % interval {low:.3f} to {high:.3f}) and macro-F1 {macro_f1:.3f} "
        f"on {evaluation['rows']} texts in {evaluation['groups']} groups, "
        f"macro-F1 {gain['value']:+.3f} against TF-IDF"
    )
    return Verdict(rules, subject)


def _at_least(name: str, what: str, value: float, bound: float) -> Rule:
    passed = value >= bound
    return Rule(name, value, bound, passed, f"{what} {value:.3f} is {_side(passed)} {bound:.3f}")


def _beats_majority(accuracy: float, majority: float) -> Rule:
    passed = accuracy > majority
    word = "beats" if passed else "does not beat"
    reason = f"accuracy {accuracy:.3f} {word} always guessing the commonest class ({majority:.3f})"
    return Rule("beats_majority", accuracy, majority, passed, reason)


def _beats_tfidf(gain: dict[str, Any], margin: float) -> Rule:
    value, (low, high) = gain["value"], gain["interval"]
    passed = value >= margin
    reason = (
        f"macro-F1 gain over TF-IDF {value:+.3f} (95 % interval {low:+.3f} to {high:+.3f}) "
        f"is {_side(passed)} {margin:.3f}"
    )
    return Rule("beats_tfidf", value, margin, passed, reason)


def _same_features(parity: dict[str, Any]) -> Rule:
    different = parity["different_rows"]
    reason = f"serving and training tokenise {different} of {parity['rows']} texts differently"
    return Rule("feature_parity", float(different), 0.0, different == 0, reason)


def _side(passed: bool) -> str:
    return "at or above" if passed else "below"
