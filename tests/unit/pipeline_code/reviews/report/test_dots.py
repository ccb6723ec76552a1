import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.report.dots import WIDTH, Row, dot_chart

UNIT = st.floats(0, 1)


@given(st.lists(st.tuples(UNIT, UNIT, UNIT, UNIT), min_size=1, max_size=6))
def test_intervals_lie_inside_the_picture_and_in_order(
    values: list[tuple[float, float, float, float]],
) -> None:
    rows = []
    for number, (*triple, beside) in enumerate(values):
        low, value, high = sorted(triple)
        rows.append(Row(f"model {number}", value, "", [low, high], beside=beside))
    chart = dot_chart(rows, "all")
    for row in chart["rows"]:
        assert 0 <= row["low"] <= row["x"] <= row["high"] <= WIDTH
        assert 0 <= row["beside"] <= WIDTH
        assert 0 < row["name_y"] < row["y"] < chart["bottom"] < chart["height"]
    places = [tick["x"] for tick in chart["axis"]]
    assert places == sorted(set(places))
    assert 2 <= len(places) <= 9


@given(st.floats(-0.3, 0.3), st.floats(0, 0.2))
def test_a_line_at_zero_is_always_inside(value: float, half: float) -> None:
    chart = dot_chart(
        [Row("a", value, "", [value - half, value + half])], "all", bounds=(-1.0, 1.0), reference=0.0
    )
    assert 0 <= chart["reference"] <= WIDTH
    assert (chart["rows"][0]["x"] >= chart["reference"]) is (
        value >= 0 or chart["rows"][0]["x"] == chart["reference"]
    )


def test_shares_as_points_carry_a_sign() -> None:
    rows = [Row("a", 0.02, "", [-0.01, 0.05])]
    chart = dot_chart(rows, "all", bounds=(-1.0, 1.0), reference=0.0, scale=100, sign=True)
    assert [tick["text"] for tick in chart["axis"]] == ["-2", "0", "+2", "+4", "+6"]


def test_a_value_without_an_interval_has_no_line() -> None:
    (row,) = dot_chart([Row("published", 0.7, "0.700", shape="diamond")], "all")["rows"]
    assert (row["low"], row["high"], row["shape"]) == (None, None, "diamond")
    assert row["x"] == pytest.approx(WIDTH / 2, abs=WIDTH / 2)
