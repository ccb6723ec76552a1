"""bfloat16 where the hardware computes in it, float32 elsewhere."""

from __future__ import annotations

import torch


def device_name() -> str:
    """cuda or cpu."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def supports_bf16() -> bool:
    """True if the GPU, or a CPU with AMX or AVX512-BF16, multiplies bfloat16 natively."""
    if torch.cuda.is_available():
        try:
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        except TypeError:  # an older PyTorch, which counts no emulation
            return bool(torch.cuda.is_bf16_supported())
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)
