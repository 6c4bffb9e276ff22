"""Components move, stream and come home without a bit changed, stopped half way or not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from ourvidz.domain.errors import Cancelled
from ourvidz.pipeline.locked import Berth, lock, tensors_of
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.placing import Loaded
from ourvidz.pipeline.quantize import quantize
from ourvidz.pipeline.streaming import is_streamed, stream, unstream, withdraw
from tests.tiny import TEXT_DIM, tiny_transformer
from tests.vace import tiny_vace

CPU = torch.device("cpu")


def inputs(model: torch.nn.Module) -> dict[str, Any]:
    make = torch.Generator().manual_seed(1)
    channels = 16 if hasattr(model, "vace_blocks") else 8
    given = {
        "hidden_states": torch.randn(1, channels, 3, 8, 12, generator=make),
        "timestep": torch.tensor([500]),
        "encoder_hidden_states": torch.randn(1, 16, TEXT_DIM, generator=make),
        "return_dict": False,
    }
    if hasattr(model, "vace_blocks"):
        given["control_hidden_states"] = torch.randn(1, 96, 3, 8, 12, generator=make)
    return given


@pytest.mark.parametrize("make", [tiny_transformer, tiny_vace])
@torch.inference_mode()
def test_streamed_it_computes_the_same_to_the_bit(make: Any) -> None:
    model = make()
    given = inputs(model)
    expected = model(**given)[0]
    stream(model, CPU)
    assert is_streamed(model)
    for _ in range(3):  # the second pass is the first that prefetches
        assert torch.equal(model(**given)[0], expected)
    unstream(model)
    assert not is_streamed(model)
    assert torch.equal(model(**given)[0], expected)


@pytest.mark.parametrize("make", [tiny_transformer, tiny_vace])
@torch.no_grad()
def test_what_is_no_block_comes_once_and_goes_when_it_is_withdrawn(make: Any) -> None:
    """To a device of another name, which happens to be the host."""
    model = make()
    given = inputs(model)

    def places() -> dict[str, int]:
        tensors = [*model.named_parameters(), *model.named_buffers()]
        return {name: one.data_ptr() for name, one in tensors if "blocks." not in name}

    home = places()
    assert {"patch_embedding.weight", "proj_out.bias", "scale_shift_table"} < home.keys()
    stream(model, torch.device("cpu", 0))
    assert places() == home
    for _ in range(2):
        model(**given)
        away = places()
        assert not {*away.values()} & {*home.values()}
        model(**given)
        assert places() == away
        withdraw(model)
        assert places() == home
    model(**given)
    unstream(model)
    assert places() == home


@torch.inference_mode()
def test_as_the_library_has_it_nothing_returns_to_where_it_lay() -> None:
    model = tiny_transformer()
    given = inputs(model)
    expected = model(**given)[0]
    home = model.proj_out.weight.data_ptr()
    stream(model, torch.device("cpu", 0), kept=False)
    assert torch.allclose(model(**given)[0], expected, atol=1e-5)
    withdraw(model)
    assert model.proj_out.weight.data_ptr() != home


@torch.inference_mode()
def test_8_bit_layers_stream() -> None:
    model = tiny_transformer()
    quantize(model, "int8", CPU)
    given = inputs(model)
    expected = model(**given)[0]
    stream(model, CPU)
    assert torch.equal(model(**given)[0], expected)


@torch.inference_mode()
def test_after_a_cancel_inside_a_block_it_streams_on() -> None:
    model = tiny_transformer()
    given = inputs(model)
    expected = model(**given)[0]
    stream(model, CPU)

    def cancel(*_: Any) -> None:
        raise Cancelled

    hook = model.blocks[1].register_forward_pre_hook(cancel)
    with pytest.raises(Cancelled):
        model(**given)
    hook.remove()
    withdraw(model)
    assert torch.equal(model(**given)[0], expected)


@torch.inference_mode()
def test_a_text_encoder_streams_leaf_by_leaf() -> None:
    config = UMT5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False,
    )  # fmt: skip
    encoder = UMT5EncoderModel(config).eval()
    words = torch.tensor([[3, 4, 5, 1]])
    expected = encoder(words).last_hidden_state
    stream(encoder, CPU)
    assert torch.equal(encoder(words).last_hidden_state, expected)


def test_a_module_comes_home_to_the_very_memory_it_left() -> None:
    layer = torch.nn.BatchNorm1d(4)  # parameters and buffers
    home = [tensor.data_ptr() for tensor in tensors_of(layer)]
    berth = Berth(tensors_of(layer))
    berth.board(CPU)
    assert not {tensor.data_ptr() for tensor in tensors_of(layer)} & set(home)
    berth.come_home()
    assert [tensor.data_ptr() for tensor in tensors_of(layer)] == home


@pytest.mark.parametrize("reserve_bytes", [0, 2**60])
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is memory to lock")
def test_where_no_memory_can_be_locked_all_stays_as_it_was(
    reserve_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_transformer()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert not lock(model, reserve_bytes)
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    assert "copies to the card are slow" in caplog.text


@pytest.mark.gpu
def test_locked_weights_take_what_they_are_and_no_more() -> None:
    ModelManager(device="cuda")
    torch.cuda.init()  # before it there are no statistics
    layers = torch.nn.ModuleList(torch.nn.Linear(2304, 2304) for _ in range(4))  # 20.25 MiB each
    torch.accelerator.memory.empty_host_cache()
    before = torch.cuda.host_memory_stats()["allocated_bytes.current"]
    assert lock(layers)
    taken = torch.cuda.host_memory_stats()["allocated_bytes.current"] - before
    assert all(tensor.is_pinned() for tensor in tensors_of(layers))
    assert taken < 1.1 * 4 * 2304 * 2305 * 4


def test_a_component_changes_from_streamed_to_resident_and_back() -> None:
    one = Loaded(tiny_transformer, CPU)
    for placement in ("streamed", "resident", "streamed", "freed after use"):
        one.enter(placement)
        assert is_streamed(one.module) == (placement == "streamed")
        one.leave()
    assert one.bytes == one.device_bytes > 0


def test_a_forgotten_component_is_loaded_again() -> None:
    loads: list[int] = []

    def load() -> torch.nn.Module:
        loads.append(1)
        return torch.nn.Linear(2, 2)

    one = Loaded(load, CPU)
    one.forget()
    assert (one.bytes, one.format, loads) == (0, "float32", [1])
    one.enter("freed after use")
    assert one.bytes == 24 and loads == [1, 1]


def test_what_is_no_module_lies_nowhere() -> None:
    one = Loaded(lambda: "a tokenizer", CPU)
    one.enter("resident")
    one.leave()
    assert (one.bytes, one.format, one.module) == (0, "", "a tokenizer")


@pytest.mark.gpu
@torch.inference_mode()
def test_on_a_card_every_place_gives_the_same_bits_and_is_left_empty() -> None:
    card = torch.device("cuda")
    one = Loaded(tiny_vace, card)
    given = {
        k: v.to(card) if isinstance(v, torch.Tensor) else v for k, v in inputs(one.module).items()
    }
    torch.cuda.synchronize()
    results = []
    for placement in ("resident", "streamed", "freed after use", "streamed", "resident"):
        one.enter(placement)
        results.append(one.module(**given)[0])
        one.leave()
        assert one.device_bytes == 0
    assert all(torch.equal(result, results[0]) for result in results)
