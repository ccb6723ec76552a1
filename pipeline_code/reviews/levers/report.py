"""An experiment in plain words: experiment.md from experiment.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline_code.reviews.levers.paired import Figure, points
from pipeline_code.reviews.levers.verdicts import Margins, describe_margins

_NOT_JUDGED = "too few rows to judge"


def experiment_page(experiment: dict[str, Any]) -> str:
    """The page: the verdict, how it was found, and the figures.

    Parameters
    ----------
    experiment
        The content of experiment.json.
    """
    sections = {"AddData": _add_data, "LearningCurve": _learning_curve, "Augmentation": _augmentation}
    lines = [
        f"# {experiment['title']}",
        "",
        experiment["verdict"]["words"],
        "",
        *_how(experiment),
        "",
        *sections[experiment["kind"]](experiment),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _how(experiment: dict[str, Any]) -> list[str]:
    plan, data, contract = (experiment[key] for key in ("plan", "data", "contract"))
    return [
        f"{data['rows']:,} texts of {data['groups']:,} groups under contract {contract['name']} "
        f"{contract['version']}; learner {experiment['learner']['name']}; {plan['folds']} folds over groups, "
        f"repeated {plan['repeats']} times, seed {plan['seed']}. Every text is answered by a model that saw "
        "no text of its group. Intervals: 95 %, bootstrap over groups; differences are paired.",
    ]


def _add_data(experiment: dict[str, Any]) -> list[str]:
    candidate, contract = experiment["candidate"], experiment["candidate"]["contract"]
    left_out = ", ".join(f"{count} {reason}" for reason, count in candidate["left_out"].items()) or "none"
    classes = ", ".join(f"{count:,} {name}" for name, count in candidate["classes"].items())
    rows = [["no candidate", *_figures(experiment["without"]), "", "", "", ""]]
    for item in experiment["weights"]:
        worst = item["worst_slice"]
        rows.append(
            [
                f"weight {item['weight']:g}",
                *_figures(item["with"]),
                *(_difference(item["difference"][name]) for name in ("accuracy", "macro_f1")),
                f"{worst}: {_difference(item['slices'][worst]['difference'])}" if worst else "",
                item["decision"],
            ]
        )
    heads = ["", "accuracy", "macro-F1", "change of accuracy", "change of macro-F1", "worst slice", "verdict"]
    lines = [
        f"Candidate {contract['name']} {contract['version']}: {candidate['rows']:,} of "
        f"{candidate['read']:,} rows ({classes}); left out: {left_out}.",
        "",
        *_table(heads, rows),
        "",
    ]
    for item in experiment["weights"]:
        lines += [f"## Slices and classes at weight {item['weight']:g}", "", *_slices(item), ""]
    return [*lines, describe_margins(Margins(**experiment["margins"]))]


def _slices(item: dict[str, Any]) -> list[str]:
    rows = [
        [name, f"{facts['rows']:,}", f"{facts['groups']:,}", _difference(facts["difference"])]
        for name, facts in item["slices"].items()
    ]
    rows += [
        [f"recall of {name}", "", "", _difference(figure)]
        for name, figure in item.get("recall_difference", {}).items()
    ]
    return _table(["", "texts", "groups", "change of accuracy or recall"], rows)


def _learning_curve(experiment: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for metric, curve in experiment["sizes"].items():
        lines += [f"## {_metric(metric)}", ""]
        lines += _table(["texts to train on", "figure"], [[f"{p['size']:,}", _figure(p)] for p in curve])
        lines += ["", "The law of the smaller sizes, checked on the larger ones:", ""]
        checked = [
            [f"{c['size']:,}", _figure(c["predicted"]), f"{c['measured']:.3f}", c["fit"]]
            for c in experiment["check"][metric]
        ]
        lines += [*_table(["texts", "predicted", "measured", "the law"], checked), ""]
        forecast = [
            [f"{f['more_rows']:,}", f"{f['rows']:,}", _figure(f["figure"]), _difference(f["gain"])]
            for f in experiment["forecast"][metric]
        ]
        lines += ["What more labels in today's mix would bring:", ""]
        lines += [*_table(["more texts", "texts", "figure", "gain"], forecast), ""]
    plan = experiment["class_plan"]
    rows = [
        [name, f"{item['rows']:,}", f"{item['more_rows']:,}", _difference(item["gain"]), item["check"]["fit"]]
        for name, item in plan["classes"].items()
    ]
    heads = ["class", "labels", "more labels", "gain of macro-F1", "the law, on the largest size"]
    return [*lines, "## Labels of one class", "", plan["words"], "", *_table(heads, rows)]


def _augmentation(experiment: dict[str, Any]) -> list[str]:
    heads = ["operator", "proven", "the teacher's test", "change of macro-F1", "meant for", "verdict"]
    rows = []
    for name, item in experiment["operators"].items():
        test, tried = item["preservation"], "difference" in item
        aim = item["meant_for"] if tried else None
        rows.append(
            [
                name,
                "yes" if test["proven"] else "no",
                _percent(test["share"]),
                _difference(item["difference"]["macro_f1"]) if tried else "not tried",
                f"{aim['texts']}: {_difference(aim['difference'])}" if aim else "",
                item["decision"],
            ]
        )
    return [*_table(heads, rows), "", describe_margins(Margins(**experiment["margins"]))]


def _metric(name: str) -> str:
    return {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}[name]


def _figures(found: dict[str, Figure]) -> Iterable[str]:
    return (_figure(found[name]) for name in ("accuracy", "macro_f1"))


def _figure(figure: Figure) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def _difference(figure: Figure | None) -> str:
    if figure is None:
        return _NOT_JUDGED
    low, high = figure["interval"]
    return f"{points(figure['value'])} ({points(low)} to {points(high)})"


def _percent(figure: Figure | None) -> str:
    if figure is None:
        return _NOT_JUDGED
    low, high = figure["interval"]
    return f"{100 * figure['value']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (heads, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return [lines[0], "|" + "---|" * len(heads), *lines[1:]]
