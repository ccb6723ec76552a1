"""Ranges and search strategies of tuning jobs."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest

from local_cloud.sagemaker.errors import ServiceError
from local_cloud.sagemaker.jobs import ranges
from local_cloud.sagemaker.jobs.bayesian import BayesianSearch
from local_cloud.sagemaker.jobs.search import GridSearch, RandomSearch

KINDS = ("Integer", "Continuous")


def _read(kind: str, low: str, high: str, scale: str = "Linear") -> list[ranges.Range]:
    item = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scale}
    return ranges.read({f"{kind}ParameterRanges": [item]}, {})


@pytest.mark.parametrize(
    ("kind", "low", "high", "scale", "middle"),
    [
        ("Integer", "1", "9", "Linear", "5"),
        ("Integer", "1", "100", "Logarithmic", "10"),
        ("Continuous", "0.0001", "1", "Logarithmic", "0.01"),
        ("Continuous", "0.0001", "1", "Auto", "0.01"),
        ("Continuous", "0", "1", "Auto", "0.5"),
        ("Continuous", "0", "0.9999", "ReverseLogarithmic", "0.99"),
    ],
)
def test_the_middle_of_a_range_depends_on_its_scale(
    kind: str, low: str, high: str, scale: str, middle: str
) -> None:
    (number,) = _read(kind, low, high, scale)
    assert isinstance(number, ranges.Number)
    assert float(number.at(0.5)) == pytest.approx(float(middle))
    assert (float(number.at(0)), float(number.at(1))) == pytest.approx((float(low), float(high)))
    assert number.position(number.at(0.25)) == pytest.approx(0.25, abs=0.1 if kind == "Integer" else 1e-9)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("Integer", "1", "2.5", "Linear"), "'x' must be integers"),
        (("Continuous", "2", "1", "Linear"), "'x' must not be greater"),
        (("Continuous", "nan", "1", "Linear"), "'x' must not be greater"),
        (("Continuous", "0", "1", "Logarithmic"), "'x' needs values greater than 0"),
        (("Continuous", "0", "1", "ReverseLogarithmic"), "within 0<=x<1.0"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(given: tuple[str, str, str, str], named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        _read(*given)


def test_a_hyperparameter_is_given_once() -> None:
    given = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1"]}, {"Name": "b", "Values": ["1"]}]}
    with pytest.raises(ServiceError, match="a range or static: b"):
        ranges.read(given, {"b": "2"})


def test_a_grid_is_every_combination_once() -> None:
    given = {"CategoricalParameterRanges": [{"Name": n, "Values": ["1", "2", "3"]} for n in "ab"]}
    grid, found = GridSearch(ranges.read(given, {})), []
    while (proposed := grid.propose([])) is not None:
        found.append(proposed)
    assert sorted((one["a"], one["b"]) for one in found) == [(a, b) for a in "123" for b in "123"]


def _bowl() -> list[ranges.Range]:
    given = {
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "64", "ScalingType": "Linear"}],
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "1e-5", "MaxValue": "1e-1", "ScalingType": "Logarithmic"}
        ],
        "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
    }
    return ranges.read(given, {})


def _draws(seed: int | None, count: int = 200) -> list[dict[str, Any]]:
    search = RandomSearch(_bowl(), seed)
    return [search.propose([]) or {} for _ in range(count)]


def test_draws_are_within_their_ranges_and_spread_over_the_scale() -> None:
    draws = _draws(7)
    assert all(1 <= int(one["n"]) <= 64 and 1e-5 <= float(one["rate"]) <= 1e-1 for one in draws)
    assert 3e-4 < statistics.median(float(one["rate"]) for one in draws) < 3e-3
    assert {one["kind"] for one in draws} == {"a", "b"}


def test_a_seed_makes_draws_repeatable() -> None:
    assert _draws(7) == _draws(7) != _draws(8)
    assert _draws(None) != _draws(None)


def test_a_combination_comes_again_only_when_all_were_there() -> None:
    given = {"CategoricalParameterRanges": [{"Name": "a", "Values": list("12345")}]}
    search = RandomSearch(ranges.read(given, {}), 3)
    assert len({str(search.propose([])) for _ in range(5)}) == 5


def _best_of(search: BayesianSearch | RandomSearch, jobs: int) -> float:
    """The least value that a search finds of a bowl with its middle at rate 1e-3, n 40 and kind b."""
    results: list[tuple[ranges.Candidate, float]] = []
    for _ in range(jobs):
        proposed = search.propose(results) or {}
        rate, n = math.log10(float(proposed["rate"])), int(proposed["n"])
        loss = (rate + 3) ** 2 + ((n - 40) / 32) ** 2 + (proposed["kind"] != "b")
        results.append((proposed, loss))
    return min(loss for _, loss in results)


def test_bayesian_search_needs_far_fewer_jobs_than_draws() -> None:
    seeds = range(5)
    model = [_best_of(BayesianSearch(_bowl(), seed), 24) for seed in seeds]
    draws = [_best_of(RandomSearch(_bowl(), seed), 24) for seed in seeds]
    assert max(model) < 0.02
    assert statistics.fmean(model) < statistics.fmean(draws) / 5


def test_bayesian_search_is_repeatable_and_never_proposes_what_runs() -> None:
    first, second = BayesianSearch(_bowl(), 4), BayesianSearch(_bowl(), 4)
    results: list[tuple[ranges.Candidate, float]] = []
    for at in range(8):
        proposed = first.propose(results) or {}
        assert proposed == second.propose(results)
        results.append((proposed, float(at)))
    running = [tuple((first.propose(results) or {}).items()) for _ in range(4)]
    assert len(set(running)) == 4
