"""Rules and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

SUMMARY_CHARACTERS = 800  # of the 1,024 that a failed execution keeps

Outcome = Literal["passed", "missed", "not judged"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its verdict; `reason` is a sentence either way.

    `value` is None where nothing could be measured; such a rule is not judged, or missed.
    """

    name: str
    value: float | None
    bound: float
    verdict: Outcome
    reason: str

    @property
    def passed(self) -> bool:
        """False if the rule refuses the model."""
        return self.verdict != "missed"

    def report(self) -> dict[str, Any]:
        """As an entry of `rules` in evaluation.json."""
        return asdict(self) | {"passed": self.passed}


def rule(name: str, value: float, bound: float, passed: bool, reason: str) -> Rule:
    """A rule that was judged."""
    return Rule(name, value, bound, "passed" if passed else "missed", reason)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All rules and what they add up to; `version` is that of the contract, which holds the bounds."""

    rules: Sequence[Rule]
    subject: str
    version: str

    @property
    def passed(self) -> bool:
        """True if no rule was missed."""
        return all(rule.passed for rule in self.rules)

    @property
    def reasons(self) -> list[str]:
        """Why the model is refused; empty if it passed."""
        return [rule.reason for rule in self.rules if not rule.passed]

    def summary(self) -> str:
        """One plain sentence of at most SUMMARY_CHARACTERS; reasons that find no room are counted."""
        judged = [rule for rule in self.rules if rule.verdict != "not judged"]
        if self.passed:
            return _clip(f"Passed all {len(judged)} rules: {self.subject}.")
        missed = f"Refused, missed {len(self.reasons)} of {len(judged)} rules: "
        measured = f". Measured: {self.subject}."
        return _clip(missed + _joined(self.reasons, SUMMARY_CHARACTERS - len(missed + measured)) + measured)

    def report(self) -> dict[str, Any]:
        """As the `gate` part of evaluation.json."""
        return {
            "passed": self.passed,
            "version": self.version,
            "reasons": self.reasons,
            "summary": self.summary(),
            "rules": [rule.report() for rule in self.rules],
        }


def _joined(reasons: Sequence[str], room: int) -> str:
    for shown in range(len(reasons), 0, -1):
        rest = len(reasons) - shown
        text = "; ".join(reasons[:shown]) + (f"; and {rest} more" if rest else "")
        if len(text) <= room:
            return text
    return reasons[0][: max(room - 3, 0)] + "..."


def _clip(text: str) -> str:
    return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 3] + "..."
