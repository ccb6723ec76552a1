"""Laws are found again, held to their word, and end in a plan."""

import numpy as np
import pytest

from pipeline_code.reviews.levers.cross_fit import CrossFit, Plan
from pipeline_code.reviews.levers.curves import HOLDS, TOO_LITTLE, TOO_MUCH, Curve
from pipeline_code.reviews.levers.learner import TfidfLearner
from pipeline_code.reviews.levers.learning_curve import learning_curve
from pipeline_code.reviews.levers.order import first_of, share_of_class
from pipeline_code.reviews.levers.power_law import PowerLaw
from pipeline_code.reviews.levers.rows import LeverError
from tests.unit.pipeline_code.reviews.levers.world import CONTRACT, rows

SIZES = np.array([100.0, 200, 400, 800, 1600])


@pytest.mark.parametrize(("a", "b", "c"), [(0.8, 2.0, 0.5), (0.95, 1.0, 0.2), (0.7, 5.0, 1.0)])
def test_a_law_is_found_again(a: float, b: float, c: float) -> None:
    law = PowerLaw.fit(SIZES, (a - b * SIZES**-c)[None])
    assert float(law.at(3200.0)[0]) == pytest.approx(a - b * 3200**-c, abs=0.003)


def test_replicates_are_fitted_each_by_itself() -> None:
    values = np.stack([0.8 - 2 * SIZES**-0.5, 0.6 - 1 * SIZES**-0.5])
    both = PowerLaw.fit(SIZES, values)
    alone = PowerLaw.fit(SIZES, values[1:])
    assert both.at(3200.0)[1] == alone.at(3200.0)[0]
    assert both.at(np.array([100.0, 3200.0]))[1] == both.at(3200.0)[1]


def test_a_falling_curve_promises_nothing_and_no_law_exceeds_one() -> None:
    falling = PowerLaw.fit(SIZES, np.array([[0.8, 0.78, 0.75, 0.7, 0.6]]))
    assert float(falling.at(1e6)[0]) == pytest.approx(float(falling.at(100.0)[0]))
    steep = PowerLaw.fit(SIZES, np.array([[0.2, 0.4, 0.6, 0.8, 0.99]]))
    assert float(steep.at(1e9)[0]) <= 1


def curve(last: float, noise: float = 0.002) -> Curve:
    """A curve that follows a law, but for its last size."""
    measured = 0.8 - 2 * SIZES**-0.5
    measured[-1] += last
    drawn = np.random.default_rng(1).normal(0, noise, (400, len(SIZES)))
    return Curve(SIZES, measured, measured + drawn)


@pytest.mark.parametrize(("last", "fit"), [(0.0, HOLDS), (-0.1, TOO_MUCH), (0.1, TOO_LITTLE)])
def test_a_law_is_held_to_the_sizes_that_it_has_not_seen(last: float, fit: str) -> None:
    check = curve(last).check(4, 4)
    assert check["fit"] == fit
    assert (check["fitted_up_to"], check["size"]) == (800, 1600)
    assert check["error"]["value"] == pytest.approx(check["predicted"]["value"] - check["measured"])


def test_leaving_sizes_out_widens_what_a_law_that_does_not_fit_may_say() -> None:
    crooked = curve(-0.1, noise=1e-6)
    law, laws = crooked.law()
    plain = PowerLaw.fit(SIZES, crooked.replicates)
    assert np.ptp(laws.at(3200.0)) > 10 * np.ptp(plain.at(3200.0))
    assert law.at(3200.0)[0] == pytest.approx(plain.at(3200.0)[0], abs=1e-3)


def test_smaller_sets_are_part_of_larger_ones() -> None:
    fit = CrossFit(rows(200), Plan(folds=4, repeats=2))
    sets = []
    for part in fit.parts():
        small, large = (set(first_of(fit, size)(part).texts) for size in (30, 90))
        assert small < large
        sets.append(frozenset(small))
    assert len(set(sets)) == len(sets)


def test_the_rows_of_one_class_are_varied_alone() -> None:
    fit = CrossFit(rows(200), Plan(folds=4, repeats=1))
    part = next(fit.parts())
    whole = np.bincount(fit.rows.label_ids[part.train], minlength=3)
    less = np.bincount(share_of_class(fit, 1, 0.25)(part).labels, minlength=3)
    assert less[1] == round(whole[1] / 4)
    assert (less[[0, 2]] == whole[[0, 2]]).all()


def test_a_curve_ends_in_a_forecast_and_a_plan_by_class() -> None:
    own = rows(640, wrong=0.3)
    plan = Plan(folds=4, repeats=2, bootstrap_samples=300)
    found = learning_curve(TfidfLearner(3), own, CONTRACT, plan=plan)
    sizes = [item["size"] for item in found["sizes"]["accuracy"]]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 480
    last = found["sizes"]["accuracy"]
    assert last[0]["value"] < last[-1]["value"]
    assert [check["size"] for check in found["check"]["macro_f1"]] == sizes[-2:]
    assert found["forecast"]["macro_f1"][-1]["more_rows"] == len(own)
    assert set(found["class_plan"]["classes"]) == set(CONTRACT.class_names)
    assert found["verdict"]["decision"] in ("label more", "stop", "can't tell")
    assert "measured is" in found["verdict"]["words"]


def test_what_has_stopped_growing_is_not_to_be_labelled() -> None:
    plan = Plan(folds=4, repeats=2, bootstrap_samples=300)
    found = learning_curve(TfidfLearner(3), rows(1600, wrong=0.1), CONTRACT, plan=plan)
    assert found["verdict"]["decision"] in ("stop", "can't tell")
    assert found["forecast"]["macro_f1"][-1]["gain"]["value"] < 0.01


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(LeverError, match="72 rows to train on are too few"):
        learning_curve(TfidfLearner(3), rows(96), CONTRACT, plan=Plan(folds=4, repeats=1))
