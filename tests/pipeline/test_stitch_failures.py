"""What can go wrong while a film is joined, and what is left then: nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.progress import Progress
from ourvidz.pipeline.stitch import stitch
from ourvidz.pipeline.transitions import Part
from tests.files import disk_full_after
from tests.pipeline.films import clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One clip of each length."""
    folder = tmp_path_factory.mktemp("clips")
    return {n: clip(folder / f"{n}.mp4", n, phase=n / 3) for n in (9, 33, 80)}


@pytest.fixture
def parts(clips: dict[int, Path]) -> list[Part]:
    return [Part(path=clips[n], transition="crossfade") for n in (80, 33, 80)]


def spoilt(path: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> Path:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(spoil(path.read_bytes()))
    return broken


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda content: content[:-300], "cut off"),
        (lambda content: content[: len(content) // 2], "cut off"),
        (lambda content: b"", "give an MP4"),
        (lambda content: content[:400], "give an MP4"),
        (lambda content: content[:-2000] + bytes(2000), "damaged"),
    ],
)
def test_a_damaged_clip_is_named_before_anything_is_written(
    parts: list[Part],
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
    says: str,
) -> None:
    broken = spoilt(parts[1].path, tmp_path, spoil)
    out = tmp_path / "out" / "film.mp4"
    out.parent.mkdir()
    with pytest.raises(InvalidRequest, match=says) as refused:
        stitch([parts[0], Part(path=broken), parts[2]], out)
    assert str(broken) in str(refused.value)
    assert list(out.parent.iterdir()) == []


def test_damage_that_shows_in_a_transition_names_the_clip(
    parts: list[Part], tmp_path: Path
) -> None:
    path = parts[2].path
    with av.open(str(path)) as video:
        first = next(iter(video.demux(video=0)))
        place, size = first.pos or 0, first.size
    content = bytearray(path.read_bytes())
    content[place + size // 2 : place + size] = bytes(size - size // 2)
    broken = spoilt(path, tmp_path, lambda _: bytes(content))
    with pytest.raises(InvalidRequest, match="damaged") as refused:
        stitch([*parts[:2], Part(path=broken)], tmp_path / "film.mp4")
    assert str(broken) in str(refused.value)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_missing_clip_is_named(parts: list[Part], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"nowhere\.mp4"):
        stitch([*parts, Part(path=tmp_path / "nowhere.mp4")], tmp_path / "film.mp4")


def test_a_clip_shorter_than_its_transitions_is_named(
    clips: dict[int, Path], tmp_path: Path
) -> None:
    parts = [Part(path=clips[n], transition="crossfade") for n in (80, 9, 80)]
    with pytest.raises(InvalidRequest, match=r"9 frames and .* take 16") as refused:
        stitch(parts, tmp_path / "film.mp4")
    assert str(clips[9]) in str(refused.value)


def test_what_makes_no_film_is_refused(parts: list[Part], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="at least one clip"):
        stitch([], tmp_path / "film.mp4")
    with pytest.raises(InvalidRequest, match="one of the inputs"):
        stitch(parts, parts[1].path)
    zero = Part(path=parts[0].path, transition="fade", transition_frames=0)
    with pytest.raises(InvalidRequest, match=rf"{zero.path.name} must be at least 1"):
        stitch([zero, *parts], tmp_path / "film.mp4")


@pytest.mark.parametrize("when", [0, 1, 100, 128])
def test_cancelling_leaves_nothing_and_keeps_an_earlier_film(
    parts: list[Part], tmp_path: Path, when: int
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"earlier")

    def cancel(progress: Progress) -> None:
        if progress.step >= when:
            raise Cancelled

    before = threading.active_count()
    with pytest.raises(Cancelled):
        stitch(parts, film, on_progress=cancel, silent_audio=True)
    assert [film] == list(tmp_path.iterdir())
    assert film.read_bytes() == b"earlier"
    assert threading.active_count() == before


@pytest.mark.parametrize("missing_bytes", [1, 5_000, None])
def test_a_full_disk_is_said_and_leaves_no_film(
    parts: list[Part], tmp_path: Path, missing_bytes: int | None
) -> None:
    out = tmp_path / "film.mp4"
    limit = stitch(parts, out).path.stat().st_size - missing_bytes if missing_bytes else 100
    out.unlink(missing_ok=True)
    with disk_full_after(limit), pytest.raises(Unavailable, match="Free some space"):
        stitch(parts, out)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said(parts: list[Part], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file or directory"):
        stitch(parts, tmp_path / "nowhere" / "film.mp4")
