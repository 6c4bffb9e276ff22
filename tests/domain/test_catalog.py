"""The catalog agrees with itself and with what is published and installed."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from ourvidz.domain.catalog import ENHANCERS, FAMILIES, family
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Ability, Component, ComponentName, Family, Precision
from ourvidz.domain.request import Profile, VideoRequest

GIB = 2**30
EVERY_FAMILY = pytest.mark.parametrize("model", FAMILIES.values(), ids=str)


def component(model: str, ability: Ability, name: ComponentName) -> Component:
    found = FAMILIES[model].checkpoint(ability).component(name)
    assert found is not None
    return found


def test_the_default_of_a_request_is_a_family_that_needs_nothing() -> None:
    assert family(VideoRequest(prompt="a cat").model).needs == ""


def test_no_one_can_change_the_catalog() -> None:
    with pytest.raises(TypeError):
        FAMILIES["mine"] = FAMILIES["starter"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        FAMILIES["starter"].needs = "a moon"  # type: ignore[misc]


@EVERY_FAMILY
def test_every_family_has_all_profiles_and_slower_ones_work_more(model: Family) -> None:
    fast, balanced, quality = (model.profiles[profile].forwards for profile in get_args(Profile))
    assert fast < balanced < quality


@EVERY_FAMILY
def test_every_size_of_every_checkpoint_fits_its_familys_grid(model: Family) -> None:
    for checkpoint in model.checkpoints:
        for width, height in checkpoint.sizes:
            model.check_size(width, height)


@EVERY_FAMILY
def test_every_checkpoint_has_what_a_pipeline_is_made_of(model: Family) -> None:
    needed = {"tokenizer", "text_encoder", "transformer", "vae"}
    for checkpoint in model.checkpoints:
        names = [part.name for part in checkpoint.components]
        assert needed <= set(names)
        assert len(names) == len(set(names))


@EVERY_FAMILY
def test_no_ability_is_offered_by_two_checkpoints(model: Family) -> None:
    offered = [ability for checkpoint in model.checkpoints for ability in checkpoint.abilities]
    assert sorted(offered) == sorted(model.abilities)


@pytest.mark.parametrize(
    ("model", "ability", "bf16", "int8", "nf4"),
    [
        ("wan2.1-14b", "text_to_video", 26.6, 13.3, 6.9),
        ("wan2.1-14b", "first_frame", 30.5, 15.3, 7.9),
        ("wan2.1-vace-14b", "reference", 32.3, 16.2, 8.3),
        ("wan2.1-1.3b", "image", 2.6, 1.3, 0.7),
        ("wan2.1-vace-1.3b", "extension", 4.0, 2.0, 1.0),
    ],
)
def test_transformers_take_the_memory_that_was_measured_for_them(
    model: str, ability: Ability, bf16: float, int8: float, nf4: float
) -> None:
    part = component(model, ability, "transformer")
    measured: dict[Precision, float] = {"bf16": bf16, "int8": int8, "nf4": nf4}
    for precision, gib in measured.items():
        assert part.weights_bytes(precision) / GIB == pytest.approx(gib, abs=0.06)


@pytest.mark.parametrize(
    ("precision", "published"), [("q4_k_s", 2.90), ("q5_k_m", 3.55), ("q8_0", 5.03)]
)
def test_gguf_files_are_as_large_as_published_ones(precision: Precision, published: float) -> None:
    part = component("wan2.2-ti2v-5b", "text_to_video", "transformer")
    assert published <= part.weights_bytes(precision) / GIB + 0.005 < published * 1.02


def test_fp8_weights_are_as_large_as_int8_and_half_of_bf16() -> None:
    part = component("wan2.1-14b", "text_to_video", "transformer")
    assert part.weights_bytes("fp8") == part.weights_bytes("int8")
    assert part.weights_bytes("fp8") == pytest.approx(part.weights_bytes("bf16") / 2, rel=0.001)


def test_a_vae_is_never_quantized() -> None:
    part = component("wan2.1-14b", "image", "vae")
    assert part.weights_bytes("nf4") == part.weights_bytes("bf16")


def test_an_ability_that_no_checkpoint_has_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(InvalidRequest, match=r"can not do reference; it can do image, text_to_vi"):
        family("starter").checkpoint("reference")


def test_few_steps_are_refused_where_no_adapter_was_published() -> None:
    large = family("wan2.1-14b")
    assert large.sampling("fast", "text_to_video").forwards == 4
    with pytest.raises(InvalidRequest, match=r"profile: .* use balanced"):
        large.sampling("fast", "first_last_frame")


@pytest.mark.parametrize(("width", "near"), [(230, 224), (0, 32), (241, 256)])
def test_a_size_off_the_grid_is_refused_with_the_nearest_one(width: int, near: int) -> None:
    with pytest.raises(InvalidRequest, match=rf"width: .*; use {near}$"):
        family("starter").check_size(width, 128)


def test_portrait_is_delivered_as_portrait() -> None:
    assert family("wan2.1-14b").delivered_size(720, 1280) == (720, 1280)
    assert family("wan2.1-1.3b").delivered_size(832, 480) == (1280, 720)


def test_every_size_that_a_model_was_trained_at_is_delivered_at_its_full_size() -> None:
    for one in FAMILIES.values():
        for width, height in {size for checkpoint in one.checkpoints for size in checkpoint.sizes}:
            assert sorted(one.delivered_size(width, height)) == [720, 1280]


@pytest.mark.parametrize(
    ("size", "file"),
    [((512, 512), (720, 720)), ((1024, 256), (1280, 320)), ((256, 1024), (320, 1280)),
     ((960, 720), (960, 720)), ((3200, 16), (1280, 16))],
)  # fmt: skip
def test_other_proportions_are_kept(size: tuple[int, int], file: tuple[int, int]) -> None:
    assert family("wan2.1-14b").delivered_size(*size) == file


def test_enhancers_are_filed_under_their_names() -> None:
    assert all(name == enhancer.name for name, enhancer in ENHANCERS.items())


def test_a_quantized_enhancer_fits_a_small_gpu() -> None:
    mistral = ENHANCERS["mistral-7b-instruct"]
    part = Component(
        name="text_encoder",
        source=mistral.source,
        parameters=mistral.parameters,
        quantizable=mistral.quantizable,
    )
    assert part.weights_bytes(mistral.precision) / GIB == pytest.approx(3.84, abs=0.05)
