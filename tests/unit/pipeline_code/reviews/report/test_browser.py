"""The report in headless Chromium: every plot is drawn and readable, on a desk, on a phone and in print."""

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.reviews.report import render
from tests.unit.pipeline_code.reviews.report import browser, example
from tests.unit.pipeline_code.reviews.report.html_page import Page

pytestmark = pytest.mark.skipif(
    browser.chromium() is None, reason="no Chromium is installed: apt-get install chromium"
)
WIDTHS = {"desk": 1200, "phone": 360}
LEAST_TEXT = 8.0  # CSS pixels


@pytest.fixture(scope="module")
def html() -> str:
    """Every plot, with names as long as a contract's author may find."""
    found = example.refused()
    found["slices"]["returned within two weeks, or defective on arrival"] = found["slices"].pop("negation")
    found["literature"][0]["name"] = "WWWWWW of the course's labs, balanced classes"
    return render(*example.pieces(found))


@pytest.fixture(scope="module", params=WIDTHS)
def seen(
    request: pytest.FixtureRequest, html: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    found = browser.measured(html, WIDTHS[request.param], tmp_path_factory.mktemp("page") / "files")
    assert found["width"] == WIDTHS[request.param]
    return found


def test_every_plot_is_there_and_visible(seen: dict[str, Any], html: str) -> None:
    assert [plot["label"] for plot in seen["plots"]] == Page(html).charts
    for plot in seen["plots"]:
        left, top, right, bottom = plot["box"]
        assert right - left >= 200, plot["label"]
        assert bottom - top >= 60, plot["label"]
        assert plot["shown"], plot["label"]
        assert plot["marks"], plot["label"]


def test_nothing_is_drawn_outside_its_plot(seen: dict[str, Any]) -> None:
    for plot in seen["plots"]:
        left, top, right, bottom = plot["box"]
        drawn = [("mark", box) for box in plot["marks"]]
        drawn += [(text["text"], text["box"]) for text in plot["texts"]]
        for what, (x, y, x_end, y_end) in drawn:
            assert left - 8 <= x <= x_end <= right + 8, (plot["label"], what)
            assert top - 4 <= y <= y_end <= bottom + 4, (plot["label"], what)


def test_texts_in_plots_can_be_read(seen: dict[str, Any]) -> None:
    for plot in seen["plots"]:
        for text in plot["texts"]:
            assert text["size"] * plot["scale"] >= LEAST_TEXT, (plot["label"], text["text"])


def test_labels_of_a_row_do_not_run_into_each_other(seen: dict[str, Any]) -> None:
    for plot in seen["plots"]:
        boxes = [(text["text"], text["box"]) for text in plot["texts"]]
        for place, (first, one) in enumerate(boxes):
            for second, two in boxes[place + 1 :]:
                across = min(one[2], two[2]) - max(one[0], two[0])
                down = min(one[3], two[3]) - max(one[1], two[1])
                assert across <= 1 or down <= 3, (plot["label"], first, second)


def test_the_page_does_not_scroll_sideways(seen: dict[str, Any]) -> None:
    assert seen["content"] <= seen["width"]


def test_it_prints_on_a_few_pages(html: str, tmp_path: Path) -> None:
    pdf = browser.printed(html, tmp_path / "print")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 3 <= pages <= 14
