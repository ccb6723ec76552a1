import pytest

from pipeline_code.reviews.report import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.000412, "0.00041"),
        (-0.00005, "-0.000050"),
        (0.5, "0.500"),
        (11.84, "11.8"),
        (2, "2"),
        (2914.2, "2,914"),
    ],
)
def test_measures_of_any_size_are_short(value: float | None, shown: str) -> None:
    assert words.measure(value) == shown


def test_lists_read_as_sentences() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_a_comparison_without_words_gets_them_from_its_interval() -> None:
    for interval, verdict in (
        ([0.01, 0.05], "better"),
        ([-0.05, -0.01], "worse"),
        ([-0.01, 0.05], "can't tell"),
    ):
        found, said = words.compared({"value": 0.02, "interval": interval})
        assert found == verdict
        assert "+2.0 points" in said
    assert words.compared({"value": 0, "interval": [0, 0], "verdict": "not worse", "words": "fine"}) == (
        "not worse",
        "Fine.",
    )


def test_missing_figures_are_dashes() -> None:
    shown = {
        words.percent(None),
        words.number(None),
        words.points(None),
        words.interval(None),
        words.signed(None),
    }
    assert shown == {words.MISSING}


def test_the_live_model_is_named_with_its_version() -> None:
    assert words.model_name("live", {"version": 3}) == "Model in service (version 3)"
    assert words.model_name("live") == "Model in service"
    assert words.model_name("keywords") == "keywords"
