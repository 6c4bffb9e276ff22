"""Files that did not come from us, or came damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline import reading
from ourvidz.pipeline.export import write_clip
from ourvidz.pipeline.reading import read_frames, read_metadata

Reader = Callable[[Path], object]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 256, (10, 64, 64, 3), dtype=np.uint8)
    write_clip([frames], path, num_frames=10, size=(64, 64), metadata={"prompt": "noise"})
    return path


def sound_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=16_000)
        stream.layout = "mono"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 16_000
        output.mux([*stream.encode(silence), *stream.encode(None)])


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:5,\nclip.mp4\n#EXT-X-ENDLIST\n")


def picture(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, "PNG")


def words(path: Path) -> None:
    path.write_text("this is no video")


@pytest.mark.parametrize("read", [read_frames, read_metadata])
@pytest.mark.parametrize("make", [words, picture, sound_only, playlist, Path.touch, Path.mkdir])
def test_what_is_no_video_is_refused_with_advice(
    tmp_path: Path, read: Reader, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(InvalidRequest, match="give an MP4") as refused:
        read(path)
    assert refused.value.field == "video"


@pytest.mark.parametrize("read", [read_frames, read_metadata])
def test_a_missing_file_is_said(tmp_path: Path, read: Reader) -> None:
    with pytest.raises(InvalidRequest, match="No such file"):
        read(tmp_path / "nothing.mp4")


@pytest.mark.parametrize("lost_bytes", [1, 20_000])
def test_a_clip_that_was_cut_off_is_refused(clip: Path, lost_bytes: int) -> None:
    clip.write_bytes(clip.read_bytes()[:-lost_bytes])
    with pytest.raises(InvalidRequest, match=r"cut off|not a readable video"):
        read_frames(clip)


def test_only_the_last_frames_are_kept(clip: Path) -> None:
    np.testing.assert_array_equal(read_frames(clip, last=3), read_frames(clip)[-3:])


def test_a_video_too_long_for_memory_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_READ_BYTES", 9 * 64 * 64 * 3)
    with pytest.raises(InvalidRequest, match="too long"):
        read_frames(clip)
    assert len(read_frames(clip, last=9)) == 9


@pytest.mark.parametrize("comment", ["", "made with love", "[1]", "[" * 100_000])
def test_a_foreign_comment_is_not_taken_for_metadata(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "foreign.mp4"
    with av.open(str(path), "w", format="mp4") as output:
        output.metadata["comment"] = comment
        stream = output.add_stream("libx264", rate=16)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    assert read_metadata(path) == {}
