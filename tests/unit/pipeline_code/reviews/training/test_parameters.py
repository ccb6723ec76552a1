import pytest

from pipeline_code.reviews.training.parameters import (
    HyperparameterError,
    TrainingParameters,
    parse_parameters,
)


def test_arguments_of_the_toolkit_become_typed_parameters() -> None:
    arguments = "--epochs 2 --learning_rate 5e-05 --freeze_bert_layer True --run_validation False --seed 7"
    assert parse_parameters(arguments.split()) == TrainingParameters(
        epochs=2, learning_rate=5e-5, freeze_bert_layer=True, run_validation=False, seed=7
    )


def test_an_option_for_rare_classes_is_a_word() -> None:
    arguments = "--imbalance FocalLoss --focal_gamma 1.5 --tune_thresholds True --overfit_check False"
    assert parse_parameters(arguments.split()) == TrainingParameters(
        imbalance="FocalLoss", focal_gamma=1.5, tune_thresholds=True, overfit_check=False
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epoch", "2"], "no hyperparameter '--epoch'; there are epochs, learning_rate"),
        (["epochs", "2"], "no hyperparameter 'epochs'"),
        (["--epochs"], "epochs has no value"),
        (["--epochs", "1", "--epochs", "2"], "epochs is given twice"),
        (["--epochs", "2.5"], "epochs must be a whole number, got '2.5'"),
        (["--epochs", "0"], "epochs must lie between 1 and 100, got 0"),
        (["--learning_rate", "nan"], "learning_rate must lie between"),
        (["--learning_rate", "fast"], "learning_rate must be a number"),
        (["--freeze_bert_layer", "yes"], "freeze_bert_layer must be True or False, got 'yes'"),
        (["--seed", "-1"], "seed must lie between 0"),
        (["--train_steps_per_epoch", "-5"], "train_steps_per_epoch must lie"),
        (
            ["--imbalance", "X"],
            "imbalance must be one of None, ClassWeights, LogitAdjustment, FocalLoss, Resample, got 'X'",
        ),
        (["--focal_gamma", "-1"], "focal_gamma must lie between 0 and 10"),
        (["--logit_adjustment_tau", "inf"], "logit_adjustment_tau must lie between 0 and 3"),
        (["--tune_thresholds", "1"], "tune_thresholds must be True or False"),
    ],
)
def test_a_wrong_hyperparameter_is_named(arguments: list[str], said: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        parse_parameters(arguments)
    assert said in str(caught.value)
