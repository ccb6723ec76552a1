import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.lengths import LengthTally
from tests.unit.pipeline_code.workspace import Workspace, write_encoder


def tally(*lengths: int) -> LengthTally:
    found = LengthTally()
    found.add_lengths(lengths)
    return found


def test_special_tokens_count_and_nothing_is_cut_before_it_is_counted(tmp_path) -> None:
    tokenizer = load_tokenizer(write_encoder(Workspace(tmp_path).encoder))
    found = LengthTally()
    found.add(["good phone", "good " * 100], tokenizer)
    assert found.report(64, "data")["longest"] == 102
    assert found.report(64, "data")["mean"] == (4 + 102) / 2


def test_the_figures() -> None:
    found = tally(*range(1, 101)).report(64, "parameter")
    assert found["percentiles"] == {"50": 50, "90": 90, "99": 99}
    assert (found["longest"], found["mean"]) == (100, 50.5)
    assert found["truncated_share"] == {"64": 0.36, "128": 0.0, "256": 0.0, "512": 0.0}
    assert found["truncated_share_at_chosen"] == 0.36
    assert (found["chosen"], found["chosen_by"]) == (64, "parameter")
    assert found["histogram"]["0"] == 7
    assert found["histogram"]["96"] == 5
    assert sum(found["histogram"].values()) == 100


@pytest.mark.parametrize(
    ("lengths", "positions", "chosen"),
    [
        ([5] * 100, 512, 16),
        ([5] * 995 + [500] * 5, 512, 16),
        ([5] * 994 + [500] * 6, 512, 504),
        ([40] * 10, 512, 40),
        ([41] * 10, 512, 48),
        ([900] * 10, 514, 512),
        ([900] * 10, 64, 64),
        ([], 512, 16),
    ],
)
def test_the_choice_is_the_least_multiple_of_8_that_cuts_one_in_200(lengths, positions, chosen) -> None:
    assert tally(*lengths).choose(positions) == chosen


@given(st.lists(st.integers(1, 300), min_size=1), st.integers(8, 64))
def test_a_choice_below_the_most_cuts_at_most_half_a_percent(lengths: list[int], eighths: int) -> None:
    found = tally(*lengths)
    limit = found.choose(eighths * 8)
    assert limit % 8 == 0
    assert limit == eighths * 8 or found.truncated_share(limit) <= 0.005


def test_no_text_is_no_division_by_zero() -> None:
    found = tally().report(16, "data")
    assert (found["mean"], found["longest"], found["histogram"]) == (0.0, 0, {})
    assert found["percentiles"] == {"50": 0, "90": 0, "99": 0}
