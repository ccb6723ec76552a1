import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from pipeline_code.jobs.train import TrainingInputError
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.encoder import encoder_fingerprint
from pipeline_code.reviews.training import overfit
from tests.unit.pipeline_code.workspace import Workspace, environment

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = ROOT / "pipeline_code" / "jobs" / "train.py"


def test_the_model_directory_is_what_an_endpoint_needs(trained: Workspace) -> None:
    model = trained.root / "trained"
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert names == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "bertline.json",
        "code/inference.py",
    }
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in model.rglob("*") if path.is_file())
    assert (model / "code" / "inference.py").read_bytes() == (
        ROOT / "pipeline_code" / "serving" / "inference.py"
    ).read_bytes()


def test_the_model_says_where_it_comes_from(trained: Workspace) -> None:
    facts = json.loads((trained.root / "trained" / "bertline.json").read_text())
    train = read_features(trained.root / "train", "train")
    validation = json.loads((trained.root / "validation" / "validation.json").read_text())
    assert facts["dataset_hash"] == validation["dataset"]["hash"] == train.dataset_hash
    assert facts["train_hash"] == train.content_hash
    assert facts["truncation"] == "Head"
    assert facts["encoder_fingerprint"] == encoder_fingerprint(trained.root / "encoder")
    assert facts["max_seq_length"] == 12
    assert facts["hyperparameters"]["learning_rate"] == 0.003
    assert facts["training"]["examples"]["train"] == len(train)
    assert [item["label"] for item in facts["classes"]] == [-1, 0, 1]


def test_equal_arguments_give_equal_models(prepared: Workspace, tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        prepared.train("epochs", "1", into=str(tmp_path / name))
        found.append(
            {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        )
    assert found[0] == found[1]


def test_frozen_layers_and_capped_balanced_data(
    prepared: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        "freeze_bert_layer": "True",
        "balance_dataset": "True",
        "run_validation": "True",
        "validation_steps_per_epoch": "1",
        "validation_batch_size": "5",
        "train_steps_per_epoch": "1",
        "epochs": "1",
    }
    prepared.train(*[item for pair in options.items() for item in pair], into=str(tmp_path / "m"))
    with (
        safe_open(tmp_path / "m" / "model.safetensors", "pt") as new,
        safe_open(prepared.root / "encoder" / "model.safetensors", "pt") as old,
    ):
        for name in old.keys():  # noqa: SIM118 - not a mapping
            assert new.get_tensor(f"bert.{name}").equal(old.get_tensor(name))
    train = read_features(prepared.root / "train", "train")
    rarest = min(train.label_ids.tolist().count(label) for label in range(3))
    assert f"train_examples={3 * rarest} validation_examples=5" in capsys.readouterr().out


def test_without_validation_the_channel_is_not_needed(
    copy: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy.root / "checked").rename(copy.root / "gone")
    model = copy.train("run_validation", "False", "epochs", "1")
    assert "validation_loss" not in capsys.readouterr().out
    assert json.loads((model / "bertline.json").read_text())["validation_hash"] is None


def decision_of(model: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((model / "bertline.json").read_text())["decision"]
    return found


def test_the_decision_is_fitted_on_all_validation_rows(trained: Workspace) -> None:
    decision = decision_of(trained.root / "trained")
    validation = read_features(trained.root / "checked", "validation")
    assert decision["rows"] == len(validation)
    assert decision["groups"] == len(set(validation.group_ids))
    assert decision["bias"] == decision["offsets"] == [0.0, 0.0, 0.0]
    assert decision["after"]["nll"] <= decision["before"]["nll"]
    assert decision["thresholds"]["tuned"] is False


@pytest.mark.parametrize("options", [("imbalance", "ClassWeights"), ("balance_dataset", "True")])
def test_another_prior_in_training_is_corrected_and_the_choice_kept(
    prepared: Workspace, tmp_path: Path, options: tuple[str, str]
) -> None:
    decision = decision_of(prepared.train("epochs", "1", *options, into=str(tmp_path / "m")))
    assert min(abs(value) for value in decision["bias"]) > 1e-6
    assert sum(decision["bias"]) == pytest.approx(0, abs=1e-9)
    assert decision["offsets"] == [-value for value in decision["bias"]]


def test_without_validation_nothing_is_fitted(prepared: Workspace, tmp_path: Path) -> None:
    options = ("run_validation", "False", "imbalance", "Resample", "tune_thresholds", "True")
    decision = decision_of(prepared.train("epochs", "1", *options, into=str(tmp_path / "m")))
    assert (decision["temperature"], decision["fitted_on"]) == (1.0, None)
    assert decision["bias"] == decision["offsets"] == [0.0, 0.0, 0.0]


def test_the_overfit_check_comes_first_and_leaves_no_trace_in_the_weights(
    prepared: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overfit, "supports_bf16", lambda: False)
    monkeypatch.setattr(overfit.choose_rows, "__defaults__", (6,))  # random weights learn few by heart
    found = []
    for checked in ("True", "False"):
        options = ("epochs", "1", "learning_rate", "0.001", "overfit_check", checked)
        model = prepared.train(*options, into=str(tmp_path / checked))
        found.append((model / "model.safetensors").read_bytes())
    assert found[0] == found[1]
    lines = capsys.readouterr().out.splitlines()
    checks = [number for number, line in enumerate(lines) if "overfit_check" in line]
    assert len(checks) == 1
    assert re.fullmatch(r"overfit_check steps=[0-9]+ examples=6", lines[checks[0]])
    assert lines[checks[0] + 1].startswith("epoch=1 ")


def test_frozen_layers_cannot_be_expected_to_overfit(
    prepared: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("epochs", "1", "freeze_bert_layer", "True", "overfit_check", "True")
    prepared.train(*options, into=str(tmp_path / "m"))
    assert "overfit_check skipped: FreezeBertLayer" in capsys.readouterr().out


def test_features_of_another_tokenizer_are_refused(copy: Workspace) -> None:
    path = copy.root / "encoder" / "tokenizer.json"
    path.write_text(path.read_text().replace('"great"', '"grand"'))
    with pytest.raises(TrainingInputError, match="another tokenizer"):
        copy.train()


def test_splits_of_two_datasets_are_not_mixed(copy: Workspace) -> None:
    shutil.copytree(copy.root / "checked", copy.root / "other")
    copy.validate(max_seq_length="16")
    copy.prepare(max_seq_length="16")
    shutil.rmtree(copy.root / "checked")
    (copy.root / "other").rename(copy.root / "checked")
    with pytest.raises(TrainingInputError, match="take both from one run of Prepare"):
        copy.train()


def test_a_missing_channel_is_named(prepared: Workspace) -> None:
    from pipeline_code.jobs import train

    with environment({"SM_MODEL_DIR": "x"}), pytest.raises(TrainingInputError, match="SM_CHANNEL_CONTRACT"):
        train.main([])


def test_as_the_toolkit_starts_it_an_error_is_one_line_and_a_failure_file(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--epocs", "3"],
        env={"PATH": os.environ["PATH"], "SM_OUTPUT_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("HyperparameterError: no hyperparameter '--epocs'; there are epochs,")
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "failure").read_text() == result.stderr.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_hosts_train_one_model(prepared: Workspace, tmp_path: Path) -> None:
    channels = {"TRAIN": "train", "VALIDATION": "checked", "ENCODER": "encoder", "CONTRACT": "contract"}
    common = {f"SM_CHANNEL_{name}": str(prepared.root / folder) for name, folder in channels.items()}
    common |= {
        "SM_HOSTS": '["algo-1", "algo-2"]',
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, str(SCRIPT), "--epochs", "1", "--train_batch_size", "16"),
                *("--overfit_check", "False", "--imbalance", "Resample"),
            ],
            env=os.environ
            | common
            | {"SM_CURRENT_HOST": host, "SM_MODEL_DIR": str(tmp_path / host), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for host in ("algo-1", "algo-2")
    ]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert (tmp_path / "algo-1" / "model.safetensors").is_file()
    assert not (tmp_path / "algo-2").exists()
    assert "epoch=1 validation_loss=" in outputs[0]
    assert "epoch=1" not in outputs[1]
    facts = json.loads((tmp_path / "algo-1" / "bertline.json").read_text())
    assert facts["training"]["hosts"] == 2
    assert facts["decision"]["fitted_on"] == "validation"
