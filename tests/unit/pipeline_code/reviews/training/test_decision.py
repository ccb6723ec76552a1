import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.training.decision import calibrate, decide, figures, plain_decision, plain_facts

PRIOR = np.array([0.1, 0.15, 0.75])
SHIFT = np.log(PRIOR) - np.log(PRIOR).mean()


def rows(count: int, temperature: float, *, balanced: bool, seed: int = 0) -> tuple[Floats, Ints, Floats]:
    """Logits, classes and true posteriors of a model that knows p(x | class), sharpened by `temperature`.

    Classes come with PRIOR; the logits believe in equal classes if `balanced`.
    """
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, size=count, p=PRIOR)
    centres = np.array([[1.5, 0.0], [0.0, 1.5], [-1.0, -1.0]])
    points = centres[labels] + generator.normal(size=(count, 2))
    likelihood = -((points[:, None] - centres) ** 2).sum(axis=2) / 2
    posterior = softmax(likelihood + np.log(PRIOR), axis=1)
    believed = log_softmax(likelihood + (0.0 if balanced else np.log(PRIOR)), axis=1)
    return temperature * believed, labels, posterior


def names(count: int) -> list[str]:
    return [f"g{number}" for number in range(count)]


def test_temperature_undoes_false_certainty() -> None:
    logits, labels, _ = rows(6000, 3.0, balanced=False)
    decision = calibrate(logits, labels, None)
    assert decision.temperature == pytest.approx(3.0, rel=0.05)
    assert decision.bias.tolist() == decision.offsets.tolist() == [0, 0, 0]


def test_temperature_and_bias_bring_back_the_natural_posterior() -> None:
    logits, labels, _ = rows(6000, 2.5, balanced=True)
    decision = calibrate(logits, labels, SHIFT)
    assert decision.temperature == pytest.approx(2.5, rel=0.05)
    assert decision.bias.tolist() == pytest.approx(SHIFT.tolist(), abs=0.1)
    fresh, truth, posterior = rows(6000, 2.5, balanced=True, seed=1)
    after = figures(decision, fresh, truth)
    before = figures(plain_decision(3), fresh, truth)
    ideal = -np.log(posterior[np.arange(len(truth)), truth]).mean()
    assert after["nll"] == pytest.approx(ideal, abs=0.01)
    assert after["ece"] < 0.03 < before["ece"]
    assert after["brier"] < before["brier"]


def test_a_model_that_obeyed_its_weights_in_part_gets_the_bias_it_needs() -> None:
    logits, labels, _ = rows(6000, 1.0, balanced=True)
    decision = calibrate(logits + 0.6 * SHIFT, labels, SHIFT)
    assert decision.bias.tolist() == pytest.approx((0.4 * SHIFT).tolist(), abs=0.1)


def test_the_fit_is_the_least_penalised_loss() -> None:
    logits, labels, _ = rows(300, 2.0, balanced=True)
    decision = calibrate(logits, labels, SHIFT)

    def loss(temperature: float, bias: Floats) -> float:
        log_p = log_softmax(logits / temperature + bias, axis=1)
        penalty = (np.log(temperature) ** 2 + ((bias - SHIFT) ** 2).sum()) / 2
        return float(penalty - log_p[np.arange(300), labels].sum())

    least = loss(decision.temperature, decision.bias)
    for step in (-0.05, 0.05):
        assert loss(decision.temperature + step, decision.bias) > least
        for label in range(3):
            assert loss(decision.temperature, decision.bias + step * np.eye(3)[label]) > least


@pytest.mark.parametrize("shift", [None, SHIFT])
def test_rows_that_are_all_right_or_of_one_class_keep_the_fit_finite(shift: Floats | None) -> None:
    labels = np.array([2, 2, 2, 0])
    for held in (labels, labels[:3]):
        decision = calibrate(20 * np.eye(3)[held], held, shift)
        assert 0.05 <= decision.temperature <= 20
        assert np.isfinite(decision.bias).all()
        assert np.isfinite(figures(decision, 20 * np.eye(3)[held], held)["nll"])


def test_calibration_leaves_the_choice_to_the_training() -> None:
    logits, labels, _ = rows(500, 2.0, balanced=True)
    decision = calibrate(logits, labels, SHIFT)
    assert decision.choose(logits).tolist() == logits.argmax(axis=1).tolist()
    probable = decision.log_probabilities(logits).argmax(axis=1)
    assert (probable != logits.argmax(axis=1)).any()


def test_the_facts_say_what_was_fitted_and_what_it_did() -> None:
    logits, labels, _ = rows(400, 2.0, balanced=True)
    decision, facts = decide(logits, labels, names(400), shift=SHIFT, tune=False)
    assert facts["temperature"] == decision.temperature
    assert facts["bias"] == decision.bias.tolist()
    assert facts["offsets"] == decision.offsets.tolist() == [-value for value in facts["bias"]]
    assert (facts["fitted_on"], facts["rows"], facts["groups"]) == ("validation", 400, 400)
    assert set(facts["before"]) == set(facts["after"]) == {"ece", "brier", "nll", "accuracy", "macro_f1"}
    assert facts["after"]["nll"] < facts["before"]["nll"]
    assert facts["after"]["accuracy"] == facts["before"]["accuracy"]
    assert facts["thresholds"]["tuned"] is False


def test_tuned_thresholds_move_the_choice_and_no_probability() -> None:
    logits, labels, _ = rows(2000, 2.0, balanced=False)
    plain, before = decide(logits, labels, names(2000), shift=None, tune=False)
    tuned, after = decide(logits, labels, names(2000), shift=None, tune=True)
    assert after["thresholds"]["tuned"]
    assert after["after"]["macro_f1"] > before["after"]["macro_f1"]
    for name in ("nll", "ece", "brier"):
        assert after["after"][name] == before["after"][name]
    assert np.array_equal(tuned.log_probabilities(logits), plain.log_probabilities(logits))


def test_figures_by_hand() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]))
    found = figures(plain_decision(3), logits, np.array([0, 0]))
    assert found["nll"] == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2)
    assert found["brier"] == pytest.approx((0.3**2 + 0.2**2 + 0.1**2 + 0.7**2 + 0.6**2 + 0.1**2) / 2)
    assert found["accuracy"] == 0.5


def test_without_validation_the_softmax_stays_as_it_is() -> None:
    facts = plain_facts(3)
    assert (facts["temperature"], facts["bias"], facts["offsets"]) == (1.0, [0.0] * 3, [0.0] * 3)
    assert facts["fitted_on"] is None
    assert "no validation" in facts["thresholds"]["reason"]
