"""The first page: pass or refuse, and why, for a reader who knows no statistics."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_code.reviews.report.plain import plainly
from pipeline_code.reviews.report.section import Pieces, Section
from pipeline_code.reviews.report.words import compared, count, interval, listed, number, of_hundred, signed

_PASSED = "Passed: this model may be registered"
_REFUSED = "Refused: this model may not be registered"
_METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
_BESIDE = {
    "live": "the model in service {}",
    "tfidf": "a program that only counts words {}",
    "vader": "a word list with rules {}",
    "majority": "always naming the commonest class {}",
}
# What a paired comparison says, for readers who have never heard of one.
_AGAINST_LIVE = {
    "better": "It is better than the model in service, and by more than chance would explain.",
    "not worse": "It is not worse than the model in service by more than the contract allows.",
    "worse": "It is worse than the model in service, and by more than chance would explain.",
    "can't tell": "Whether it is better or worse than the model in service, so few texts cannot tell.",
}


def section(pieces: Pieces) -> Section:
    """Title, plain sentences, the reasons of a refusal in plain words, and the key figures."""
    gate = pieces.evaluation["gate"]
    missed = [rule for rule in gate["rules"] if not rule["passed"]]
    judged = sum(rule.get("verdict") != "not judged" for rule in gate["rules"])
    sentences = [_how_many(pieces), *_beside(pieces), *_weakest(pieces)]
    if gate["passed"]:
        sentences.append(f"It keeps all {judged} rules that the contract sets for a model.")
    else:
        sentences.append(
            f"It breaks {len(missed)} of the {judged} rules that the contract sets for a model, so it is not "
            "registered and whatever answers today goes on answering."
        )
    figures = {
        "passed": gate["passed"],
        "reasons": [{"plain": plainly(rule), "exact": rule["reason"]} for rule in missed],
        "summary": gate["summary"],
        "cards": list(_cards(pieces)),
        "contract": pieces.evaluation["contract"],
        "rows": pieces.evaluation["rows"],
        "groups": pieces.evaluation["groups"],
    }
    return Section("verdict", _PASSED if gate["passed"] else _REFUSED, sentences, figures)


def _how_many(pieces: Pieces) -> str:
    figure = pieces.evaluation["metrics"]["accuracy"]
    low, high = (of_hundred(bound) for bound in figure["interval"])
    return (
        f"Of 100 unseen texts it labels about {of_hundred(figure['value'])} as people did (other texts like "
        f"these would have given between {low} and {high})."
    )


def _beside(pieces: Pieces) -> Iterator[str]:
    """What others reach on the same texts, best known first."""
    parts = []
    one = pieces.people.get("1")
    if one:
        parts.append(f"one person alone {of_hundred(one['accuracy']['value'])}")
    for name, words in _BESIDE.items():
        found = pieces.evaluation["baselines"].get(name)
        if found:
            parts.append(words.format(of_hundred(found["metrics"]["accuracy"]["value"])))
    if parts:
        yield f"On the same texts, out of 100: {listed(parts)}."
    live = pieces.evaluation["baselines"].get("live", {}).get("difference", {}).get("accuracy")
    if live:
        yield _AGAINST_LIVE.get(compared(live)[0], compared(live)[1])


def _weakest(pieces: Pieces) -> Iterator[str]:
    tested = pieces.evaluation["classes"].items()
    classes = {name: one for name, one in tested if one["support"]}  # without texts there is no recall
    if len(classes) > 1:
        name = min(classes, key=lambda one: float(classes[one]["recall"]))
        people = pieces.people.get("1", {}).get("recall", {}).get(name)
        beside = "" if people is None else f"; one person finds {of_hundred(people)}"
        yield (
            f"Its weakest class is {name}: of 100 texts that are {name} it finds "
            f"{of_hundred(classes[name]['recall'])}{beside}."
        )


def _cards(pieces: Pieces) -> Iterator[dict[str, str]]:
    """The key figures: name, value and what stands beneath."""
    evaluation = pieces.evaluation
    for metric, shown in _METRICS.items():
        figure = evaluation["metrics"][metric]
        yield _card(shown, number(figure["value"]), f"95 % interval {interval(figure['interval'])}")
    gain = evaluation["baselines"].get("tfidf", {}).get("difference", {}).get("macro_f1")
    if gain:
        yield _card(
            "Macro-F1 over TF-IDF", signed(gain["value"]), f"95 % interval {interval(gain['interval'])}"
        )
    error = pieces.part("calibration").get("ece", {}).get("value", evaluation.get("calibration_error"))
    if error is not None:
        yield _card("Calibration error", number(error), "0 means that its certainty is honest")
    failures = pieces.part("must_pass")
    if failures.get("examples"):
        wrong = len(failures["failures"])
        yield _card(
            "Must-pass examples", f"{failures['examples'] - wrong} of {failures['examples']}", "right"
        )
    rules = evaluation["gate"]["rules"]
    unjudged = {rule["name"] for rule in rules if rule.get("verdict") == "not judged"}
    critical = [
        one
        for name, one in pieces.part("slices").items()
        if one.get("critical") and one.get("accuracy") and f"slice_{name}" not in unjudged
    ]
    if critical:
        # As the gate has it: by the lower end, among those with enough texts.
        worst = min(critical, key=lambda one: float(one["accuracy"]["interval"][0]))["accuracy"]
        shown = f"accuracy, 95 % interval {interval(worst['interval'])}"
        yield _card(f"Worst of {count(len(critical), 'critical slice')}", number(worst["value"]), shown)


def _card(name: str, value: str, note: str) -> dict[str, str]:
    return {"name": name, "value": value, "note": note}
