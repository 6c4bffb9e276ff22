"""Every kind of transformer in every format is one that a card takes, as far as torch can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers import WanTransformer3DModel

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.family import Precision
from ourvidz.pipeline.interleaved import InterleavedVACETransformer
from ourvidz.pipeline.quantize import quantize
from tests.pipeline.budget import real
from tests.pipeline.card import CARD, moved, pretended

#: Latents of 17 frames, small: what a card asks does not depend on the size.
_T, _H, _W = 5, 16, 24


def empty(*shape: int, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=CARD)


@pytest.mark.parametrize("precision", ["bf16", "fp8", "int8"])
@pytest.mark.parametrize(
    ("family", "number"),
    [("wan2.1-14b", 0), ("wan2.1-14b", 1), ("wan2.1-14b", 2), ("wan2.1-1.3b", 0),
     ("wan2.1-vace-1.3b", 0), ("wan2.1-vace-14b", 0), ("wan2.2-ti2v-5b", 0)],
)  # fmt: skip
def test_a_card_computes_a_pass(family: str, number: int, precision: Precision) -> None:
    dims = FAMILIES[family].checkpoints[number].transformer
    dims = replace(dims, num_layers=2, vace_layers=2 if dims.vace_layers else 0)
    times = _T * _H * _W // 4 if dims.per_token_time else 1
    cls: Any = InterleavedVACETransformer if dims.vace_layers else WanTransformer3DModel
    with pretended():
        module: Any = moved(real.in_bf16(cls(**dims.config)))
        quantize(module, precision, CARD)
        given = [
            empty(1, dims.in_channels, _T, _H, _W),
            empty(1, times, dtype=torch.float32) if times > 1 else empty(1, dtype=torch.float32),
            empty(1, dims.text_tokens, dims.text_dim),
        ]
        more: dict[str, Any] = {"return_dict": False}
        if dims.image_dim:
            pictures = dims.image_tokens // 257
            more["encoder_hidden_states_image"] = empty(pictures, 257, dims.image_dim)
        if dims.vace_layers:
            more["control_hidden_states"] = empty(1, dims.vace_channels, _T, _H, _W)
        made = module(*given, **more)[0]
    assert made.shape == (1, dims.out_channels, _T, _H, _W)
    assert made.dtype is torch.bfloat16 and made.device == CARD


def test_a_card_that_is_not_there_refuses_what_one_refuses() -> None:
    """Else the tests above could not fail."""
    with pretended():
        rows = empty(40, 64, dtype=torch.float8_e4m3fn)
        weight, scale = empty(32, 64, dtype=torch.float8_e4m3fn), empty(1, dtype=torch.float32)
        torch._scaled_mm(rows, weight.t(), scale_a=scale, scale_b=scale)
        with pytest.raises(RuntimeError, match="row_major"):
            columns = torch.empty_strided((40, 64), (1, 40), dtype=rows.dtype, device=CARD)
            torch._scaled_mm(columns, weight.t(), scale_a=scale, scale_b=scale)
        with pytest.raises(RuntimeError, match="devices"):
            torch.mm(empty(4, 4), torch.empty(4, 4, dtype=torch.bfloat16))
