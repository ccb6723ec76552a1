"""The test on the confirming half."""

import numpy as np
import pytest
from scipy import stats

from pipeline_code.reviews.discovery.exchange import exchange_test

GENERATOR = np.random.default_rng(3)
SIZES = GENERATOR.integers(2, 20, 80)
PLACE = np.repeat(np.arange(80), SIZES)


def contrast(mask: np.ndarray) -> np.ndarray:
    return (mask - mask.mean())[None, :]


def test_more_errors_in_the_slice_are_confirmed_and_fewer_are_not() -> None:
    inside = GENERATOR.random(len(PLACE)) < 0.1
    more = GENERATOR.random(len(PLACE)) < np.where(inside, 0.8, 0.2)
    assert exchange_test(contrast(inside), more, PLACE, 1)[0] == 1 / 2000
    assert exchange_test(contrast(inside), ~more, PLACE, 1)[0] > 0.9


@pytest.mark.parametrize("of_review", [False, True])
def test_p_values_are_uniform_however_errors_of_one_review_depend(of_review: bool) -> None:
    """Slices of sentences and of whole reviews, with reviews that are nearly all right or all wrong."""
    found = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        rates = generator.beta(0.3, 0.7, 80)[PLACE]
        wrong = generator.random(len(PLACE)) < rates
        inside = generator.random(80)[PLACE] < 0.2 if of_review else generator.random(len(PLACE)) < 0.1
        found.append(float(exchange_test(contrast(inside), wrong, PLACE, seed, 399)[0]))
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) <= 0.05) <= 0.09  # 18 of 200 at 5 %: one chance in 100


def test_rows_taken_for_groups_of_their_own_would_confirm_what_is_not_there() -> None:
    """What the exchange of whole reviews is for."""
    alone = np.arange(len(PLACE))
    found = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        wrong = generator.random(len(PLACE)) < generator.beta(0.3, 0.7, 80)[PLACE]
        inside = generator.random(80)[PLACE] < 0.2
        found.append(float(exchange_test(contrast(inside), wrong, alone, seed, 199)[0]))
    assert np.mean(np.array(found) <= 0.05) > 0.15


def test_each_draw_is_of_whole_groups() -> None:
    """All errors are in six reviews of 24, the slice is these: few exchanges leave them where they are."""
    place = np.repeat(np.arange(24), 5)
    wrong = np.repeat(np.arange(24) < 6, 5)
    inside = np.repeat(np.arange(24) < 6, 5)
    p_value = exchange_test(contrast(inside), wrong, place, 1)[0]
    assert p_value < 0.01
    assert exchange_test(contrast(~inside), wrong, place, 1)[0] == 1.0


def test_the_same_seed_gives_the_same_p_values() -> None:
    inside = GENERATOR.random(len(PLACE)) < 0.1
    wrong = GENERATOR.random(len(PLACE)) < 0.3
    first = exchange_test(contrast(inside), wrong, PLACE, 5)
    assert np.array_equal(first, exchange_test(contrast(inside), wrong, PLACE, 5))
