import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.preparation import merge_reports
from pipeline_code.reviews.report import render
from tests.unit.pipeline_code.workspace import Workspace


class Page(HTMLParser):
    """Collects the text in reading order and everything that a browser would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "line", "circle", "rect", "polyline"}:
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "srcset"}]

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"line", "circle", "rect", "polyline"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] not in {"style", "title"}:
            self.text.append(" ".join(data.split()))


@pytest.fixture
def pieces(trained: Workspace, evaluated: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    return (
        json.loads((evaluated / "evaluation.json").read_text()),
        json.loads((trained.root / "validation" / "validation.json").read_text()),
        merge_reports(trained.root / "prepared"),
    )


MISTAKE = {
    "review_id": "1_1",
    "text": "<script>x</script>",
    "label": "a",
    "predicted": "b",
    "confidence": 0.9,
}


def test_the_page_starts_with_the_verdict_and_loads_nothing(pieces: Any) -> None:
    html = render(*pieces, [MISTAKE])
    page = Page(html)
    assert page.open == []
    assert page.loads == []
    assert "url(" not in html
    assert page.text[0].startswith("Passed" if pieces[0]["gate"]["passed"] else "Refused")
    assert page.text[1].startswith("Of 100 unseen texts")


def test_a_refusal_says_why_first(pieces: Any) -> None:
    evaluation = pieces[0]
    evaluation["gate"] |= {"passed": False, "reasons": ["recall of neutral 0.1 is below 0.4"]}
    page = Page(render(*pieces, []))
    assert page.text[0].startswith("Refused")
    assert "recall of neutral 0.1 is below 0.4" in page.text[:5]


def test_texts_are_escaped(pieces: Any) -> None:
    html = render(*pieces, [MISTAKE])
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert "<script" not in html


def test_figures_quarantine_and_provenance_are_shown(pieces: Any) -> None:
    evaluation, validation, prepare = pieces
    validation |= {"quarantined": 2, "reasons": {"empty_text": 2}}
    text = " ".join(Page(render(evaluation, validation, prepare, [])).text)
    for shown in (
        f"{evaluation['metrics']['accuracy']['value']:.3f}",
        "empty_text",
        evaluation["model"]["archive_sha256"],
        evaluation["data"]["dataset"]["hash"],
        "learning_rate=0.003",
        "None: every test text",
    ):
        assert shown in text
    for count in (cell for row in evaluation["confusion_matrix"]["counts"] for cell in row):
        assert re.search(rf"\b{count}\b", text)


def test_training_without_validation_still_renders(pieces: Any) -> None:
    training = pieces[0]["model"]["training"]
    training["history"] = [{"epoch": 1, "train_loss": 0.5}]
    training["examples"]["validation"] = 0
    assert "Validation by epoch" not in render(*pieces, [])


def test_the_data_section_tells_what_cleaning_did_with_a_sample(pieces: Any) -> None:
    evaluation, validation, prepare = pieces
    sample = {"file": "a.csv", "row": 7, "review_id": "9_1", "text": "<b>as good as the last one"}
    validation["cleaning"]["near_duplicates"] = {"action": "quarantine", "rows": 4, "samples": [sample]}
    html = render(evaluation, validation, prepare, [])
    text = " ".join(Page(html).text)
    assert "near_duplicates quarantine 4 <b>as good as the last one a.csv, row 7" in text
    assert "<b>as good" not in html


def test_a_model_trained_from_the_store_says_as_of_when(pieces: Any) -> None:
    evaluation, validation, prepare = pieces
    evaluation["data"]["dataset"] |= {"features": "2026-01-02T03:04:05.000Z", "feature_group": "reviews"}
    text = " ".join(Page(render(evaluation, validation, prepare, [])).text)
    assert "what the Feature Store held at 2026-01-02T03:04:05.000Z" in text
