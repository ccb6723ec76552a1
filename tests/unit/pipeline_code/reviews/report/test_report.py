"""The page: verdict first, everything shown, nothing loaded, everything escaped."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.report import render, report_json
from tests.unit.pipeline_code.reviews.report import example
from tests.unit.pipeline_code.reviews.report.html_page import Page
from tests.unit.pipeline_code.workspace import Workspace

SECTIONS = [
    "verdict", "rules", "baselines", "slices", "calibration", "confusion", "classes", "errors", "must_pass",
    "examples", "data", "constraints", "labels", "training", "provenance",
]  # fmt: skip
CHARTS = [
    "Accuracy of this model beside people and other models",
    "Macro-F1 of this model beside people and other models",
    "Accuracy of each group of texts",
    "Accuracy of each group of texts, difference to the model in service in points",
    "How often answers were right, by how sure the model was",
    "Precision of each class",
    "Recall of each class",
    "Ceiling gain of each kind of text in points",
    "Accuracy of the model and of one person by how far raters agree",
    "Distribution of lengths in tokens",
    "What was measured against the contract's limits",
    "Loss by epoch",
    "Validation by epoch",
]
EVALUATIONS = {"passed": example.evaluation, "refused": example.refused, "bare": example.bare}


def page_of(found: dict[str, Any]) -> Page:
    return Page(render(*example.pieces(found)))


def test_the_sections_and_their_plots_are_there_in_order() -> None:
    page = page_of(example.evaluation())
    assert page.ids == SECTIONS
    assert page.charts == CHARTS
    assert page.anchors == [f"#{name}" for name in SECTIONS[1:]]


@pytest.mark.parametrize("name", EVALUATIONS)
def test_the_page_is_whole_and_loads_nothing(name: str) -> None:
    html = render(*example.pieces(EVALUATIONS[name]()))
    page = Page(html)
    assert page.open == []
    assert page.loads == []
    assert "url(" not in html
    assert "@import" not in html
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed"})
    assert page.ids == SECTIONS
    assert all(page.charts)


def test_a_pass_says_so_and_why_in_plain_words() -> None:
    words = page_of(example.evaluation()).text
    assert words[0] == "Passed: this model may be registered"
    assert words[1].startswith("Of 100 unseen texts it labels about 76 as people did")
    shown = " ".join(words[:6])
    for said in (
        "one person alone 85, the model in service 75, a program that only counts words 64",
        "It is not worse than the model in service by more than the contract allows.",
        "weakest class is neutral: of 100 texts that are neutral it finds 53; one person finds 64",
        "keeps all 17 rules",
    ):
        assert said in shown


def test_a_refusal_lists_every_broken_rule_in_plain_words_and_exactly() -> None:
    found = example.refused()
    page = page_of(found)
    first = " ".join(page.text[: page.text.index("The gate, rule by rule")])
    assert page.text[0] == "Refused: this model may not be registered"
    assert "breaks 5 of the 18 rules" in first
    assert "It finds too few of the neutral texts: 20 of 100; at least 40 are asked for." in first
    for reason in found["gate"]["reasons"]:
        assert reason in first
    assert "It broke after two days and the company never answered. Terrible." in page.words


def test_missed_rules_stand_first_in_the_table() -> None:
    rules = report_json(*example.pieces(example.refused()))["sections"][1]["figures"]["rules"]
    verdicts = [rule["verdict"] for rule in rules]
    assert verdicts == ["missed"] * 5 + ["passed"] * (len(rules) - 6) + ["not judged"]


def test_missing_parts_are_said_to_be_missing() -> None:
    page = page_of(example.bare())
    for said in (
        "Human level is not known: the test texts carry no ratings of several people.",
        "No model in service was compared",
        "The contract names no published figure",
        "The contract declares no groups of texts",
        "No search for further weak groups was made.",
        "The reliability of its certainty was not drawn. Calibration error 0.041",
        "PR-AUC was not computed.",
        "No kinds of errors were tagged.",
        "avoidable errors cannot be told from those that people make too",
        "The contract names no examples that must be right.",
        "The cost is not known: no price of ml.m5.large is listed.",
        "The contract sets no limit.",
        "The texts carry no ratings of several people, so nothing is known of how consistent labels are.",
        "There was no validation",
        "the most probable class, probabilities as the network gives them",
    ):
        assert said in page.words, said
    assert set(page.charts) == {
        *CHARTS[:2],
        *CHARTS[5:7],
        "Distribution of lengths in tokens",
        "Loss by epoch",
    }


OPTIONAL = [
    "calibration", "human", "labels", "literature", "slices", "discovered_slices", "must_pass", "constraints",
    "error_analysis",
]  # fmt: skip


@pytest.mark.parametrize("part", OPTIONAL)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_each_part_may_be_missing_by_itself(part: str, how: str) -> None:
    whole = report_json(*example.pieces())
    found = example.evaluation()
    found[part] = None
    if how == "absent":
        del found[part]
    page = page_of(found)
    assert page.ids == SECTIONS
    assert report_json(*example.pieces(found)) != whole


def test_a_reason_for_a_missing_human_level_is_told() -> None:
    found = example.evaluation()
    found["human"] = {"reason": "ratings of 3 texts are too few"}
    assert "Human level is not known: ratings of 3 texts are too few." in page_of(found).words


def test_where_people_rated_only_some_texts_their_figures_say_so() -> None:
    found = example.evaluation()
    assert "that several people rated" not in " ".join(page_of(found).text)
    found["human"]["rows"] = 40
    assert "Their figures are of the 40 test texts that several people rated." in page_of(found).text


def test_a_class_without_test_texts_is_not_the_weakest() -> None:
    found = example.evaluation()
    weakest = min(found["classes"], key=lambda name: float(found["classes"][name]["recall"]))
    assert f"Its weakest class is {weakest}:" in " ".join(page_of(found).text)
    found["classes"][weakest].update(recall=0.0, support=0)
    assert f"Its weakest class is {weakest}:" not in " ".join(page_of(found).text)


@pytest.mark.parametrize(
    ("searched", "shown"),
    [
        ({"4": 0.6}, "C=4.0, chosen by cross-validation on train"),
        ({}, "C=4.0, chosen without a search on train"),
    ],
)
def test_tfidf_says_whether_its_strength_was_searched(searched: dict[str, float], shown: str) -> None:
    found = example.evaluation()
    found["baselines"]["tfidf"]["facts"]["cross_validation_macro_f1"] = searched
    assert shown in " ".join(page_of(found).text)


def test_why_no_live_model_was_compared_is_told() -> None:
    found = example.bare()
    found["live"] = {"package": None, "reason": "no model is live yet"}
    assert "No model in service was compared: no model is live yet." in page_of(found).words


def test_a_live_model_that_may_know_the_test_texts_is_told_to_be_flattered() -> None:
    found = example.evaluation()
    assert "flatters it" not in page_of(found).words
    found["live"] = {"package": "arn", "version": "3", "may_know_test_rows": True}
    assert "it may know test texts, which flatters it" in page_of(found).words


def test_a_class_without_any_rated_text_has_no_human_recall() -> None:
    found = example.evaluation()
    for level in found["human"]["levels"].values():
        level["recall"]["neutral"] = None
    assert "it finds 53." in page_of(found).words


def test_everything_from_data_is_escaped() -> None:
    """A mark in every text of the inputs: none may reach the page as a tag."""
    hostile = '<b onmouseover="x">&'

    def poison(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: one if key in KEPT else poison(one) for key, one in value.items()}
        if isinstance(value, list):
            return [poison(one) for one in value]
        return value + hostile if isinstance(value, str) else value

    inputs = [poison(copy.deepcopy(one)) for one in example.pieces()]
    html = render(*inputs)
    assert html.count("&lt;b onmouseover=") > 60
    assert "<b onmouseover" not in html
    assert Page(html).open == []


# What the program itself writes and reads back: not text of a customer or a contract's author.
KEPT = {"verdict", "truncation", "features", "chosen_by", "metric", "labels", "hash"}


def test_long_texts_are_cut_and_missing_facts_of_a_mistake_are_dashes() -> None:
    mistake = {"review_id": "1_1", "text": "wow " * 300, "label": "a", "predicted": "b", "confidence": 0.9}
    data = report_json(*example.pieces()[:3], [mistake])
    (shown,) = next(one for one in data["sections"] if one["id"] == "examples")["figures"]["mistakes"]
    assert len(shown["text"]) <= 400
    assert shown["text"].endswith("…")
    assert (shown["tags"], shown["human"]) == ([], None)
    assert (
        "None: every test text was labelled as people did." in Page(render(*example.pieces()[:3], [])).words
    )


def test_the_data_holds_what_the_page_says() -> None:
    pieces = example.pieces(example.refused())
    data, page = report_json(*pieces), Page(render(*pieces))
    assert data["passed"] is False
    assert [one["id"] for one in data["sections"]] == SECTIONS
    for section in data["sections"]:
        for sentence in section["sentences"]:
            assert " ".join(sentence.split()) in page.words
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_figures_quarantine_and_provenance_are_shown() -> None:
    found = example.evaluation()
    words = page_of(found).words
    for shown in (
        "0.761", "empty_text", found["model"]["archive_sha256"], found["data"]["dataset"]["hash"],
        "learning_rate=5e-05", "temperature 1.420; offsets +0.000, +0.210, +0.000; fitted on validation",
        "near_duplicates quarantine 6 as good as the last one . reviews.txt, row 812",
    ):  # fmt: skip
        assert shown in words
    for count in (cell for row in found["confusion_matrix"]["counts"] for cell in row):
        assert f" {count} " in words


def test_critical_slices_stand_first_and_the_worst_before_better_ones() -> None:
    data = report_json(*example.pieces())
    declared = next(one for one in data["sections"] if one["id"] == "slices")["figures"]["declared"]
    names = [one["name"] for one in declared]
    assert names == ["negation", "returns", "product = router", "short", "unanimous"]


def test_a_model_trained_from_the_store_says_as_of_when() -> None:
    found = example.evaluation()
    found["data"]["dataset"] |= {"features": "2026-01-02T03:04:05.000Z", "feature_group": "reviews"}
    assert "what the Feature Store held at 2026-01-02T03:04:05.000Z" in page_of(found).words


def test_what_evaluate_really_writes_is_rendered(trained: Workspace, evaluated: Path) -> None:
    evaluation = json.loads((evaluated / "evaluation.json").read_text())
    validation = json.loads((trained.root / "validation" / "validation.json").read_text())
    prepared = merge_reports(trained.root / "prepared")
    page = Page(render(evaluation, validation, prepared, []))
    assert page.ids == SECTIONS
    assert page.text[0].startswith("Passed" if evaluation["gate"]["passed"] else "Refused")
    assert evaluation["model"]["archive_sha256"] in page.words
