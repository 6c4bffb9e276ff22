"""Clips that other programs wrote: encoded alone, at the film's pace and size, and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from ourvidz.pipeline.stitch import stitch
from ourvidz.pipeline.transitions import Part
from tests.pipeline.films import clip, foreign, planes, wave


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One clip of each length."""
    folder = tmp_path_factory.mktemp("clips")
    return {n: clip(folder / f"{n}.mp4", n, phase=n / 3) for n in (20, 33)}


def frames_of(path: Path) -> int:
    return len(planes(path))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: foreign(p, wave(20)), "was encoded with other settings"),
        (lambda p: foreign(p, wave(20), codec="mpeg4"), "is coded as mpeg4"),
        (lambda p: foreign(p, wave(30), rate=24), "does not have exactly 16 frames"),
        (lambda p: clip(p, 20, size=(128, 96)), "is 128x96"),
    ],
)
def test_is_encoded_alone_and_said(
    clips: dict[int, Path], tmp_path: Path, make: Callable[[Path], Path], why: str
) -> None:
    other = make(tmp_path / "other.mp4")
    parts = [Part(path=clips[33]), Part(path=other), Part(path=clips[20])]
    done = stitch(parts, tmp_path / "film.mp4")
    assert done.mode == "encoded"
    assert len(done.notes) == 1 and str(other) in done.notes[0] and why in done.notes[0]
    assert (done.num_frames, frames_of(done.path)) == (73, 73)
    assert done.copied_frames == 53
    film = planes(done.path)
    for index, should in enumerate(planes(clips[33])):
        np.testing.assert_array_equal(film[index], should)


def test_all_foreign_makes_a_film_of_16_fps_in_the_first_ones_size(tmp_path: Path) -> None:
    first = foreign(tmp_path / "a.mp4", wave(30, size=(98, 54)), rate=30, sound=True)
    second = foreign(tmp_path / "b.mp4", wave(25, 2.0, size=(54, 98)), rate=25)
    parts = [Part(path=first, transition="crossfade", transition_frames=4), Part(path=second)]
    done = stitch(parts, tmp_path / "film.mp4")
    assert (done.width, done.height) == (98, 54)
    assert done.num_frames == frames_of(done.path) == 16 + 16 - 4
    assert "lost its sound" in done.notes[0] and "sound" not in done.notes[1]


def test_keeps_its_pace(tmp_path: Path) -> None:
    """A film of 48 frames a second shows every third: brightness tells which."""
    levels = np.linspace(20, 230, 48).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (48, 48, 64, 3)).copy()
    path = foreign(tmp_path / "a.mp4", frames, rate=48, crf="1")
    film = planes(stitch([Part(path=path)], tmp_path / "film.mp4").path)
    assert len(film) == 16
    source = [picture[:48].mean() for picture in planes(path)]
    for index, picture in enumerate(film):
        shown = int(np.argmin(np.abs(np.array(source) - picture[:48].mean())))
        assert 3 * index <= shown <= 3 * index + 2


def test_old_clips_of_one_kind_are_still_copied_with_cuts(tmp_path: Path) -> None:
    """As after an update of the encoder, whose headers differ from ours."""
    paths = [foreign(tmp_path / f"{i}.mp4", wave(24, i), preset="ultrafast") for i in range(2)]
    for path in paths:  # On our clock, as our clips are.
        retimed(path)
    done = stitch([Part(path=path) for path in paths], tmp_path / "film.mp4")
    assert (done.mode, done.copied_frames, done.num_frames) == ("copied", 48, 48)
    shown = planes(done.path)
    np.testing.assert_array_equal(shown, [p for path in paths for p in planes(path)])


def retimed(path: Path) -> None:
    """Give a file the time base of ours, by the muxer alone."""
    beside = path.with_name("retimed.mp4")
    with av.open(str(path)) as source, av.open(str(beside), "w", format="mp4") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is None:
                continue
            packet.stream = stream
            output.mux(packet)
    beside.replace(path)
