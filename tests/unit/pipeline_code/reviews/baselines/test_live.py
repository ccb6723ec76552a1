from pathlib import Path

import pytest

from pipeline_code.reviews.baselines import score_live
from pipeline_code.reviews.baselines.live import LiveModelError
from pipeline_code.reviews.contract import Contract, LabelClass, read_contract_directory
from pipeline_code.reviews.dataset import read_features
from tests.unit.pipeline_code.workspace import Workspace

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/bertline-dev/7"


def test_without_a_live_model_the_folder_does_not_matter(prepared: Workspace) -> None:
    test = read_features(prepared.root / "test", "test")
    live = score_live(Path("nowhere"), "none", test, read_contract_directory(prepared.contract))
    assert live.predictions is None
    assert live.facts["reason"] == "no model is live yet"


def test_the_live_model_answers_every_row_of_todays_test_split(trained: Workspace) -> None:
    test = read_features(trained.root / "test", "test")
    live = score_live(trained.packed, PACKAGE, test, read_contract_directory(trained.contract))
    assert live.predictions is not None
    assert (live.predictions.class_ids == test.label_ids).mean() > 0.6
    assert live.facts["version"] == "7"
    assert live.facts["may_know_test_rows"] is False


def test_another_split_rule_is_said(trained: Workspace) -> None:
    test = read_features(trained.root / "test", "test")
    test.metadata["split_rule"] = "another"
    live = score_live(trained.packed, PACKAGE, test, read_contract_directory(trained.contract))
    assert live.facts["may_know_test_rows"] is True


def test_a_live_model_with_other_classes_is_not_compared(trained: Workspace) -> None:
    test = read_features(trained.root / "test", "test")
    contract = read_contract_directory(trained.contract)
    renamed = [LabelClass(id=item.id, name=f"{item.name}s", label=item.label) for item in contract.classes]
    other = Contract.model_construct(**dict(contract) | {"classes": renamed})
    live = score_live(trained.packed, PACKAGE, test, other)
    assert live.predictions is None
    assert "this contract asks for ['negatives', 'neutrals', 'positives']" in live.facts["reason"]


def test_a_deleted_archive_is_an_error_that_names_the_package(prepared: Workspace, tmp_path: Path) -> None:
    test = read_features(prepared.root / "test", "test")
    with pytest.raises(LiveModelError, match=r"bertline-dev/7 is live, but .* holds no model.tar.gz"):
        score_live(tmp_path, PACKAGE, test, read_contract_directory(prepared.contract))
