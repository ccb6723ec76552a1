import numpy as np
import pytest
from scipy import stats

from pipeline_code.reviews import intervals
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.metrics import accuracy, macro_f1

SHARE = (0.0, 1.0)


def draw(generator: np.random.Generator, groups: int) -> tuple[list[str], np.ndarray, list[np.ndarray]]:
    """Reviews of unequal size; hits hang together within a review; two models with 60 % of answers shared."""
    sizes = np.clip(generator.lognormal(2.25, 0.72, groups).round(), 1, 70).astype(int)
    place = np.repeat(np.arange(groups), sizes)
    true = generator.integers(0, 3, len(place))
    answers = []
    for right in (0.75, 0.70):
        hit = generator.random(len(place)) < generator.beta(9 * right, 9 * (1 - right), groups)[place]
        answers.append(np.where(hit, true, (true + generator.integers(1, 3, len(place))) % 3))
    shared = generator.random(len(place)) < 0.6
    answers[1] = np.where(shared, answers[0], answers[1])
    return [str(number) for number in place], true, answers


def test_95_in_100_intervals_hold_the_truth_with_few_groups() -> None:
    generator, repetitions = np.random.default_rng(7), 400
    truths = {"accuracy": 0.75, "macro-F1": 0.75, "difference": 0.4 * 0.05}
    held = dict.fromkeys(truths, 0)
    for seed in range(repetitions):
        groups, true, (first, second) = draw(generator, 27)
        boot = GroupBootstrap(groups, true, classes=3, samples=1000, seed=seed)
        found = {
            "accuracy": boot.figure(accuracy, first),
            "macro-F1": boot.figure(macro_f1, first),
            "difference": boot.difference(accuracy, first, second),
        }
        for name, figure in found.items():
            held[name] += figure["interval"][0] <= truths[name] <= figure["interval"][1]
    low, high = stats.binom.ppf([0.01, 0.99], repetitions, 0.95)
    assert {name: low <= count <= high for name, count in held.items()} == dict.fromkeys(truths, True), held


def test_many_alike_groups_give_the_percentile_interval() -> None:
    generator = np.random.default_rng(2)
    groups = generator.normal(size=4000)
    total, count = groups.sum(), len(groups)
    replicates = generator.normal(total / count, count**-0.5, 20_000)
    jackknife = (total - groups) / (count - 1)
    found = intervals.interval(float(total / count), replicates, jackknife)
    assert found == pytest.approx(np.percentile(replicates, [2.5, 97.5]), abs=0.05 * count**-0.5)


def test_the_interval_is_exact_on_average_for_normal_means() -> None:
    """Thirty normal values: the t interval is exact, and ours is as wide."""
    generator, ratios = np.random.default_rng(3), []
    for _ in range(200):
        values = generator.normal(size=30)
        replicates = generator.choice(values, (1000, 30)).mean(axis=1)
        low, high = intervals.interval(
            float(values.mean()), replicates, (values.sum() - values) / (len(values) - 1)
        )
        exact = 2 * stats.t.ppf(0.975, 29) * values.std(ddof=1) / 30**0.5
        ratios.append((high - low) / exact)
    assert np.mean(ratios) == pytest.approx(1, abs=0.06)


def test_a_skewed_statistic_gets_a_skewed_interval() -> None:
    generator = np.random.default_rng(4)
    values = generator.lognormal(0, 1, 200)
    replicates = generator.choice(values, (4000, 200)).mean(axis=1)
    low, high = intervals.interval(float(values.mean()), replicates, (values.sum() - values) / 199)
    assert high - values.mean() > 1.2 * (values.mean() - low)


def test_degrees_of_freedom_are_the_number_of_groups_that_matter() -> None:
    normal = np.random.default_rng(5).normal(size=300)
    assert intervals.effective_freedom(normal - normal.mean(), 300) == pytest.approx(299, rel=0.25)
    one_matters = np.zeros(300)
    one_matters[0] = 1.0
    assert intervals.effective_freedom(one_matters, 300) == pytest.approx(1, abs=0.01)
    two_groups = np.array([1.0, -1.0])
    assert intervals.effective_freedom(two_groups, 2) == 1.0


def test_without_a_single_error_the_interval_still_has_a_width() -> None:
    found = intervals.interval(1.0, np.ones(100), np.ones(27), SHARE)
    assert found == [pytest.approx(stats.beta.ppf(0.025, 27, 1)), 1.0]  # Clopper and Pearson, 27 of 27
    assert intervals.interval(0.0, np.zeros(100), np.zeros(300), SHARE)[1] == pytest.approx(0.0122, abs=1e-4)
    assert intervals.interval(0.0, np.zeros(100), np.zeros(9), (-1.0, 1.0)) == pytest.approx(
        [-0.3363, 0.3363], abs=1e-4
    )
    assert intervals.interval(3.0, np.full(9, 3.0), np.full(9, 3.0)) == [3.0, 3.0]


def test_two_groups_tell_next_to_nothing() -> None:
    low, high = intervals.interval(0.5, np.array([0.4, 0.5, 0.6] * 9), np.array([0.4, 0.6]), SHARE)
    assert (low, high) == (0.0, 1.0)


def test_the_value_is_never_outside() -> None:
    """Replicates that are all far below the value, as of a statistic with a strong bias."""
    replicates = np.linspace(0.1, 0.2, 400)
    low, high = intervals.interval(0.5, replicates, 0.5 + np.tile([-0.01, 0.01], 20), SHARE)
    assert 0.1 <= low <= 0.2
    assert high == 0.5


def test_undefined_replicates_are_left_out() -> None:
    replicates = np.linspace(0.3, 0.7, 401)
    jackknife = 0.5 + np.tile([-0.01, 0.01], 20)
    holes = np.append(replicates, [np.nan] * 300)
    assert intervals.interval(0.5, holes, jackknife) == intervals.interval(0.5, replicates, jackknife)
    nothing = intervals.interval(0.5, np.full(9, np.nan), jackknife, SHARE)
    assert nothing == pytest.approx([0.5 - 2.02 * 0.01 * 40**0.5, 0.5 + 2.02 * 0.01 * 40**0.5], abs=0.001)


def test_an_absolute_gap_that_is_only_noise_reaches_down_to_nought() -> None:
    """The truth is 0; the value is the noise of one draw, and replicates have it twice."""
    generator = np.random.default_rng(6)
    bins = generator.normal(size=(30, 10)) + 0.0
    value = float(np.abs(bins.mean(axis=0)).sum())
    drawn = bins[generator.integers(0, 30, (500, 30))].mean(axis=1)
    replicates = np.abs(drawn).sum(axis=1)
    jackknife = np.abs((bins.sum(axis=0) - bins) / 29).sum(axis=1)
    low, high = intervals.of_absolute_gaps(value, replicates, jackknife, (0.0, 10.0))
    assert low == 0.0
    assert value < high < 2 * value
    assert np.percentile(replicates, 2.5) > 0.5 * value
