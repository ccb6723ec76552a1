from collections.abc import Callable

import pytest
import torch

from pipeline_code.reviews.training.precision import device_name, supports_bf16
from pipeline_code.serving import inference

RULES = pytest.mark.parametrize(
    "rule", [supports_bf16, inference._computes_bf16], ids=["training", "serving"]
)


@RULES
@pytest.mark.parametrize(
    ("amx", "avx512", "expected"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_a_cpu_with_either_unit_computes_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch, rule: Callable[[], bool], amx: bool, avx512: bool, expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    assert rule() is expected
    assert device_name() == "cpu"


@RULES
def test_a_gpu_is_asked_for_native_support(monkeypatch: pytest.MonkeyPatch, rule: Callable[[], bool]) -> None:
    asked: list[bool] = []

    def answer(including_emulation: bool = True) -> bool:
        asked.append(including_emulation)
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", answer)
    assert rule() is False
    assert asked == [False]
    assert device_name() == "cuda"


@RULES
@pytest.mark.parametrize("native", [True, False])
def test_an_older_pytorch_is_asked_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch, rule: Callable[[], bool], native: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: native)
    assert rule() is native
