"""Films: every frame in its place, bodies bit by bit, and what is left after a failure."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ourvidz.domain.film import Transition
from ourvidz.domain.progress import Progress
from ourvidz.pipeline.reading import read_metadata
from ourvidz.pipeline.source import inspect
from ourvidz.pipeline.stitch import stitch
from ourvidz.pipeline.transitions import Copy, Part, plan
from ourvidz.pipeline.x264 import packet_encoder, sample
from tests.pipeline.films import SIZE, clip, meant, packets, planes

LENGTHS = (1, 2, 5, 9, 16, 17, 20, 33, 80)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One clip of each length."""
    folder = tmp_path_factory.mktemp("clips")
    return {n: clip(folder / f"{n}.mp4", n, phase=n / 3) for n in LENGTHS}


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def copied_frames(parts: list[Part]) -> set[int]:
    """Frames of the film whose packets should be the clips' own."""
    sources = [inspect(part.path) for part in parts]
    frames, place = set[int](), 0
    for piece in plan(parts, sources):
        if isinstance(piece, Copy):
            frames |= set(range(place, place + piece.num_frames))
        place += piece.num_frames
    return frames


@st.composite
def films(draw: st.DrawFn) -> list[tuple[int, Transition, int]]:
    """(clip's length, transition out of it, its length), never more than the clips have."""
    lengths = draw(st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=5))
    film: list[tuple[int, Transition, int]] = []
    free = lengths[0]
    for length, following in itertools.pairwise([*lengths, 0]):
        kind = draw(st.sampled_from(("cut", "crossfade", "fade")))
        frames = draw(st.integers(1, max(1, min(free, following, 17))))
        if min(free, following) == 0:
            kind = "cut"
        film.append((length, kind, frames))
        free = following if kind == "cut" else following - frames
    return film


@settings(max_examples=40, deadline=None)
@given(film=films())
def test_any_film_is_what_it_is_defined_to_be(
    clips: dict[int, Path], film: list[tuple[int, Transition, int]]
) -> None:
    parts = [Part(path=clips[n], transition=t, transition_frames=x) for n, t, x in film]
    with tempfile.TemporaryDirectory() as folder:
        done = stitch(parts, Path(folder) / "film.mp4")
        shown, coded = planes(done.path), packets(done.path)
    expected = meant(parts)
    assert done.num_frames == len(shown) == len(expected)
    assert sorted(pts for pts, _, _ in coded) == [1024 * i for i in range(len(shown))]
    start = coded[0][1]
    assert start in (0, -1024)
    assert [dts for _, dts, _ in coded] == [start + 1024 * i for i in range(len(shown))]
    assert all(pts >= dts for pts, dts, _ in coded)
    copied = copied_frames(parts)
    assert done.copied_frames == len(copied)
    for index, (picture, should) in enumerate(zip(shown, expected, strict=True)):
        if index in copied:
            np.testing.assert_array_equal(picture, should)
        else:
            assert error(picture, should) < 3, index


def test_packets_of_bodies_are_the_clips_own(clips: dict[int, Path], tmp_path: Path) -> None:
    parts = [Part(path=clips[n], transition="crossfade") for n in (80, 33, 80)]
    film = packets(stitch(parts, tmp_path / "film.mp4").path)
    own = [packets(part.path) for part in parts]
    assert [p[2] for p in film[:72]] == [p[2] for p in own[0][:72]]
    assert [p[2] for p in film[80 : 80 + 17]] == [p[2] for p in own[1][8:25]]
    assert [p[2] for p in film[-72:]] == [p[2] for p in own[2][8:]]


def test_only_what_a_short_transition_touches_is_encoded_again(clips: dict[int, Path]) -> None:
    parts = [Part(path=clips[80], transition="fade", transition_frames=2), Part(path=clips[80])]
    # The frame before stays with its neighbours up to the next that needs none behind it.
    assert len(copied_frames(parts)) >= 160 - 2 - 3 - 7


def test_the_film_does_not_depend_on_how_threads_were_scheduled(
    clips: dict[int, Path], tmp_path: Path
) -> None:
    parts = [Part(path=clips[n], transition="crossfade") for n in (20, 33, 80, 20, 33)]
    once, again = (stitch(parts, tmp_path / name).path for name in ("1.mp4", "2.mp4"))
    assert once.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("size", [SIZE, (1280, 720)])
def test_what_is_encoded_has_the_header_of_what_is_copied(
    size: tuple[int, int], quick: bool
) -> None:
    codec = packet_encoder(size, quick=quick)
    codec.open()
    with av.open(sample(size), format="mp4") as ours:
        assert codec.extradata == ours.streams.video[0].codec_context.extradata


def test_one_clip_is_a_film(clips: dict[int, Path], tmp_path: Path) -> None:
    done = stitch([Part(path=clips[20], transition="fade")], tmp_path / "film.mp4")
    assert (done.num_frames, done.copied_frames, done.mode) == (20, 20, "copied")
    assert (done.width, done.height, done.fps, done.seconds) == (*SIZE, 16, 1.25)


def test_the_index_comes_first(clips: dict[int, Path], tmp_path: Path) -> None:
    film = stitch([Part(path=clips[20]), Part(path=clips[33])], tmp_path / "film.mp4").path
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_says_what_the_film_and_its_clips_are(clips: dict[int, Path], tmp_path: Path) -> None:
    parts = [Part(path=clips[20], transition="fade"), Part(path=clips[33], transition="fade")]
    done = stitch(parts, tmp_path / "film.mp4", metadata={"title": "Two waves", "seed": "7"})
    told = read_metadata(done.path)
    assert told == done.metadata
    assert (told["kind"], told["title"], told["seed"]) == ("film", "Two waves", "7")
    assert json.loads(told["clip"]) == {"model": "starter"}
    first, last = json.loads(told["clips"])
    assert (first["prompt"], first["frames"], first["transition"]) == (
        read_metadata(clips[20])["prompt"], 20, "fade",
    )  # fmt: skip
    assert (last["transition"], last["transition_frames"]) == ("cut", 0)
    with av.open(str(done.path)) as film:
        assert film.metadata["title"] == "Two waves"


def test_progress_counts_the_films_frames(clips: dict[int, Path], tmp_path: Path) -> None:
    told: list[Progress] = []
    parts = [Part(path=clips[80], transition="crossfade"), Part(path=clips[80])]
    stitch(parts, tmp_path / "film.mp4", on_progress=told.append)
    assert {one.stage for one in told} == {"stitch"}
    assert [one.step for one in told] == sorted(one.step for one in told)
    assert (told[-1].step, told[-1].total, told[-1].eta_s) == (152, 152, 0.0)
