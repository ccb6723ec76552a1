"""The gate, rule by rule: missed ones first."""

from __future__ import annotations

from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import count, sentence

_RANKS = {"missed": 0, "passed": 1, "not judged": 2}


def section(pieces: Pieces) -> Section:
    """Every rule with its value, bound, verdict and reason."""
    rules = [
        {
            "name": rule["name"],
            "value": rule["value"],
            "bound": rule["bound"],
            "verdict": rule.get("verdict") or ("passed" if rule["passed"] else "missed"),
            "reason": sentence(rule["reason"]),
        }
        for rule in pieces.evaluation["gate"]["rules"]
    ]
    rules.sort(key=lambda rule: _RANKS.get(str(rule["verdict"]), 1))
    skipped = sum(rule["verdict"] == "not judged" for rule in rules)
    contract = pieces.evaluation["contract"]
    sentences = [f"The rules are those of contract {contract['name']} {contract['version']}."]
    if skipped:
        sentences.append(f"{count(skipped, 'rule')} could not be judged and neither helped nor harmed.")
    return Section("rules", "The gate, rule by rule", sentences, {"rules": rules})
