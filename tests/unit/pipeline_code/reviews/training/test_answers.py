import pytest
import torch

from pipeline_code.reviews.contract import read_contract
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.training import answers
from pipeline_code.reviews.training.answers import logits_of
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from pipeline_code.reviews.training.model import build_classifier
from tests.unit.pipeline_code.workspace import CONTRACT, Workspace


def test_logits_come_in_the_order_of_the_rows(prepared: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "supports_bf16", lambda: False)
    torch.manual_seed(1)
    model = build_classifier(prepared.encoder, read_contract(CONTRACT), freeze=False)
    examples = Examples(read_features(prepared.root / "train", "train"), [9, 2, 30, 4, 17])
    found = logits_of(model, examples, pad_id=0, batch_size=2)
    batch = PaddingCollator(0)([examples[row] for row in range(5)])
    with torch.inference_mode():
        expected = model.eval()(**batch).logits
    assert torch.allclose(torch.as_tensor(found, dtype=torch.float32), expected, atol=1e-5)
    assert len({tuple(row) for row in found.tolist()}) == 5
