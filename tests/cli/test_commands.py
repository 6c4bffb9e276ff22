"""From the words on the command line to files, tables and exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ourvidz.pipeline.export import read_frames, read_metadata
from tests.cli.conftest import Run
from tests.gguf_file import wide_transformer, write_gguf
from tests.tiny import save_tiny_starter

ROOT = Path(__file__).parents[2]
SHORT = ("--frames", "8", "--steps", "2", "--seed", "7")


def test_a_sentence_becomes_a_video_with_its_seed_and_a_timing_table(
    ourvidz: Run, tmp_path: Path
) -> None:
    done = ourvidz("video", "a [red] sailboat", *SHORT, "--no-enhance")
    assert done.status == 0, done.stderr
    shown = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line)
    assert shown["seed"] == "7"
    with Image.open(tmp_path / shown["picture"]) as picture:
        assert picture.size == (1280, 720)
    assert {"preview", "load", "encode", "denoise", "decode", "export", "together"} <= shown.keys()
    assert read_frames(tmp_path / shown["video"]).shape == (8, 720, 1280, 3)


def test_json_is_one_document_that_says_all_about_the_clip(ourvidz: Run, tmp_path: Path) -> None:
    done = ourvidz("video", "a red sailboat", *SHORT, "--native", "-o", "clips", "--json")
    clip = json.loads(done.stdout)
    assert Path(clip["path"]).parent == Path("clips")
    assert (clip["width"], clip["height"], clip["num_frames"], clip["seed"]) == (224, 128, 8, 7)
    assert clip["enhancement"]["original"] == "a red sailboat"
    metadata = read_metadata(tmp_path / clip["path"])
    assert metadata["enhanced_prompt"] == clip["enhancement"]["enhanced"]


def test_the_shown_seed_gives_the_same_words_and_frames_again(ourvidz: Run) -> None:
    words = ("preview", "a red sailboat", "--images", "1", "--steps", "2", "--json")
    first = json.loads(ourvidz(*words).stdout)
    seed = first["stills"][0]["seed"]
    again = json.loads(ourvidz(*words, "--seed", str(seed)).stdout)
    assert again["enhancement"]["enhanced"] == first["enhancement"]["enhanced"]
    one, other = (np.asarray(Image.open(made["stills"][0]["path"])) for made in (first, again))
    assert (one == other).all()


def test_an_approved_preview_can_be_rendered(ourvidz: Run) -> None:
    made = ourvidz("preview", "a red sailboat", "--images", "2", *SHORT[2:], "--json")
    stills = json.loads(made.stdout)["stills"]
    assert [still["seed"] for still in stills] == [7, 8]
    done = ourvidz("video", "a red sailboat", *SHORT, "--image", stills[0]["path"], "--json")
    assert json.loads(done.stdout)["metadata"]["ability"] == "first_frame", done.stderr


def test_a_clip_from_words_starts_from_a_picture_of_its_own(ourvidz: Run) -> None:
    words = ("video", "a red sailboat", *SHORT, "--native", "--no-enhance", "--json")
    clip = json.loads(ourvidz(*words).stdout)
    assert clip["metadata"]["ability"] == "first_frame"
    assert (clip["still"]["seed"], Path(clip["still"]["path"]).suffix) == (7, ".png")
    plain = json.loads(ourvidz(*words, "--no-preview").stdout)
    assert (plain["metadata"]["ability"], plain["still"]) == ("text_to_video", None)


def test_a_failed_clip_leaves_no_picture_behind(
    home: Path, tmp_path: Path, ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = tmp_path / "home"
    shutil.copytree(home, spoilt)
    transformer = spoilt / "models/ourvidz.starter/weights/image_to_video/transformer"
    for file in transformer.glob("*.safetensors"):
        file.unlink()
    monkeypatch.setenv("OURVIDZ_HOME", str(spoilt))
    done = ourvidz("video", "a cat", *SHORT, "--no-enhance")
    assert (done.status, "weights of starter: the transformer" in done.stderr) == (7, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_info_shows_what_is_inside_a_file(ourvidz: Run) -> None:
    made = ourvidz(
        "preview", "a red sailboat", "--images", "1", *SHORT[2:], "--no-enhance", "--json"
    )
    path = json.loads(made.stdout)["stills"][0]["path"]
    shown = dict(
        line.split(maxsplit=1) for line in ourvidz("info", path).stdout.splitlines() if " " in line
    )
    assert (shown["prompt"].strip(), shown["seed"]) == ("a red sailboat", "7")


@pytest.mark.parametrize(("name", "kind"), [("photo.png", "PNG"), ("photo.jpg", "JPEG")])
def test_info_says_what_a_foreign_picture_is(
    ourvidz: Run, tmp_path: Path, name: str, kind: str
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / name)
    done = ourvidz("info", name)
    assert done.status == 0, done.stderr
    assert f"{name} is a picture ({kind}, 64x48 px)" in done.stdout
    assert json.loads(ourvidz("info", name, "--json").stdout) == {}


def test_what_adults_make_at_home_is_theirs(ourvidz: Run) -> None:
    quick = ("--images", "1", *SHORT[2:], "--no-enhance")
    assert ourvidz("preview", "a naked woman on a bed", *quick).status == 0
    assert ourvidz("preview", "una mujer desnuda en la playa", *quick).status == 0


def test_enhance_shows_both_texts(ourvidz: Run) -> None:
    done = ourvidz("enhance", "a dog running", "--json")
    both = json.loads(done.stdout)
    assert both["original"] == "a dog running"
    assert "dog running" in both["enhanced"].lower()


def test_who_waits_for_the_language_model_is_told_why(
    ourvidz: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "new"))
    words = ("enhance", "a dog", "--time-limit", "0")  # ends before anything is converted
    assert "Preparing the language model, once" in ourvidz(*words).stderr
    (tmp_path / "new/models/smollm2-135m-bf16").mkdir(parents=True)
    assert "Preparing" not in ourvidz(*words).stderr


def test_models_says_what_runs_here_and_what_the_others_need(ourvidz: Run) -> None:
    models = {one["name"]: one for one in json.loads(ourvidz("models", "--json").stdout)["models"]}
    assert models["starter"]["status"] == "runs"
    assert models["wan2.1-14b"]["status"] == "needs a GPU"
    assert "24 GB" in models["wan2.1-14b"]["advice"][0]


def test_models_shows_where_the_parts_of_one_family_lie(ourvidz: Run) -> None:
    assert "weights/vae  " in ourvidz("models", "starter").stdout


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["video", ""], 2, "prompt: is empty"),
        (["video", "a" * 2_001], 2, "shorten it to 2000"),
        (["video", "a caf\udce9"], 2, "prompt: contains half a character"),
        (["video", "a cat", "--image", "a" * 300, "--no-enhance"], 2, "there is no file"),
        (["info", "a" * 300], 2, "there is no file"),
        (["video", "a cat", "--model", "sora"], 2, "choose one of starter"),
        (["video", "a cat", "--model", "wan2.1-14b", "--no-enhance"], 7, "use the model 'starter'"),
        (["video", "a cat", "--width", "230"], 2, "use 224"),
        (["video", "a cat", "--width", "0"], 2, "0 is not a multiple of 32"),
        (["video", "a cat", "--frames", "0"], 2, "--frames: must be"),
        (["video", "a cat", "--image", "nothing.png", "--no-enhance"], 2, "there is no file"),
        (["video", "a cat", "--no-enhance", "-o", "file/out"], 7, "choose another folder"),
        (["video", "a cat", "--no-enhance", "--quantization", "int8"], 2, "is for cards; leave"),
        (["video", "a cat", "--no-enhance", "--gpus", "2"], 2, "no GPU is used on this machine"),
        (["video", "a cat", "--quantization", "fp9"], 2, "invalid choice"),
        (["video", "a cat", "--transformer", "nothing.gguf"], 2, "there is no file nothing.gguf"),
        (["preview", "a cat", "--images", "5", "--no-enhance"], 2, "--images: must be 1 to 4"),
        (["info", "nothing.mp4"], 2, "there is no file nothing.mp4"),
        (["video", "naked kid"], 5, "under 18 is never made"),
        (["video", "a k1d without cl0thes", "--no-enhance"], 5, "under 18 is never made"),
        (["video", "a kid", "--no-enhance", "--negative-prompt", "clothes"], 5, "is never made"),
        (["preview", "naked kid", "--no-enhance"], 5, "under 18 is never made"),
        (["enhance", "naked kid"], 5, "under 18 is never made"),
        (["enhance", "a cat", "--seed", "-1"], 2, "seed: must be a whole number"),
        (["plan", "--model", "wan2.1-14b"], 2, "name one with --gpu"),
        (["video"], 2, "usage: ourvidz video"),
        ([], 2, "Make a video from a sentence"),
    ],
)
def test_what_can_not_be_done_ends_with_its_status_and_says_what_to_do(
    ourvidz: Run, tmp_path: Path, words: list[str], status: int, says: str
) -> None:
    (tmp_path / "file").touch()
    done = ourvidz(*words)
    assert done.status == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix]


def test_it_says_which_version_it_is(ourvidz: Run) -> None:
    done = ourvidz("--version")
    assert (done.status, done.stdout) == (0, f"OurVidz {version('ourvidz')}\n")


def test_a_transformer_may_come_from_a_file(
    ourvidz: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "home"))
    weights = save_tiny_starter(tmp_path / "home" / "models") / "ourvidz.starter/weights"
    wide_transformer().save_pretrained(weights / "text_to_video" / "transformer")
    file = write_gguf(wide_transformer(seed=1), tmp_path / "wide.gguf")
    done = ourvidz("video", "a cat", *SHORT, "--no-enhance", "--transformer", str(file), "--json")
    assert done.status == 0, done.stderr
    assert "transformer gguf" in json.loads(done.stdout)["metadata"]["plan"]


def test_an_error_is_one_json_document_too(ourvidz: Run) -> None:
    done = ourvidz("video", "", "--json")
    assert json.loads(done.stdout)["error"]["kind"] == "InvalidRequest"


def test_missing_weights_are_named_with_the_way_to_get_them(
    home: Path, tmp_path: Path, ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = tmp_path / "home"
    shutil.copytree(home, spoilt)
    for file in (spoilt / "models/ourvidz.starter/weights/vae").iterdir():
        file.unlink()
    (spoilt / "models/ourvidz.starter/weights/vae/config.json").write_text("{}")
    monkeypatch.setenv("OURVIDZ_HOME", str(spoilt))
    done = ourvidz("video", "a cat", "--no-enhance")
    assert done.status == 7
    assert "weights of starter: the vae" in done.stderr
    assert "download it again" in done.stderr


def test_a_wrong_setting_is_refused_by_the_name_of_its_variable(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_DEVICE", "tpu")
    done = ourvidz("models")
    assert done.status == 2
    assert "OURVIDZ_DEVICE" in done.stderr


@pytest.mark.usefixtures("in_home")
def test_ctrl_c_cancels_and_leaves_nothing_behind(tmp_path: Path) -> None:
    words = ["video", "a cat", "--no-enhance", "--steps", "200"]
    with subprocess.Popen(
        [sys.executable, "-m", "ourvidz.cli", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},  # noqa: TID251 - what this process has
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        while not (tmp_path / "out").exists() and job.poll() is None:
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        _, errors = job.communicate(timeout=300)
    assert job.returncode == 130
    assert "Cancelled" in errors
    assert "Traceback" not in errors
    assert list((tmp_path / "out").iterdir()) == []
