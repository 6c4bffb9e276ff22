"""`ourvidz stitch`: from clips on the command line to one film."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ourvidz.pipeline.reading import read_frames, read_metadata
from tests.cli.conftest import Run
from tests.pipeline.films import clip


@pytest.fixture
def clips(in_home: None, tmp_path: Path) -> list[str]:
    return [clip(tmp_path / f"{n}.mp4", n, phase=n / 3).name for n in (20, 33)]


def test_clips_become_a_film(ourvidz: Run, clips: list[str], tmp_path: Path) -> None:
    done = ourvidz("stitch", *clips, "-o", "film.mp4", "--crossfade", "0.5")
    assert done.status == 0, done.stderr
    shown = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert shown["film"] == "film.mp4"
    assert shown["length"] == "2.8125 s, 45 frames"
    assert len(read_frames(tmp_path / "film.mp4")) == 45


def test_json_says_all_about_the_film(ourvidz: Run, clips: list[str], tmp_path: Path) -> None:
    done = ourvidz("stitch", *clips, "-o", "film.mp4", "--fade", "0.25", "--silent-audio", "--json")
    film = json.loads(done.stdout)
    assert (film["path"], film["num_frames"], film["seconds"]) == ("film.mp4", 53, 53 / 16)
    assert (film["mode"], film["notes"], film["width"], film["fps"]) == ("copied", [], 64, 16)
    assert film["metadata"] == read_metadata(tmp_path / "film.mp4")
    assert ourvidz("info", "film.mp4").stdout.startswith("kind")


def test_what_had_to_be_encoded_is_said_beside_the_result(
    ourvidz: Run, clips: list[str], tmp_path: Path
) -> None:
    other = clip(tmp_path / "other.mp4", 9, size=(32, 32)).name
    done = ourvidz("stitch", clips[0], other, "-o", "film.mp4", "--json")
    assert json.loads(done.stdout)["mode"] == "encoded"
    assert "other.mp4 is 32x32" in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["20.mp4", "nothing.mp4", "-o", "film.mp4"], 2, "there is no file nothing.mp4"),
        (["20.mp4", "33.mp4", "-o", "20.mp4"], 2, "choose another name"),
        (["20.mp4", "33.mp4", "-o", "no/film.mp4"], 7, "choose another folder"),
        (["20.mp4", "33.mp4", "-o", "film.mp4", "--crossfade", "0"], 2, "0.5 is usual"),
        (["20.mp4", "33.mp4", "-o", "film.mp4", "--fade", "nan"], 2, "0.5 is usual"),
        (["20.mp4", "33.mp4", "-o", "film.mp4", "--fade", "1e308"], 2, "0.5 is usual"),
        (["20.mp4", "33.mp4", "-o", "."], 2, ". is a folder; name a file"),
        (["20.mp4", "a" * 300, "-o", "film.mp4"], 2, "there is no file aaa"),
        (["20.mp4", "33.mp4", "-o", "film.mp4", "--crossfade", "2"], 2, "clip: 20.mp4 has"),
        (["20.mp4", "33.mp4", "-o", "film.mp4", "--soundtrack", "no.mp3"], 2, "give an MP3"),
        (["20.mp4", "-o", "f.mp4", "--fade", "1", "--crossfade", "1"], 2, "not allowed with"),
        (["20.mp4"], 2, "-o/--out"),
        (["-o", "film.mp4"], 2, "usage: ourvidz stitch"),
    ],
)
def test_what_can_not_be_joined_says_what_to_do(
    ourvidz: Run, clips: list[str], tmp_path: Path, words: list[str], status: int, says: str
) -> None:
    done = ourvidz("stitch", *words)
    assert done.status == status, done.stderr
    assert says in done.stderr
    assert not (tmp_path / "film.mp4").exists()
