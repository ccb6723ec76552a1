from pipeline_code.reviews.report.reliability import reliability_chart

BINS = [
    {"low": 0.0, "high": 0.5, "count": 0, "confidence": 0.0, "accuracy": 0.0},
    {"low": 0.5, "high": 0.75, "count": 25, "confidence": 0.6, "accuracy": 0.4},
    {"low": 0.75, "high": 1.0, "count": 100, "confidence": 0.9, "accuracy": 0.95},
]


def test_empty_bins_are_left_out_and_area_follows_the_count() -> None:
    sure = reliability_chart(BINS, "all")["bins"]
    assert [one["count"] for one in sure] == [25, 100]
    assert sure[1]["radius"] == 2 * sure[0]["radius"]
    assert sure[1]["bar_height"] == 4 * sure[0]["bar_height"]


def test_overconfidence_lies_below_the_diagonal() -> None:
    over, under = reliability_chart(BINS, "all")["bins"]
    assert over["y"] > over["ideal"]
    assert under["y"] < under["ideal"]


def test_everything_lies_inside_the_picture() -> None:
    chart = reliability_chart([{**BINS[1], "confidence": 1.0, "accuracy": 0.0, "high": 1.0}], "all")
    (one,) = chart["bins"]
    assert chart["left"] <= one["x"] <= chart["right"] <= chart["width"]
    assert one["y"] == chart["base"] < chart["foot"] < chart["height"]
    assert one["bar_x"] + one["bar_width"] <= chart["right"]
