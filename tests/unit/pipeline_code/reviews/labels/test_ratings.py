import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.reviews.contract import MeanHumanRating, StarRating
from pipeline_code.reviews.labels.columns import LabelColumns
from pipeline_code.reviews.labels.ratings import RatedTexts, RatingsError, class_ids, raters_of, ratings_of


def attributes(**values: object) -> str:
    return json.dumps({name: json.dumps(value) for name, value in values.items()})


def test_ratings_and_raters_are_read_from_attributes() -> None:
    row = attributes(ratings=[0, -1, 2.5], raters=["a", "b", 3])
    assert ratings_of(row) == [0.0, -1.0, 2.5]
    assert raters_of(row) == ["a", "b", "3"]


@pytest.mark.parametrize("row", ["{}", "", attributes(ratings=[]), '{"ratings": ""}', '{"colour": "[1]"}'])
def test_a_row_without_ratings_has_none(row: str) -> None:
    assert ratings_of(row) is None
    assert raters_of(row) is None


@pytest.mark.parametrize("listed", ['["good"]', "[true]", "[NaN]", "3", "[1", '{"a": 1}'])
def test_what_is_no_list_of_numbers_is_an_error_that_shows_it(listed: str) -> None:
    with pytest.raises(RatingsError, match="attribute ratings"):
        ratings_of(json.dumps({"ratings": listed}))


def test_raters_must_be_as_many_as_ratings() -> None:
    with pytest.raises(RatingsError, match="1 raters for 2 ratings"):
        raters_of(attributes(ratings=[1, 2], raters=["a"]))


SCALES = [
    MeanHumanRating(kind="mean_human_rating", cuts=[-0.5, 0.5], rating_min=-4, rating_max=4),
    StarRating(kind="star_rating", cuts=[2.5, 3.5], rating_min=1, rating_max=5),
    StarRating(kind="star_rating", cuts=[3], rating_min=1, rating_max=5),
    StarRating(kind="star_rating", cuts=[2, 3, 4], rating_min=1, rating_max=5),
]


@given(st.sampled_from(SCALES), st.lists(st.integers(-16, 20).map(lambda n: n / 4), min_size=1, max_size=30))
def test_classes_of_many_ratings_are_those_of_the_contracts_rule(
    rule: StarRating, values: list[float]
) -> None:
    assert class_ids(rule, np.array(values)).tolist() == [rule.class_id(value) for value in values]


def test_rated_texts_know_their_rows_means_and_spread() -> None:
    rated = RatedTexts.of([[1.0, 3.0], None, [2.0], [], [0.0, 0.0, 3.0]])
    assert rated.rows.tolist() == [0, 2, 4]
    assert rated.counts.tolist() == [2, 1, 3]
    assert rated.means.tolist() == [2.0, 2.0, 1.0]
    assert rated.spread.tolist() == [2.0, 0.0, 6.0]
    assert rated.pooled_variance == pytest.approx(8 / 3)
    several = rated.select(rated.counts > 1)
    assert several.rows.tolist() == [0, 4]
    assert several.values.tolist() == [1.0, 3.0, 0.0, 0.0, 3.0]


@pytest.mark.parametrize(
    ("values", "steps"), [([1, -4], 1), ([1, 2.5], 2), ([0.25], 4), ([0.1, 0.7], 10), ([1 / 3], None)]
)
def test_the_steps_of_a_scale_are_found(values: list[float], steps: int | None) -> None:
    assert RatedTexts.of([values]).steps() == steps


def test_columns_come_from_attributes() -> None:
    rows = [attributes(ratings=[1, 2], raters=["a", "b"]), "{}"]
    columns = LabelColumns.of(["1", "2"], ["1", "2"], ["x", "y"], np.array([0, 1]), rows)
    assert columns.ratings == [[1.0, 2.0], None]
    assert columns.raters == [["a", "b"], None]
