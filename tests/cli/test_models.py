"""`ourvidz models pull | convert | verify`, as it is typed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from diffusers import AutoencoderKLWan
from safetensors.torch import save_file

from ourvidz.cli.inventory import take_inventory
from ourvidz.domain.catalog import family
from ourvidz.pipeline import ModelManager
from tests.cli.conftest import Run
from tests.hub_server import COMMIT, serving
from tests.tiny import tiny_transformer, tiny_vae

MODEL = "wan2.1-1.3b"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    root = tmp_path / "published"
    repository = root / family(MODEL).checkpoints[0].components[0].source.name
    tiny_transformer().save_pretrained(repository / "transformer")
    tiny_transformer().save_pretrained(repository / "text_encoder")  # any weights will do here
    tiny_vae().save_pretrained(repository / "vae")
    (repository / "tokenizer").mkdir()
    (repository / "tokenizer" / "tokenizer_config.json").write_text("{}")
    return root


def test_pull_shows_licence_and_disk_first_and_asks(
    ourvidz: Run, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "home"))
    with serving(published) as hub:
        words = ("models", "pull", MODEL, "--endpoint", hub.endpoint)
        asked = ourvidz(*words)
        assert asked.status == 2 and "--yes" in asked.stderr
        assert "Apache-2.0" in asked.stderr and "of disk" in asked.stderr
        assert not (tmp_path / "home" / "models" / "Wan-AI").exists()
        done = ourvidz(*words, "--yes", "--json")
        assert done.status == 0, done.stderr
        homes = [Path(home) for home in json.loads(done.stdout)["pulled"]]
        (vae,) = (home for home in homes if home.name == "vae")
        AutoencoderKLWan.from_pretrained(vae)
        again = ourvidz(*words)
        assert again.status == 0 and "is complete" in again.stdout
    checked = ourvidz("models", "verify", MODEL)
    assert checked.status == 0 and checked.stdout.count("sound") == 4
    (vae / "diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    damaged = ourvidz("models", "verify", MODEL)
    assert damaged.status == 7
    assert "diffusion_pytorch_model.safetensors" in damaged.stdout
    assert f"ourvidz models pull {MODEL}" in damaged.stderr


def test_a_format_is_made_once_shown_and_checked(
    ourvidz: Run, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "home"))
    convert = ("models", "convert", MODEL, "--format", "int8")
    missing = ourvidz(*convert, "--yes")
    assert missing.status == 7 and f"models pull {MODEL}" in missing.stderr
    with serving(published) as hub:
        assert ourvidz("models", "pull", MODEL, "--yes", "--endpoint", hub.endpoint).status == 0
    asked = ourvidz(*convert)
    assert asked.status == 2 and "of disk" in asked.stderr
    done = ourvidz(*convert, "--yes", "--json")
    assert done.status == 0, done.stderr
    (kept,) = (Path(path) for path in json.loads(done.stdout)["kept"])
    made = kept.stat().st_mtime_ns
    assert ourvidz(*convert).status == 0 and kept.stat().st_mtime_ns == made
    (shown,) = json.loads(ourvidz("models", MODEL, "--json").stdout)["models"]
    assert shown["kept_bytes"] == {"int8": kept.stat().st_size}
    assert "int8" in ourvidz("models").stdout
    assert "kept in int8" in ourvidz("models", "verify", MODEL).stdout
    kept.write_bytes(kept.read_bytes()[:-1])
    damaged = ourvidz("models", "verify", MODEL)
    assert damaged.status == 7 and "--format" in damaged.stderr
    assert ourvidz(*convert, "--yes").status == 0
    assert ourvidz("models", "verify", MODEL).status == 0


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["pull"], 2, "models pull MODEL"),
        (["pull", "sora"], 2, "choose one of starter"),
        (["push", "starter"], 2, "no verb"),
        (["pull", "starter", "wan2.1-1.3b"], 2, "one at a time"),
        (["pull", "starter", "--format", "fp8"], 2, "belongs to `models convert`"),
        (["convert", "starter", "--endpoint", "http://127.0.0.1:9"], 2, "belongs to `models pull`"),
        (["wan2.1-1.3b", "--for", "image"], 2, "--for: belongs to `models pull|convert|verify`"),
        (["convert", "wan2.1-1.3b"], 7, "models pull"),
        (["convert", "starter", "--format", "fp8"], 2, "nothing to convert"),
        (["verify", "wan2.1-1.3b"], 7, "not sound"),
        (["pull", "wan2.1-1.3b", "--yes", "--endpoint", "http://127.0.0.1:9"], 7, "network"),
    ],
)
def test_what_can_not_be_done_says_what_to_do(
    ourvidz: Run, words: list[str], status: int, says: str
) -> None:
    done = ourvidz("models", *words)
    assert (done.status, says in done.stderr) == (status, True), done.stderr


def test_the_starter_comes_with_the_program(ourvidz: Run) -> None:
    assert "is here" in ourvidz("models", "pull", "starter").stdout
    assert ourvidz("models", "verify", "starter").status == 0


def test_a_damaged_starter_is_told_with_what_helps(
    ourvidz: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "home"))
    vae = tmp_path / "home" / "models" / "ourvidz.starter" / "weights" / "vae"
    (vae / "config.json").unlink()
    for verb in ("verify", "pull", "convert"):
        done = ourvidz("models", verb, "starter")
        assert done.status == 7, verb
        assert f"delete {vae}, which hides what is installed" in done.stderr
        assert "models pull" not in done.stderr  # no hub has it
    (listed,) = json.loads(ourvidz("models", "starter", "--json").stdout)["models"]
    assert listed["status"] == "weights damaged"
    assert listed["advice"] == ["starter: `ourvidz models verify starter` says what to do"]
    found = json.loads(ourvidz("doctor", "--gpu", "--json").stdout)["findings"]
    (finding,) = (one for one in found if one["what"] == "weights of starter")
    assert finding["state"] == "fail" and "config.json" in finding["says"]
    assert finding["advice"] == "`ourvidz models verify starter` says what to do"
    assert "model starter" not in {one["what"] for one in found}
    shutil.rmtree(vae)
    assert ourvidz("models", "pull", "starter").status == 0


def test_an_adapter_that_is_not_here_is_shown_and_one_in_the_hubs_cache_is_found(
    ourvidz: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few-step profile needs it; an error of that profile sends people to this list."""
    starter, large = family("starter"), family("wan2.1-14b")
    (checkpoint, *others), lora = starter.checkpoints, large.checkpoints[0].lora
    assert lora
    able = replace(starter, checkpoints=(replace(checkpoint, lora=lora), *others))
    manager = ModelManager(models_dir=tmp_path / "models", device="cpu")
    where = f"{lora.source.name}/{lora.source.folder}"
    before = take_inventory(able, manager)
    assert (before.status, before.parts[where]) == ("runs", "missing")
    (advice,) = before.advice
    assert "few-step profile" in advice and "models pull" in advice
    assert where in ourvidz("models", "wan2.1-14b").stdout

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "cache" / f"models--{lora.source.name.replace('/', '--')}"
    path = home / "snapshots" / COMMIT / lora.source.folder / lora.file
    path.parent.mkdir(parents=True)
    save_file({"a": torch.zeros(1)}, path)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    assert take_inventory(able, manager).advice == ()
    checked = ourvidz("models", "verify", "wan2.1-14b", "--json")
    assert checked.status == 7 and "not sound" in checked.stderr  # all else is missing
    states = {
        one["source"]["name"]: one["state"] for one in json.loads(checked.stdout)["parts"]
    }  # one document, whatever it says
    assert states[lora.source.name] == "sound"
