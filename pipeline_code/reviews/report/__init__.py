"""The evaluation report: one self-contained page for people who may read the reviews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline_code.reviews.report.charts import curve_chart, histogram_chart, interval_chart

__all__ = ["render"]

_FOLDER = Path(__file__).parent
_TRUNCATIONS = {"Head": "the start is kept", "HeadTail": "start and end are kept"}
_MODEL_NAMES = {"model": "This model", "tfidf": "TF-IDF", "majority": "Commonest class"}


def render(
    evaluation: dict[str, Any],
    validation: dict[str, Any],
    prepare: dict[str, Any],
    mistakes: list[dict[str, Any]],
) -> str:
    """Render report.html. Everything that comes from data is escaped; the page loads nothing."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, number=_number, interval=_interval)
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        validation=validation,
        prepare=prepare,
        mistakes=mistakes,
        model_names=_MODEL_NAMES,
        headline=_headline(evaluation),
        intervals={name: _interval_chart(evaluation, name) for name in evaluation["metrics"]},
        curves=_curves(evaluation["model"]["training"]["history"]),
        lengths=_lengths(prepare),
        truncations=_TRUNCATIONS,
        style=(_FOLDER / "style.css").read_text(encoding="utf-8"),
    )


def _headline(evaluation: dict[str, Any]) -> dict[str, str]:
    figure = evaluation["metrics"]["accuracy"]
    low, high = figure["interval"]
    others = evaluation["baselines"]
    hundred = {
        name: f"{100 * others[name]['metrics']['accuracy']['value']:.0f}" for name in ("tfidf", "majority")
    }
    passed = evaluation["gate"]["passed"]
    return {
        "title": "Passed: this model may be registered"
        if passed
        else "Refused: this model may not be registered",
        "plain": (
            f"Of 100 unseen texts it labels about {100 * figure['value']:.0f} as people did "
            f"(with 95 % confidence between {100 * low:.0f} and {100 * high:.0f}). A word-counting model "
            f"gets {hundred['tfidf']} right, always guessing the commonest class {hundred['majority']}."
        ),
    }


def _interval_chart(evaluation: dict[str, Any], metric: str) -> dict[str, Any]:
    figures = {"model": evaluation["metrics"][metric]} | {
        name: evaluation["baselines"][name]["metrics"][metric] for name in ("tfidf", "majority")
    }
    return interval_chart({_MODEL_NAMES[name]: figure for name, figure in figures.items()})


def _curves(history: list[dict[str, float]]) -> list[dict[str, Any]]:
    charts = [
        ("Loss", {"train": "train_loss", "validation": "validation_loss"}),
        ("Validation", {"accuracy": "validation_accuracy", "macro-F1": "validation_macro_f1"}),
    ]
    found = []
    for title, series in charts:
        lines = {
            label: [(item["epoch"], item[key]) for item in history if key in item]
            for label, key in series.items()
        }
        lines = {label: points for label, points in lines.items() if points}
        if lines:
            found.append(curve_chart(title, lines))
    return found


def _lengths(prepare: dict[str, Any]) -> dict[str, Any]:
    total: dict[int, int] = {}
    for split in prepare["splits"].values():
        for start, count in split["length_histogram"].items():
            total[int(start)] = total.get(int(start), 0) + count
    return histogram_chart(total, prepare["max_seq_length"])


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}\u202f%"


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


def _interval(bounds: list[float], digits: int = 3) -> str:
    return f"{bounds[0]:.{digits}f} \u2013 {bounds[1]:.{digits}f}"
