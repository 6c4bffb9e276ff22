"""What makes a transformer faster is checked against what it gives without."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from diffusers.hooks import group_offloading
from diffusers.models.attention_dispatch import _AttentionBackendRegistry as Registry

from ourvidz.pipeline.attention import attending, find_attention
from ourvidz.pipeline.compiled import compiled, is_compiled, make_compilable
from ourvidz.pipeline.forecast import Schedule, forecasting
from ourvidz.pipeline.hasten import paced
from ourvidz.pipeline.streaming import stream, unstream
from tests.pipeline.test_placing import inputs
from tests.tiny import tiny_transformer
from tests.vace import tiny_vace

CPU = torch.device("cpu")


def test_attention_goes_down_its_ladder_to_what_runs() -> None:
    model = tiny_transformer()
    before, _ = Registry.get_active_backend()
    assert find_attention(model, ("sage_hub", "flash", "native")) == "native"
    assert find_attention(model, ("flash",)) is None
    assert Registry.get_active_backend()[0] == before


def test_attention_that_runs_but_is_wrong_is_not_taken() -> None:
    model = tiny_transformer().bfloat16()
    assert find_attention(model, ("native",)) == "native"
    assert find_attention(model, ("native",), tolerance=0.0) is None


@torch.inference_mode()
def test_a_backend_is_used_inside_and_forgotten_outside() -> None:
    model = tiny_transformer()
    given = inputs(model)
    expected = model(**given)[0]
    with attending(model, "_native_math"):
        assert model.blocks[0].attn1.processor._attention_backend.value == "_native_math"
        assert torch.allclose(model(**given)[0], expected, atol=1e-5)
    assert model.blocks[0].attn1.processor._attention_backend is None


@pytest.mark.parametrize("make", [tiny_transformer, tiny_vace])
@torch.inference_mode()
def test_compiled_blocks_give_the_same_below_hooks_that_may_do_anything(make: Any) -> None:
    model, seen = make(), []
    given = inputs(model)
    expected = model(**given)[0]
    make_compilable(model)
    stream(model, CPU)
    model.blocks[0].register_forward_pre_hook(lambda *_: seen.append(1))
    with compiled(model, "eager"):
        assert torch.allclose(model(**given)[0], expected, atol=1e-5)
    assert torch.equal(model(**given)[0], expected)
    assert len(seen) == 2


@torch.inference_mode()
def test_blocks_that_can_not_be_compiled_run_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_transformer()
    given = inputs(model)
    expected = model(**given)[0]
    make_compilable(model)
    with compiled(model, "no_such_compiler"), caplog.at_level(logging.WARNING):
        assert torch.equal(model(**given)[0], expected)
    assert caplog.text.count("blocks run uncompiled") == 1  # by one block for all
    assert not is_compiled(model)
    caplog.clear()
    with compiled(model, "no_such_compiler"), caplog.at_level(logging.WARNING):
        assert torch.equal(model(**given)[0], expected)
    assert not caplog.text  # tried once, not once a clip


@torch.inference_mode()
def test_a_torch_that_takes_no_limit_compiles_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile(forward: Any, *, backend: str, fullgraph: bool) -> Any:
        return lambda *args, **kwargs: forward(*args, **kwargs)

    monkeypatch.setattr(torch, "compile", compile)
    model = tiny_transformer()
    given = inputs(model)
    expected = model(**given)[0]
    make_compilable(model)
    with compiled(model, "inductor"):
        assert torch.equal(model(**given)[0], expected) and is_compiled(model)
    assert not is_compiled(model)


@torch.inference_mode()
def test_more_sizes_than_can_be_compiled_for_are_run_as_they_are(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.pipeline.compiled._VARIANTS", 1)
    model = tiny_transformer()
    make_compilable(model)
    for frames in (1, 2, 3):
        given = inputs(model)
        given["hidden_states"] = given["hidden_states"][:, :, :frames]
        expected = model(**given)[0]
        with compiled(model, "eager"):
            assert torch.allclose(model(**given)[0], expected, atol=1e-5)
    assert "blocks run uncompiled" in caplog.text


def steps(model: torch.nn.Module, count: int) -> list[torch.Tensor]:
    """A guided run: two branches a step, on latents that change evenly."""
    given = inputs(model)
    first, made = given["hidden_states"], []
    for step in range(count):
        given["timestep"] = torch.tensor([1000.0 - 0.1 * step])
        given["hidden_states"] = first * (1 - 0.02 * step)
        for words in (given["encoder_hidden_states"], -given["encoder_hidden_states"]):
            made.append(model(**{**given, "encoder_hidden_states": words})[0])
    return made


@pytest.mark.parametrize("streamed", [False, True])
@torch.inference_mode()
def test_some_passes_are_forecast_and_nearly_right(streamed: bool) -> None:
    model = tiny_vace()
    exact = steps(model, 20)
    if streamed:
        stream(model, CPU)
    with forecasting(model, Schedule(num_steps=20)) as tally:
        found = steps(model, 20)
    assert (tally.computed, tally.forecast, tally.is_off) == (26, 14, False)
    errors = [float((a - b).norm() / b.norm()) for a, b in zip(found, exact, strict=True)]
    assert sum(error > 0 for error in errors) == 14
    assert max(errors) < 0.05
    assert torch.equal(torch.stack(steps(model, 20)), torch.stack(exact))


@torch.inference_mode()
def test_passes_are_forecast_while_the_library_learns_the_order_of_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a card: in the first pass the library's tracer puts the forward back that it found."""
    put_on: Any = group_offloading._apply_group_offloading_hook

    def traced(module: torch.nn.Module, group: Any, *, config: Any) -> None:
        put_on(module, group, config=config)
        if module is model:
            tracer = group_offloading.LazyPrefetchGroupOffloadingHook()
            module._diffusers_hook.register_hook(tracer, "lazy_prefetch_group_offloading")  # type: ignore[operator, union-attr]

    model = tiny_vace()
    exact = steps(model, 20)
    monkeypatch.setattr(group_offloading, "_apply_group_offloading_hook", traced)
    stream(model, CPU)
    for _ in range(2):
        with forecasting(model, Schedule(num_steps=20)) as tally:
            steps(model, 20)
        assert (tally.computed, tally.forecast) == (26, 14)
    assert torch.equal(torch.stack(steps(model, 20)), torch.stack(exact))
    unstream(model)
    assert torch.equal(torch.stack(steps(model, 20)), torch.stack(exact))


@torch.inference_mode()
def test_a_clip_that_is_not_even_is_computed(caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_vace()
    exact = steps(model, 12)
    with forecasting(model, Schedule(num_steps=12, tolerance=0.0)) as tally:
        found = steps(model, 12)
    assert tally.is_off and tally.worst > 0
    assert tally.forecast == 0 and torch.equal(torch.stack(found), torch.stack(exact))
    assert "every step is computed" in caplog.text


@torch.inference_mode()
def test_without_a_schedule_nothing_is_forecast() -> None:
    model = tiny_transformer()
    with forecasting(model, None) as tally:
        steps(model, 2)
    assert (tally.computed, tally.forecast) == (0, 0)


@pytest.mark.gpu
@torch.inference_mode()
def test_a_card_is_at_most_two_blocks_behind() -> None:
    model: Any = tiny_transformer()
    model.to("cuda")
    given = {k: v.cuda() if isinstance(v, torch.Tensor) else v for k, v in inputs(model).items()}
    model(**given)  # what a first pass loads takes longer than any block
    torch.cuda.synchronize()
    ends: list[torch.cuda.Event] = []
    is_near, is_ahead = list[bool](), list[bool]()

    def look(*_: Any) -> None:
        is_near.append(all(end.query() for end in ends[:-2]))
        is_ahead.append(not all(end.query() for end in ends))
        torch.cuda._sleep(100_000_000)  # a twentieth of a second
        ends.append(torch.cuda.Event())
        ends[-1].record()

    with paced(model):
        hooks = [block.register_forward_pre_hook(look) for block in model.blocks]
        for _ in range(4):
            model(**given)
    for hook in hooks:
        hook.remove()
    assert len(ends) == 8 and all(is_near) and any(is_ahead)
