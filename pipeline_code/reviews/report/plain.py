"""What a missed rule of the gate means, for people who know no statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline_code.reviews.report.words import measure, of_hundred, sentence

_Rule = dict[str, Any]


def plainly(rule: _Rule) -> str:
    """One sentence on a missed rule; the rule's own reason where there is no plainer one."""
    value, bound, name = rule["value"], rule["bound"], str(rule["name"])
    if value is not None and bound is not None:
        if name in _EXACT:
            return _EXACT[name](value, bound)
        for start, words in _STARTS.items():
            if name.startswith(start):
                return words(name.removeprefix(start), value, bound)
    return sentence(str(rule["reason"]))


def _labels_too_few(value: float, bound: float) -> str:
    return (
        f"It labels {of_hundred(value)} of 100 texts as people did; at least {of_hundred(bound)} are "
        "asked for."
    )


def _limit(what: str, before: str, after: str) -> Callable[[float, float], str]:
    def words(value: float, bound: float) -> str:
        shown, most = (f"{before}{measure(number)}{after}" for number in (value, bound))
        return f"{what} {shown}; at most {most} is allowed."

    return words


def _size(value: float) -> str:
    return f"{abs(100 * value):.1f}".removesuffix(".0")


def _points(value: float) -> str:
    return f"{_size(value)} point" if _size(value) == "1" else f"{_size(value)} points"


_EXACT: dict[str, Callable[[float, float], str]] = {
    "min_accuracy": _labels_too_few,
    "accuracy": _labels_too_few,
    "macro_f1": lambda value, bound: (
        f"Counting every class alike, it scores {of_hundred(value)} of 100 (macro-F1); "
        f"at least {of_hundred(bound)} is asked for: it neglects a class."
    ),
    "calibration": lambda value, bound: (
        f"It misjudges how sure it may be: what it says and how often it is right differ by "
        f"{_points(value)} of 100 on average; at most {_points(bound)} are allowed."
    ),
    "must_pass": lambda value, bound: (
        f"It fails on {value:.0f} of the examples that no model may fail on; they are listed below."
    ),
    "feature_parity": lambda value, bound: (
        f"In service it would read {value:.0f} of the test texts differently than in training: a defect."
    ),
    "beats_majority": lambda value, bound: (
        f"It is right on {of_hundred(value)} of 100 texts, which always naming the commonest class reaches "
        f"without reading ({of_hundred(bound)})."
    ),
    "beats_tfidf": lambda value, bound: (
        f"Its lead over a model that only counts words is {_points(value) if value >= 0 else 'negative'}; "
        f"at least {_points(bound)} are asked for (macro-F1), or it is not worth its cost."
    ),
    "live_accuracy": lambda value, bound: (
        f"It may be worse than the model in service: on other texts up to {_size(value)} fewer of 100 "
        "could be "
        f"right; at most {_size(bound)} fewer are allowed."
    ),
    "live_macro_f1": lambda value, bound: (
        f"Counting every class alike, it may be worse than the model in service: by up to {_points(value)} "
        f"of 100 (macro-F1); at most {_points(bound)} are allowed."
    ),
    "worst_critical_slice": lambda value, bound: (
        f"In a group of texts where errors cost most it may get as few as {of_hundred(value)} of 100 right; "
        f"at least {of_hundred(bound)} are asked for."
    ),
    "artifact_mb": _limit("Its file is too big:", "", " MB"),
    "p95_ms": _limit("It is too slow: 1 of 20 answers takes longer than", "", " ms"),
    "memory_mb": _limit("It needs too much memory:", "", " MB"),
    "cost_per_1000": _limit("It is too expensive: 1,000 answers cost", "$", ""),
}

_STARTS: dict[str, Callable[[str, float, float], str]] = {
    "human_recall_": lambda name, value, bound: (
        f"It overlooks {name} texts that people see: it finds {of_hundred(value)} of 100, while "
        f"{of_hundred(bound)} would be near enough to one person alone."
    ),
    "recall_": lambda name, value, bound: (
        f"It finds too few of the {name} texts: {of_hundred(value)} of 100; "
        f"at least {of_hundred(bound)} are asked for."
    ),
    "live_slice_": lambda name, value, bound: (
        f"In the critical group \u201c{name}\u201d it does worse than the model in service: "
        f"{_size(value)} fewer "
        f"of 100 are right; at most {_size(bound)} fewer are allowed."
    ),
}
