import pytest

from bertline.label_comparison import compare_reports
from tests.unit.bertline.label_fixtures import definition, figure, labels, unrated


def by_name(before: dict, after: dict) -> dict:
    return {change.name: change.comparison for change in compare_reports(before, after).changes}


def test_a_clear_rise_is_better_and_moves_the_ceiling() -> None:
    after = labels()
    after["agreement"]["alpha"]["nominal"] = figure(0.79)
    after["human"]["levels"]["1"]["accuracy"] = figure(0.9)
    found = by_name(labels(), after)
    assert found["alpha, nominal"]["verdict"] == "better"
    assert found["HLP(1) accuracy"]["value"] == pytest.approx(0.05)
    assert found["HLP(9) accuracy"]["verdict"] == "can't tell"
    words = compare_reports(labels(), after).words
    assert "People agree more than before" in words[0]
    assert "moved by +0.050 for one rater, +0.000 for HLP(9)" in words[1]


def test_the_interval_is_that_of_independent_figures() -> None:
    after = labels()
    after["agreement"]["alpha"]["nominal"] = figure(0.75, reach=0.03)
    low, high = by_name(labels(), after)["alpha, nominal"]["interval"]
    assert (low, high) == (pytest.approx(0.06 - 0.0013**0.5), pytest.approx(0.06 + 0.0013**0.5))


@pytest.mark.parametrize(
    ("value", "reach", "verdict"),
    [(0.59, 0.02, "worse"), (0.69, 0.02, "can't tell"), (0.72, 0.02, "better"), (0.688, 0.001, "not worse")],
)
def test_verdicts(value: float, reach: float, verdict: str) -> None:
    before, after = labels(), labels()
    before["agreement"]["alpha"]["nominal"] = figure(0.69, reach=min(reach, 0.012))
    after["agreement"]["alpha"]["nominal"] = figure(value, reach)
    assert by_name(before, after)["alpha, nominal"]["verdict"] == verdict


def test_figures_that_are_not_defined_are_not_compared() -> None:
    assert "alpha, ordinal" not in by_name(labels(), labels())


def test_moved_cuts_are_pointed_out() -> None:
    after = labels()
    after["definition"] = [definition(1.0, True)]
    words = compare_reports(labels(), after).words
    assert "from -0.5, 0.5 to -1, 1" in words[-1]
    assert not any("cuts" in sentence for sentence in compare_reports(labels(), labels()).words)


def test_without_ratings_there_is_nothing_to_compare() -> None:
    found = compare_reports(labels(), unrated())
    assert found.changes == []
    assert "Nothing to compare" in found.words[0]
