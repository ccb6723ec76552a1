from typing import Any

import numpy as np
import pytest

from pipeline_code.reviews.error_analysis import error_table

GROUPS = [f"g{number // 2}" for number in range(100)]


def table(tags: list[list[str]], wrong: Any, human: Any) -> dict[str, Any]:
    rows = error_table(tags, np.asarray(wrong, bool), np.asarray(human, float), GROUPS, samples=300, seed=1)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return {row["tag"]: row for row in rows}


def test_a_large_gap_in_a_small_part_is_a_small_gain() -> None:
    """Of 10 questions all are wrong, of 60 negations every second: people get 0.9 of everything."""
    tags = [["question"] if row < 10 else ["negation"] if row < 70 else [] for row in range(100)]
    wrong = [row < 10 or (row < 70 and row % 2 == 0) for row in range(100)]
    found = table(tags, wrong, [0.9] * 100)
    assert found["question"]["gap"] == pytest.approx(0.9)
    assert found["question"]["ceiling_gain"]["value"] == pytest.approx(0.09)
    assert found["negation"]["gap"] == pytest.approx(0.4)
    assert found["negation"]["ceiling_gain"]["value"] == pytest.approx(0.24)
    assert found["negation"]["rank"] == 1
    low, high = found["negation"]["ceiling_gain"]["interval"]
    assert 0.1 < low < 0.24 < high < 0.4
    assert (found["negation"]["rows"], found["negation"]["errors"], found["negation"]["share"]) == (
        60,
        30,
        0.6,
    )


def test_where_the_model_beats_people_nothing_is_gained() -> None:
    found = table([["short"]] * 100, [False] * 100, [0.8] * 100)
    assert found["short"]["gap"] == pytest.approx(-0.2)
    assert found["short"]["ceiling_gain"] == {"value": 0.0, "interval": [0.0, 0.0]}


def test_rows_without_ratings_count_as_errors_but_not_in_the_gain() -> None:
    human = [0.9] * 50 + [np.nan] * 50
    found = table([["numbers"]] * 100, [row >= 50 for row in range(100)], human)
    assert found["numbers"]["errors"] == 50
    assert found["numbers"]["human"] == pytest.approx(0.9)
    assert found["numbers"]["gap"] == pytest.approx(-0.1)


def test_without_human_level_tags_are_ranked_by_their_errors_and_the_kind_is_said() -> None:
    tags = [["question", "sizing"] if row < 30 else ["sizing"] for row in range(100)]
    found = table(tags, [row < 40 for row in range(100)], [np.nan] * 100)
    assert list(found) == ["sizing", "question"]
    assert found["sizing"]["kind"] == "contract"
    assert found["question"]["kind"] == "automatic"
    assert found["question"]["ceiling_gain"] is None
    assert found["question"]["human"] is None
