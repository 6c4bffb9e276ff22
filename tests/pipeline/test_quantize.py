"""Layers in fewer bits give nearly the same in less memory; what is sensitive is left alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Precision
from ourvidz.pipeline.quantize import format_of, quantizable, quantize
from tests.pipeline.test_placing import inputs
from tests.tiny import TEXT_DIM
from tests.vace import tiny_vace

CPU = torch.device("cpu")
#: Largest relative error of one layer on noise, which is the worst case.
ERRORS: dict[Precision, float] = {"int8": 0.02, "fp8": 0.05, "nf4": 0.12}


@pytest.mark.parametrize("precision", ERRORS)
@pytest.mark.parametrize("rows", [(1,), (2, 40)])
@torch.inference_mode()
def test_a_layer_gives_nearly_the_same(precision: Precision, rows: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(256, 128)).bfloat16()
    x = torch.randn(*rows, 256).bfloat16()
    exact = layers.float()(x.float())
    layers.bfloat16()
    quantize(layers, precision, CPU)
    found = layers(x)
    assert found.shape == exact.shape and found.dtype is torch.bfloat16
    assert float((found.float() - exact).norm() / exact.norm()) < ERRORS[precision]
    assert format_of(layers) == precision


def bytes_of(layers: torch.nn.Module) -> int:
    tensors = [*layers.parameters(), *layers.buffers()]
    return sum(one.numel() * one.element_size() for one in tensors)


@pytest.mark.parametrize(("precision", "share"), [("int8", 0.51), ("fp8", 0.51), ("nf4", 0.27)])
def test_it_takes_half_or_a_quarter(precision: Precision, share: float) -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(1024, 512)).bfloat16()
    before = bytes_of(layers)
    quantize(layers, precision, CPU)
    assert bytes_of(layers) < share * before


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Distances of rows and of columns in what is multiplied in 8 bits, as it comes."""
    found: list[tuple[int, int]] = []
    for name in ("_scaled_mm", "_int_mm"):
        real = getattr(torch, name)

        def noted(rows: torch.Tensor, *rest: Any, real: Any = real, **more: Any) -> Any:
            found.append((rows.stride(0), rows.stride(1)))
            return real(rows, *rest, **more)

        monkeypatch.setattr(torch, name, noted)
    return found


@pytest.mark.parametrize("precision", ["int8", "fp8"])
@torch.inference_mode()
def test_cards_are_given_rows_that_lie_one_after_the_other(
    precision: Precision, seen: list[tuple[int, int]]
) -> None:
    """A CPU multiplies anything, a card refuses columns."""
    layers = torch.nn.Sequential(torch.nn.Linear(64, 32))
    exact = layers(columns := torch.randn(1, 64, 40).mT)
    quantize(layers, precision, CPU)
    assert float((layers(columns) - exact).norm() / exact.norm()) < 0.1
    model = tiny_vace()
    quantize(model, precision, CPU)
    model(**inputs(model))
    assert len(seen) > 40 and all(along == 1 < apart for apart, along in seen)


@pytest.mark.parametrize("precision", ["int8", "fp8"])
@torch.inference_mode()
def test_a_whole_transformer_still_predicts_the_same(precision: Precision) -> None:
    given = {
        "hidden_states": torch.randn(1, 16, 3, 8, 12),
        "timestep": torch.tensor([500]),
        "encoder_hidden_states": torch.randn(1, 16, TEXT_DIM),
        "control_hidden_states": torch.randn(1, 96, 3, 8, 12),
    }
    model = tiny_vace()
    exact = model(**given)[0]
    quantize(model, precision, CPU)
    found = model(**given)[0]
    assert model.dtype is torch.float32
    assert 0 < float((found - exact).norm() / exact.norm()) < 0.1


def test_the_timestep_and_the_last_layer_are_left_alone() -> None:
    names = {name for name, _ in quantizable(tiny_vace())}
    assert "vace_blocks.0.proj_out" in names and "condition_embedder.time_proj" in names
    assert not {name for name in names if "time_embedder" in name or name == "proj_out"}


def test_umt5_keeps_what_its_class_keeps() -> None:
    config = UMT5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False,
    )  # fmt: skip
    names = {name.rpartition(".")[2] for name, _ in quantizable(UMT5EncoderModel(config))}
    assert names == {"q", "k", "v", "o", "wi_0", "wi_1"}


def test_a_format_of_files_says_what_to_use() -> None:
    with pytest.raises(Unavailable, match="format q4_k_s: can not be made while loading"):
        quantize(torch.nn.Linear(2, 2), "q4_k_s", CPU)


def test_an_unchanged_module_tells_its_dtype() -> None:
    layer = torch.nn.Linear(2, 2).bfloat16()
    quantize(layer, "bf16", CPU)
    assert format_of(layer) == "bfloat16"
