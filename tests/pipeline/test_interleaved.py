"""Making each VACE hint just before its use changes no number."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.vace import TEXT_DIM, tiny_vace


def inputs(batch: int = 1) -> dict[str, Any]:
    make = torch.Generator().manual_seed(1)
    return {
        "hidden_states": torch.randn(batch, 16, 3, 8, 12, generator=make),
        "timestep": torch.full((batch,), 500),
        "encoder_hidden_states": torch.randn(batch, 16, TEXT_DIM, generator=make),
        "control_hidden_states": torch.randn(batch, 96, 3, 8, 12, generator=make),
    }


@pytest.mark.parametrize("scale", [None, torch.tensor([1.0, 0.3])])
@torch.inference_mode()
def test_the_output_is_that_of_the_stock_forward(scale: torch.Tensor | None) -> None:
    model = tiny_vace()
    given = inputs(batch=2) | {"control_hidden_states_scale": scale, "return_dict": False}
    ours = model(**given)[0]
    model.is_interleaved = False
    assert float((model(**given)[0] - ours).abs().max()) == 0.0


@torch.inference_mode()
def test_the_control_is_not_ignored() -> None:
    model, given = tiny_vace(), inputs()
    before = model(**given)[0]
    given["control_hidden_states"] = -given["control_hidden_states"]
    assert not torch.equal(model(**given)[0], before)


@torch.inference_mode()
def test_tokens_lie_one_after_the_other_in_every_block() -> None:
    model, laid = tiny_vace(), list[bool]()
    for block in (*model.blocks, *model.vace_blocks):
        block.register_forward_pre_hook(lambda _, given: laid.append(given[0].is_contiguous()))
    model.vace_blocks[0].register_forward_pre_hook(  # type: ignore[operator]
        lambda _, given: laid.append(given[2].is_contiguous())
    )
    model(**inputs())
    assert len(laid) == 7 and all(laid)


@torch.inference_mode()
def test_one_hint_at_a_time_is_alive() -> None:
    model = tiny_vace()
    order: list[str] = []
    for name in ("blocks", "vace_blocks"):
        for number, block in enumerate(model.get_submodule(name)):  # type: ignore[arg-type]
            block.register_forward_pre_hook(
                lambda *_, one=f"{name}.{number}": order.append(one)  # type: ignore[misc]
            )
    model(**inputs())
    assert order == [
        "vace_blocks.0",
        "blocks.0",
        "blocks.1",
        "vace_blocks.1",
        "blocks.2",
        "blocks.3",
    ]
