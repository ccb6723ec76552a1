from pipeline_code.reviews.report.bars import WIDTH, Limit, limit_chart


def test_bounds_share_a_line_and_bars_cross_it_when_over() -> None:
    limits = [Limit("half", "", 50.0, 100.0), Limit("at", "", 2.0, 2.0), Limit("far over", "", 900.0, 3.0)]
    chart = limit_chart(limits, "all")
    half, at, over = (row["length"] + chart["left"] for row in chart["rows"])
    assert half < at == chart["bound"] < over <= WIDTH
    assert [row["over"] for row in chart["rows"]] == [False, False, True]


def test_a_bound_of_nothing_is_crossed_by_anything() -> None:
    chart = limit_chart([Limit("cost", "", 0.1, 0.0)], "all")
    assert chart["rows"][0]["over"]
    assert chart["left"] + chart["rows"][0]["length"] <= WIDTH
