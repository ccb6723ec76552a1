import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.training.model import build_classifier, save_classifier
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(CONTRACT)


def test_dropout_is_off_in_the_encoder_alone_and_comes_back_when_saved(
    prepared: Workspace, contract: Contract, tmp_path: Path
) -> None:
    model = build_classifier(prepared.encoder, contract, freeze=False)
    rates = {name: module.p for name, module in model.named_modules() if isinstance(module, torch.nn.Dropout)}
    assert rates.pop("dropout") == 0.1
    assert set(rates.values()) == {0.0}
    save_classifier(model, prepared.encoder, tmp_path, 12)
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["hidden_dropout_prob"], config["attention_probs_dropout_prob"]) == (0.1, 0.1)
    assert config["id2label"] == {"0": "negative", "1": "neutral", "2": "positive"}


def test_the_saved_tokenizer_pads_and_cuts_nothing(
    prepared: Workspace, contract: Contract, tmp_path: Path
) -> None:
    save_classifier(
        build_classifier(prepared.encoder, contract, freeze=False), prepared.encoder, tmp_path, 12
    )
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.padding is None
    assert tokenizer.truncation is None
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["model_max_length"] == 12


def test_freezing_leaves_the_head_to_train(prepared: Workspace, contract: Contract) -> None:
    model = build_classifier(prepared.encoder, contract, freeze=True)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained == {"classifier.weight", "classifier.bias"}


def test_the_mask_makes_padding_meaningless(prepared: Workspace, contract: Contract) -> None:
    encoder = build_classifier(prepared.encoder, contract, freeze=False).eval().base_model
    ids = torch.tensor([[2, 6, 7, 16, 3]])
    padded = torch.nn.functional.pad(ids, (0, 20))
    mask = (torch.arange(25) < 5).long()[None]
    with torch.inference_mode():
        plain = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).pooler_output
        masked = encoder(input_ids=padded, attention_mask=mask).pooler_output
        unmasked = encoder(input_ids=padded, attention_mask=torch.ones_like(padded)).pooler_output
    assert torch.allclose(plain, masked, atol=1e-6)
    assert not torch.allclose(plain, unmasked, atol=1e-4)
