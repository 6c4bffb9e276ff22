"""What is decided, for every card and every model: it fits, and there is a way down."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import Profile, VideoRequest
from ourvidz.pipeline.budget import (
    MACHINES,
    Calibration,
    Machine,
    Plan,
    Rate,
    expected_seconds,
    lowered,
    machine_named,
    plan,
    profile_costs,
)

GIB = 2**30
HOST = 64 * GIB
ON_CARDS = [family.name for family in FAMILIES.values() if family.needs]


def request(model: str, profile: Profile = "balanced", num_frames: int = 81) -> VideoRequest:
    return VideoRequest(prompt="a cat", model=model, profile=profile, num_frames=num_frames)


def peak(made: Plan, stage: str) -> int:
    return next(one.peak_bytes for one in made.stages if one.stage == stage)


@pytest.mark.parametrize("card", MACHINES)
def test_whatever_is_planned_fits_and_every_rung_needs_no_more(card: str) -> None:
    planned = 0
    for ram in (24 * GIB, HOST):
        machine = replace(MACHINES[card], ram_bytes=ram)
        for model in FAMILIES:
            for profile in get_args(Profile):
                for frames, many in ((1, 4), (81, 1)):
                    try:
                        made = plan(request(model, profile, frames), machine, num_videos=many)
                    except InvalidRequest as error:
                        assert "choose" in str(error) or "use balanced" in str(error)
                        continue
                    planned += 1
                    assert made.peak_bytes + made.headroom_bytes <= machine.vram_bytes
                    assert made.host_bytes < ram
                    assert made.peak_bytes == max(one.peak_bytes for one in made.stages)
                    peaks = [made.peak_bytes, *(rung.peak_bytes for rung in made.ladder)]
                    assert peaks[-1] <= peaks[0]
    assert planned > 20


@pytest.mark.parametrize("stage", ["encode", "denoise", "decode"])
@pytest.mark.parametrize("model", ON_CARDS)
def test_a_full_memory_leads_down_to_an_end_and_each_step_helps(model: str, stage: str) -> None:
    made: Plan | None = plan(request(model), machine_named("H200", ram_bytes=HOST))
    seen: list[int] = []
    while made is not None:
        seen.append(peak(made, stage))
        assert len(made.changes) == len(seen) - 1
        made = lowered(made, stage)  # type: ignore[arg-type]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 3
    assert seen[-1] < seen[0] / 2


def test_on_a_cpu_pictures_go_one_by_one_and_then_the_vae_by_tiles() -> None:
    made = plan(request("starter", num_frames=1), num_videos=4)
    first = lowered(made, "denoise")
    assert first is not None and first.choices.batch == 1
    second = lowered(first, "denoise")
    assert second is not None and second.changes == ("one_by_one", "tile_vae")
    assert lowered(second, "denoise") is None


def test_a_24_gb_card_holds_the_large_model_in_8_bits_and_keeps_it_for_previews() -> None:
    card = machine_named("RTX 4090", ram_bytes=HOST)
    clip = plan(request("wan2.1-14b", "fast"), card)
    stills = plan(request("wan2.1-14b", "fast", 1), card, num_videos=4)
    assert clip.quantization == stills.quantization == "fp8"
    assert clip.placement == stills.placement == "resident"
    assert clip.component("text_encoder").placement == "streamed"
    assert clip.vae_tiling


def test_quality_keeps_16_bits_and_streams_them() -> None:
    made = plan(request("wan2.1-14b", "quality"), machine_named("RTX 4090", ram_bytes=HOST))
    assert (made.quantization, made.placement) == ("bf16", "streamed")
    assert made.host_bytes > 26 * GIB
    assert "sage_hub" not in made.attention  # which computes with 8 bits


def test_a_card_without_8_bit_floats_is_not_given_any() -> None:
    for name, card in MACHINES.items():
        made = plan(request("wan2.1-1.3b"), replace(card, ram_bytes=HOST))
        assert (made.quantization == "fp8") == card.has_fp8, name


def test_a_host_without_room_for_blocks_has_smaller_ones_or_none() -> None:
    card = machine_named("RTX 3090", ram_bytes=20 * GIB)
    made = plan(request("wan2.1-14b"), card)
    assert made.quantization != "bf16"
    assert made.host_bytes <= 16 * GIB


def test_only_formats_that_can_be_made_here_are_planned() -> None:
    card = machine_named("RTX 4090", ram_bytes=HOST)
    made = plan(request("wan2.1-14b"), card, formats=("bf16", "nf4"))
    assert made.quantization == "bf16"
    assert made.formats == ("bf16", "nf4")


def test_control_blocks_are_interleaved_where_there_are_any() -> None:
    card = machine_named("H200", ram_bytes=HOST)
    assert plan(request("wan2.1-vace-14b"), card).interleaved
    assert not plan(request("wan2.1-14b"), card).interleaved


def test_a_reference_picture_costs_tokens() -> None:
    card = machine_named("H200", ram_bytes=HOST)
    with_one, without = (
        plan(request("wan2.1-vace-14b"), card, ability="reference", num_references=count)
        for count in (1, 0)
    )
    assert peak(with_one, "denoise") > peak(without, "denoise")


def test_four_steps_need_no_step_cache_and_fifty_do() -> None:
    card = machine_named("H200", ram_bytes=HOST)
    few, many = (plan(request("wan2.1-14b", profile), card) for profile in ("fast", "quality"))
    assert (few.cache, few.workload.distilled) == (None, True)
    assert many.cache == "taylorseer-lite"


def test_what_large_models_reach_is_not_said_of_the_starter() -> None:
    made = plan(VideoRequest(prompt="a cat", model="starter"), machine_named("RTX 4090"))
    assert made.seconds is None and made.calibrated is None


@pytest.mark.parametrize(
    ("card", "profile", "steps", "model", "published_s"),
    [
        ("RTX 4090", "fast", 4, "wan2.1-14b", 171),
        ("RTX 4090", "balanced", 40, "wan2.1-14b", 2169),
        ("H200", "fast", 4, "wan2.1-14b", 44),
        ("H200", "balanced", 40, "wan2.1-14b", 671),
        ("H200", "quality", 40, "wan2.1-14b", 974),
    ],
)
def test_published_times_come_out_again(
    card: str, profile: Profile, steps: int, model: str, published_s: float
) -> None:
    wanted = request(model, profile).replace(num_inference_steps=steps, width=1280, height=720)
    made = plan(wanted, machine_named(card, ram_bytes=HOST), ability="first_frame")
    assert made.calibrated == "published"
    assert made.seconds == pytest.approx(published_s, rel=0.05)
    assert "not measured here" in made.reasons[-1]


def test_nobody_is_told_a_time_that_nobody_measured() -> None:
    made = plan(request("wan2.1-14b"), machine_named("RTX 5090", ram_bytes=HOST))
    assert (made.seconds, made.calibrated) == (None, None)
    assert "nobody measured" in made.reasons[-1]


def test_streaming_never_is_faster_than_the_copies() -> None:
    rates = (
        Rate(work="denoise", precision="bf16", tflops=1e5),
        Rate(work="decode", precision="fp32", tflops=50.0),
    )
    slow = replace(
        machine_named("RTX 3090", ram_bytes=HOST),
        pcie_gbps=10.0,
        calibration=Calibration(machine="RTX 3090", rates=rates),
    )
    made = plan(request("wan2.1-14b"), slow)
    assert made.placement == "streamed"
    denoise = next(one.seconds for one in made.stages if one.stage == "denoise")
    # 40 blocks of 0.703 GB for every pass; the 0.465 GB that are no block once.
    assert denoise == pytest.approx((50 * 28.111e9 + 0.465e9) / 10e9, rel=1e-3)


def test_costs_grow_from_profile_to_profile() -> None:
    costs = profile_costs(request("wan2.1-14b"), machine_named("RTX 4090", ram_bytes=HOST))
    assert [cost.profile for cost in costs] == ["fast", "balanced", "quality"]
    assert [cost.forwards for cost in costs] == [4, 50, 100]
    seconds = [cost.seconds or 0 for cost in costs]
    assert seconds == sorted(seconds) and seconds[0] > 100
    assert costs[1].petaflops == pytest.approx(50 * 6.52, rel=0.02)


def test_what_can_not_be_made_has_no_time() -> None:
    card = machine_named("RTX 4090", ram_bytes=HOST)
    assert expected_seconds("wan2.1-14b", "fast", 80, card) == pytest.approx(171, rel=0.05)
    assert expected_seconds("wan2.1-14b", "fast", 160, card) is None
    assert expected_seconds("nothing", "fast", 80, card) is None


@pytest.mark.parametrize(
    ("vram_gib", "ram_gib", "model", "says"),
    [
        (12, 64, "wan2.1-vace-14b", "it fits with 832x480 or 49 frames; choose wan2.1-"),
        (12, 16, "wan2.1-14b", "GiB of host memory; choose wan2.1-vace-1.3b or wan2.1-1.3b"),
        (2, 64, "wan2.1-1.3b", "no model for cards fits: choose a card with more memory, or 'sta"),
    ],
)
def test_a_card_that_is_too_small_is_told_what_would_fit(
    vram_gib: int, ram_gib: int, model: str, says: str
) -> None:
    card = Machine(name="it", vram_bytes=vram_gib * GIB, ram_bytes=ram_gib * GIB)
    with pytest.raises(InvalidRequest) as caught:
        plan(request(model), card)
    assert f"model: {model} needs " in str(caught.value)
    assert says in str(caught.value)
