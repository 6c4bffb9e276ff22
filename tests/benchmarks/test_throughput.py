"""The throughput benchmark: its arithmetic, and every path of it on small models."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from diffusers import WanTransformer3DModel, WanVACETransformer3DModel

from benchmarks import throughput
from benchmarks.paces import load, ours, plain
from benchmarks.random_models import random_transformer, random_vae
from benchmarks.rows import Options, not_measured
from benchmarks.scenarios import SCENARIOS, Scenario
from ourvidz.domain.catalog import FAMILIES, family
from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.family import Checkpoint, Family, Precision
from ourvidz.pipeline.budget import machine_named, plan, read_calibrations
from ourvidz.pipeline.compiled import compiled, is_compiled
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.quantize import Fp8Linear, Int8Linear, quantizable


def test_names_of_scenarios_are_all_different() -> None:
    assert len({one.name for one in SCENARIOS}) == len(SCENARIOS)


def test_every_large_family_has_the_parameters_that_the_catalog_counts() -> None:
    for model in FAMILIES.values():
        for checkpoint in model.checkpoints:
            dims = checkpoint.transformer
            kind = WanVACETransformer3DModel if dims.vace_layers else WanTransformer3DModel
            with torch.device("meta"):
                built = kind(**dims.config)
            (part,) = (one for one in checkpoint.components if one.name == "transformer")
            assert sum(p.numel() for p in built.parameters()) == part.parameters, part.source


@dataclass(frozen=True, kw_only=True)
class Small(Scenario):
    """A scenario of a large family whose transformer has two blocks."""

    @property
    def checkpoint(self) -> Checkpoint:
        whole = family(self.model).checkpoint(self.ability)
        dims = whole.transformer
        small = TransformerDims(
            num_layers=2, dim=48, ffn_dim=64, head_dim=24, text_dim=32,
            in_channels=dims.in_channels, text_tokens=dims.text_tokens,
            vace_layers=2 if dims.vace_layers else 0, vace_channels=dims.vace_channels,
            image_dim=16 if dims.image_dim else 0, image_tokens=dims.image_tokens,
        )  # fmt: skip
        return replace(whole, transformer=small)

    @property
    def family(self) -> Family:
        return family(self.model)


@pytest.mark.parametrize(
    ("model", "ability"),
    [
        ("wan2.1-14b", "text_to_video"),
        ("wan2.1-14b", "first_frame"),
        ("wan2.1-vace-14b", "first_frame"),
    ],
)
def test_random_models_run_by_both_ways(
    model: str, ability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    scenario = Small(
        model=model, profile="fast", ability=ability, num_frames=5, size=(32, 32),  # type: ignore[arg-type]
    )  # fmt: skip
    made = plan(scenario.request, machine_named("RTX 3090"), ability=scenario.ability)
    made = replace(made, choices=replace(made.choices, precision="int8"), compile=False)
    manager = ModelManager(device="cpu")
    names = load(scenario, manager, made)
    manager.follow(made, names)
    passes, paces = ours(scenario, manager, names, 2)
    assert passes.forward_s > 0 and passes.decode_s is None and (paces.decode_s or 0) > 0
    assert paces.attention == "native" and not paces.compiled
    theirs = plain(scenario, manager, names, 2, room_bytes=10**9)
    assert theirs > 0


def test_random_models_can_be_compiled_and_are_kept_for_the_next_scenario() -> None:
    scenario = Small(model="wan2.1-14b", profile="fast", size=(32, 32), num_frames=5)
    made = plan(scenario.request, machine_named("RTX 4090", ram_bytes=64 * 2**30))
    manager = ModelManager(device="cpu")
    transformer = manager.get(load(scenario, manager, made)["transformer"])
    with compiled(transformer, "inductor"):
        assert made.compile and is_compiled(transformer)
    still = Small(model="wan2.1-14b", profile="fast", size=(32, 32), num_frames=1, ability="image")
    assert manager.get(load(still, manager, made)["transformer"]) is transformer
    other = replace(made, choices=replace(made.choices, precision="bf16"))
    assert manager.get(load(still, manager, other)["transformer"]) is not transformer


@pytest.mark.parametrize(
    ("precision", "layer"), [("fp8", Fp8Linear), ("int8", Int8Linear), ("nf4", Linear4bit)]
)
def test_blocks_are_quantized_one_by_one_as_the_whole_would_be(
    precision: Precision, layer: type[torch.nn.Module]
) -> None:
    scenario = Small(model="wan2.1-vace-14b", profile="fast", ability="first_frame")
    module = random_transformer(scenario.checkpoint, precision=precision)
    plain = random_transformer(scenario.checkpoint)
    quantized = {name for name, one in module.named_modules() if type(one) is layer}
    assert quantized == {name for name, _ in quantizable(plain)}
    assert not [*quantizable(module)]


def test_what_fails_keeps_the_figures_that_it_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)

    def broken(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")

    monkeypatch.setattr(throughput, "measure_ceilings", broken)
    options = Options(steps=2, compared=False)
    still, other = SCENARIOS[0], Scenario(model="wan2.1-1.3b", profile="fast")
    rows, rates = throughput.run([still, other], [options], random_weights=True, told=True)
    assert (rows[0].seconds_per_forward or 0) > 0 and (rows[0].decode_s or 0) > 0
    assert rows[0].incomplete == "OutOfMemoryError: CUDA out of memory."
    assert {one.work for one in rates} == {"denoise", "decode"}
    told = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one[0] == "{"]
    assert [one["rows"][0]["decode_s"] is None for one in told] == [True, False, False]


def test_what_a_lever_reaches_is_not_taught_as_the_speed_of_plans() -> None:
    torch.set_num_threads(1)
    planned = Options(steps=2, compared=False, passes_only=True)
    ways = [planned, replace(planned, compiled=False)]
    rows, rates = throughput.run([SCENARIOS[0]], ways, random_weights=True, told=False)
    assert len(rows) == 2 and all(row.seconds_per_forward for row in rows)
    (rate,) = (one for one in rates if one.work == "denoise")
    assert rate.tflops == pytest.approx(rows[0].tflops)


def test_a_scenario_that_is_not_there_replaces_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(throughput, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["throughput", "--only", "1080p", "--save"])
    with pytest.raises(SystemExit):
        throughput.main()
    said = capsys.readouterr().err
    assert "no scenario holds 1080p" in said and SCENARIOS[-1].name in said
    assert not [*tmp_path.iterdir()]


def test_a_backend_that_does_not_run_gives_no_figure() -> None:
    torch.set_num_threads(1)
    options = Options(steps=2, attention="sage_hub", compared=False)
    (row,), _ = throughput.run([SCENARIOS[0]], [options], random_weights=True, told=False)
    assert "attention by sage_hub" in row.not_measured and row.seconds_per_forward is None


def test_weights_land_in_the_formats_that_loading_gives() -> None:
    scenario = Small(model="wan2.1-14b", profile="fast")
    module = random_transformer(scenario.checkpoint)
    dtypes = {name: p.dtype for name, p in module.named_parameters()}
    assert dtypes["blocks.0.ffn.net.0.proj.weight"] == torch.bfloat16
    assert dtypes["blocks.0.scale_shift_table"] == torch.float32
    assert all(p.device.type == "cpu" for p in module.state_dict().values())
    assert random_vae(scenario.checkpoint).dtype == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU the large families run")
def test_it_ends_with_one_line_of_all_rows_and_keeps_what_the_planner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(throughput, "RESULTS", tmp_path)
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path))
    words = ["throughput", "--only", "image", "--steps", "2", "--per-hour", "3.6", "--save"]
    monkeypatch.setattr(sys, "argv", words)
    throughput.main()
    lines = capsys.readouterr().out.splitlines()
    rows = {row["scenario"]: row for row in json.loads(lines[-1])["rows"]}
    still = rows["starter image 224x128x1 fast"]
    assert still["seconds_per_forward"] > 0 and still["vs_diffusers"] > 0
    assert still["roofline_fraction"] > 0 and still["ceiling"] == still["precision"]
    assert lines[0].endswith("ceiling") and lines[1].endswith(f"  {still['precision']}")
    assert still["peak_vram_gib"] is None
    assert still["cost_per_clip"] == pytest.approx(still["clip_s"] / 1000)
    large = rows["wan2.1-14b image 1280x720x1 fast"]
    assert large["not_measured"] == "needs a GPU" and large["seconds_per_forward"] is None
    assert any("not measured" in line for line in lines)
    (calibration,) = read_calibrations(tmp_path / "calibration.json")
    assert (calibration.export_s_per_mpx or 0) > 0
    rate = next(one for one in calibration.rates if one.work == "denoise")
    assert rate.still and rate.tflops == pytest.approx(still["tflops"], rel=1e-6)


def test_a_lever_is_put_in_place_of_what_the_plan_says_and_named() -> None:
    scenario = Scenario(model="wan2.1-14b", profile="fast")
    made = plan(scenario.request, machine_named("RTX 4090", ram_bytes=64 * 2**30))
    options = Options(steps=2, attention="native", compiled=False, tiled=False)
    other = options.applied(made)
    assert (made.compile, made.vae_tiling, len(made.attention)) == (True, True, 3)
    assert (other.compile, other.vae_tiling, other.attention) == (False, False, ("native",))
    assert Options(steps=2).applied(made) == made
    row = not_measured(scenario, "needs a GPU", options)
    assert row.scenario == f"{scenario.name} [native, eager, no tiles]"
