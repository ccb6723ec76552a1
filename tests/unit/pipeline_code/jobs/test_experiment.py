"""The job: features and a candidate in, a verdict in JSON and in plain words out."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.jobs import experiment
from pipeline_code.jobs.entry import ArgumentsError
from pipeline_code.reviews.levers.rows import LeverError
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace, write_raw

CANDIDATE_CONTRACT = CONTRACT.read_text().replace('name = "amazon-snippets"', 'name = "more-snippets"')


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Texts like those of the workspace, with other words beside the ones that decide."""
    raw = tmp_path_factory.mktemp("candidate") / "raw"
    write_raw(raw, groups=30, seed=7)
    rules = tmp_path_factory.mktemp("rules")
    (rules / "contract.toml").write_text(CANDIDATE_CONTRACT)
    return {"candidate-dir": raw, "candidate-contract-dir": rules}


def run(workspace: Workspace, output: Path, kind: str, **options: Any) -> dict[str, Any]:
    given = {
        "train-dir": workspace.root / "train",
        "validation-dir": workspace.root / "checked",
        "contract-dir": workspace.root / "contract",
        "output-dir": output,
        "kind": kind,
        "seed": 1,
        "folds": 3,
        "repeats": 1,
        **{name.replace("_", "-"): value for name, value in options.items()},
    }
    arguments = [
        text for name, value in given.items() if value is not None for text in (f"--{name}", str(value))
    ]
    experiment.main(arguments)
    return dict(json.loads((output / "experiment.json").read_text()))


def test_add_data_ends_in_a_verdict(prepared: Workspace, candidate: dict[str, Path], tmp_path: Path) -> None:
    found = run(prepared, tmp_path, "AddData", **candidate)
    assert found["verdict"]["decision"] in ("accept", "refuse", "can't tell")
    assert [item["weight"] for item in found["weights"]] == [0.3, 1.0]
    assert found["candidate"]["contract"]["name"] == "more-snippets"
    assert found["candidate"]["rows"] + sum(found["candidate"]["left_out"].values()) == 150
    page = (tmp_path / "experiment.md").read_text()
    assert found["verdict"]["words"] in page
    assert "weight 0.3" in page


def test_the_same_again_is_the_same(prepared: Workspace, candidate: dict[str, Path], tmp_path: Path) -> None:
    first = run(prepared, tmp_path / "1", "AddData", **candidate)
    assert run(prepared, tmp_path / "2", "AddData", **candidate) == first
    assert (first["plan"]["seed"], first["plan"]["folds"], first["plan"]["repeats"]) == (1, 3, 1)


def test_train_and_validation_are_used_and_test_is_not(prepared: Workspace, tmp_path: Path) -> None:
    both = run(prepared, tmp_path / "both", "Augmentation")
    alone = run(prepared, tmp_path / "alone", "Augmentation", validation_dir=None)
    splits = json.loads((prepared.root / "validation" / "validation.json").read_text())["splits"]
    assert both["data"]["rows"] == sum(splits[name]["rows"] for name in ("train", "validation"))
    assert alone["data"]["rows"] == splits["train"]["rows"]


def test_augmentation_tests_every_operator(prepared: Workspace, tmp_path: Path) -> None:
    found = run(prepared, tmp_path, "Augmentation")
    assert set(found["operators"]) >= {"typos", "case", "negation_flip"}
    page = (tmp_path / "experiment.md").read_text()
    assert all(f"| {name} |" in page for name in found["operators"])


def test_a_learning_curve_of_too_few_rows_is_refused(prepared: Workspace, tmp_path: Path) -> None:
    with pytest.raises(LeverError, match="too few for a learning curve: it needs 360 or more"):
        run(prepared, tmp_path, "LearningCurve")


def test_the_encoder_learns_behind_the_same_interface(
    prepared: Workspace, candidate: dict[str, Path], tmp_path: Path
) -> None:
    encoder = {"learner": "encoder", "encoder_dir": prepared.root / "encoder"}
    found = run(prepared, tmp_path, "AddData", **candidate, **encoder)
    assert found["learner"]["name"] == "encoder"
    assert found["learner"]["max_seq_length"] == 12


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("AddData", {}, "needs --candidate-dir and --candidate-contract-dir"),
        ("Augmentation", {"learner": "encoder"}, "--learner encoder needs --encoder-dir"),
        ("Augmentation", {"folds": 1}, "--folds must be 2 or more"),
        ("Guessing", {}, "invalid choice: 'Guessing'"),
    ],
)
def test_what_does_not_make_an_experiment_is_refused(
    prepared: Workspace, tmp_path: Path, kind: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ArgumentsError, match=said):
        run(prepared, tmp_path, kind, **options)


def test_splits_of_two_datasets_are_refused(copy: Workspace, prepared: Workspace, tmp_path: Path) -> None:
    write_raw(copy.root / "raw", seed=3)
    copy.validate()
    copy.prepare()
    with pytest.raises(LeverError, match="take both from one run of Prepare"):
        run(prepared, tmp_path, "Augmentation", validation_dir=copy.root / "checked")
