import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.report.charts import WIDTH, curve_chart, histogram_chart


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_curves_stay_on_their_grid(values: list[float]) -> None:
    chart = curve_chart("Loss", {"train": list(enumerate(values, start=1))})
    (line,) = chart["lines"]
    assert all(0 <= y <= chart["bottom"] + 0.1 for _, y in line["points"])
    assert 2 <= len(chart["y_axis"]) <= 9


def test_a_higher_value_is_drawn_higher() -> None:
    (line,) = curve_chart("Loss", {"train": [(1, 0.9), (2, 0.3)]})["lines"]
    assert line["points"][0][1] < line["points"][1][1]
    assert line["points"][0][0] < line["points"][1][0]


def test_all_reviews_are_in_the_bars_and_the_cut_is_marked() -> None:
    chart = histogram_chart({0: 5, 8: 10, 24: 1, 4000: 2}, limit=16)
    assert sum(bar["count"] for bar in chart["bars"]) == 18
    assert [bar["over"] for bar in chart["bars"]][:4] == [False, False, True, True]
    assert chart["cut"] == pytest.approx(2 * WIDTH / len(chart["bars"]))
    assert histogram_chart({0: 5}, limit=128)["cut"] is None
