"""Alpha against worked examples and against another implementation."""

from typing import Any

import krippendorff
import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.labels.agreement import agreement, alpha, interval_alpha, interval_parts
from pipeline_code.reviews.labels.intervals import Resampling
from pipeline_code.reviews.labels.ratings import RatedTexts

# Krippendorff (2011), section C: 12 units, 4 observers, values 1 to 5.
UNITS = ["111", "2223", "3333", "3333", "2222", "1234", "4444", "1112", "2222", "555", "11", "3"]
PUBLISHED = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849}


def counted(ratings: list[list[float]]) -> tuple[np.ndarray, list[float]]:
    domain = sorted({value for given in ratings for value in given})
    return np.array([[given.count(value) for value in domain] for given in ratings]), domain


@pytest.mark.parametrize("level", PUBLISHED)
def test_the_published_example(level: Any) -> None:
    counts, domain = counted([[float(value) for value in unit] for unit in UNITS])
    assert alpha(counts, domain, level) == pytest.approx(PUBLISHED[level], abs=5e-4)


@pytest.mark.parametrize("level", PUBLISHED)
@pytest.mark.parametrize("seed", range(5))
def test_it_equals_another_implementation(level: Any, seed: int, crowd: Any) -> None:
    generator = np.random.default_rng(seed)
    ratings = [given[: generator.integers(1, 9)] for given in crowd(60, 8, seed)]
    counts, domain = counted(ratings)
    wanted = krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=level)
    assert alpha(counts, domain, level) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_four_sums_give_the_interval_alpha_of_any_number_of_values(seed: int, crowd: Any) -> None:
    generator = np.random.default_rng(seed)
    ratings = [given[: generator.integers(1, 9)] for given in crowd(60, 8, seed)]
    counts, domain = counted(ratings)
    found = interval_alpha(interval_parts(RatedTexts.of(ratings)).sum(axis=0, keepdims=True))[0]
    assert found == pytest.approx(alpha(counts, domain, "interval"), abs=1e-9)


@pytest.mark.parametrize("level", PUBLISHED)
def test_full_agreement_is_1_and_no_variation_undefined(level: Any) -> None:
    assert alpha(np.array([[3, 0], [0, 2]]), [0, 1], level) == 1
    assert np.isnan(alpha(np.array([[3, 0], [2, 0]]), [0, 1], level))
    assert np.isnan(alpha(np.array([[1, 0], [0, 1]]), [0, 1], level))  # nobody can be compared


def test_systematic_disagreement_is_below_0() -> None:
    assert alpha(np.array([[1, 1], [1, 1], [1, 1]]), [0, 1], "nominal") < 0


def report(ratings: list[list[float]], contract: Contract) -> Any:
    rated = RatedTexts.of(ratings)
    rule: Any = contract.label_rule
    return agreement(rated, rule, [str(row) for row in range(len(ratings))], Resampling(200, 1))


def test_the_report_has_intervals_and_reliability(contract: Contract, crowd: Any) -> None:
    found = report(crowd(200, 10), contract)
    assert list(found["alpha"]) == ["interval", "nominal", "ordinal", "ordinal_ratings"]
    for figure in found["alpha"].values():
        low, high = figure["interval"]
        assert low < figure["value"] < high
    interval = found["alpha"]["interval"]["value"]
    assert found["reliability"]["1"] == pytest.approx(interval)
    assert interval < found["reliability"]["3"] < found["reliability"]["9"] < 1


def test_noisier_raters_agree_less(contract: Contract, crowd: Any) -> None:
    calm, noisy = (report(crowd(200, 10, noise=noise), contract) for noise in (0.5, 1.5))
    for name in ("interval", "nominal", "ordinal"):
        assert noisy["alpha"][name]["value"] < calm["alpha"][name]["value"]
    assert noisy["pairwise"] < calm["pairwise"]


def test_pairs_majorities_and_ties_by_hand(contract: Contract) -> None:
    # Votes 2:1 (mean 2/3: positive as the majority says), 2:1 (mean 4/3, majority neutral), 1:1 (tied).
    found = report([[2.0, 2.0, -2.0], [0.0, 0.0, 4.0], [1.0, -1.0]], contract)
    assert found["pairwise"] == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)
    assert found["majority_is_mean"] == pytest.approx(1 / 3)
    assert found["majority_ties"] == pytest.approx(1 / 3)


def test_what_is_not_defined_is_none(contract: Contract) -> None:
    found = report([[2.0, 2.0], [2.0, 2.0]], contract)
    assert found["alpha"]["nominal"] == {"value": None, "interval": None}
    assert found["reliability"] == {}


def test_continuous_ratings_have_no_ordinal_alpha_of_their_own(contract: Contract, crowd: Any) -> None:
    shifted = [[value + row / 1000 for value in given] for row, given in enumerate(crowd(40, 5))]
    assert list(report(shifted, contract)["alpha"]) == ["interval", "nominal", "ordinal"]
