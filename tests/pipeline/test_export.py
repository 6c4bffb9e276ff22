"""Clips, stills and thumbnails: what is delivered, and what is left after a failure."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.pipeline.export import (
    read_frames,
    read_metadata,
    write_clip,
    write_still,
    write_thumbnail,
)
from tests.files import disk_full_after

NATIVE = (224, 128)


def moving(num_frames: int, phase: float = 0.0) -> np.ndarray:
    """A smooth coloured wave that travels: every frame differs from every other."""
    t, y, x = np.ogrid[:num_frames, :128, :224]
    waves = [
        np.sin(x / 30 + t / 5 + phase) + 0 * y,
        np.sin(y / 25 - t / 7 + phase) + 0 * x,
        np.sin((x + y) / 50 + t / 9 + phase),
    ]
    return (127.5 + 110 * np.stack(waves, axis=-1)).astype(np.uint8)


def write(path: Path, frames: np.ndarray, num_frames: int | None = None) -> Path:
    num_frames = num_frames or len(frames)
    write_clip([frames], path, num_frames=num_frames, size=NATIVE, metadata={"prompt": "a wave"})
    return path


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


class TestClip:
    def test_holds_the_frames_in_order_at_16_fps(self, tmp_path: Path) -> None:
        frames = moving(20)
        path = write(tmp_path / "clip.mp4", frames)
        decoded = read_frames(path)
        assert decoded.shape == frames.shape
        for index, frame in enumerate(decoded):
            assert np.argmin([difference(frame, source) for source in frames]) == index
        with av.open(str(path)) as clip:
            stream = clip.streams.video[0]
            assert (stream.average_rate, stream.time_base) == (16, Fraction(1, 16 * 1024))
            times = sorted(p.pts for p in clip.demux(stream) if p.pts is not None)
        assert times == [1024 * index for index in range(20)]

    @pytest.mark.parametrize("chunk", [1, 4, 20])
    def test_does_not_depend_on_how_the_frames_were_chunked(
        self, tmp_path: Path, chunk: int
    ) -> None:
        frames = moving(20)
        whole = write(tmp_path / "whole.mp4", frames)
        path = tmp_path / "chunked.mp4"
        write_clip(
            (frames[i : i + chunk] for i in range(0, 20, chunk)),
            path,
            num_frames=20,
            size=NATIVE,
            metadata={"prompt": "a wave"},
        )
        assert path.read_bytes() == whole.read_bytes()

    def test_encodes_each_chunk_before_it_asks_for_the_next(self, tmp_path: Path) -> None:
        events: list[str | int] = []

        def decoder() -> Iterator[np.ndarray]:
            for index in range(3):
                events.append(f"chunk {index}")
                yield moving(2)
            events.append("end")

        write_clip(
            decoder(),
            tmp_path / "clip.mp4",
            num_frames=5,
            size=NATIVE,
            metadata={},
            on_frames=events.append,
        )
        assert events == ["chunk 0", 1, 2, "chunk 1", 3, 4, "chunk 2", 5, "end"]

    def test_drops_the_surplus_of_the_last_chunk(self, tmp_path: Path) -> None:
        frames = moving(21)
        path = write(tmp_path / "clip.mp4", frames, num_frames=20)
        assert path.read_bytes() == write(tmp_path / "exact.mp4", frames[:20]).read_bytes()

    @pytest.mark.parametrize("colour", [(200, 30, 30), (30, 180, 60)])
    @pytest.mark.parametrize("size", [NATIVE, (1280, 720)])
    def test_shows_true_colours_in_every_player(
        self, tmp_path: Path, colour: tuple[int, int, int], size: tuple[int, int]
    ) -> None:
        path = tmp_path / "clip.mp4"
        frames = np.full((3, 128, 224, 3), colour, np.uint8)
        write_clip([frames], path, num_frames=3, size=size, metadata={})
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path),
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
        ]  # fmt: skip
        played = np.frombuffer(subprocess.check_output(command), np.uint8)
        played = played.reshape(3, size[1], size[0], 3)
        assert np.abs(played.astype(int) - colour).max() <= 3
        assert np.abs(read_frames(path).astype(int) - colour).max() <= 3

    def test_is_tagged_high_profile_bt709_with_its_index_first(self, tmp_path: Path) -> None:
        path = write(tmp_path / "clip.mp4", moving(3))
        with av.open(str(path)) as clip:
            codec = clip.streams.video[0].codec_context
            assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
            assert {codec.colorspace, codec.color_primaries, codec.color_trc} == {1}
            assert codec.color_range == 1
        content = path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")

    @pytest.mark.parametrize(
        ("num_frames", "keys"), [(80, [0, 8, 72]), (20, [0, 8, 12]), (9, [0, 1, 8]), (5, [0])]
    )
    def test_has_keyframes_only_where_films_cut(
        self, tmp_path: Path, num_frames: int, keys: list[int]
    ) -> None:
        path = write(tmp_path / "clip.mp4", moving(num_frames))
        with av.open(str(path)) as clip:
            stamps = [p.pts for p in clip.demux(video=0) if p.pts is not None and p.is_keyframe]
        assert sorted(stamps) == [1024 * key for key in keys]

    def test_can_be_cut_and_joined_without_re_encoding(self, tmp_path: Path) -> None:
        first = write(tmp_path / "first.mp4", moving(24))
        second = write(tmp_path / "second.mp4", 255 - moving(40, phase=1.0))
        joined = tmp_path / "joined.mp4"
        with (
            av.open(str(first)) as a,
            av.open(str(second)) as b,
            av.open(str(joined), "w") as film,
        ):
            source_a, source_b = a.streams.video[0], b.streams.video[0]
            assert source_a.codec_context.extradata == source_b.codec_context.extradata
            stream = film.add_stream_from_template(source_a)
            body = [p for p in a.demux(source_a) if p.pts is not None and p.pts < 16 * 1024]
            rest = [p for p in b.demux(source_b) if p.pts is not None and p.pts >= 8 * 1024]
            for index, packet in enumerate(body + rest):
                packet.stream = stream
                packet.pts = (packet.pts or 0) + (8 * 1024 if packet in rest else 0)
                packet.dts = (index - 1) * 1024
                film.mux(packet)
        expected = np.concatenate([read_frames(first)[:16], read_frames(second)[8:]])
        np.testing.assert_array_equal(read_frames(joined), expected)


class TestMetadata:
    @pytest.mark.parametrize(
        "prompt",
        [
            "a red sailboat at sunset",
            "猫が海辺を歩く 🐈 à l'été",
            'quotes " and \\ and\nlines\tand {"json": 1}',
            "half a pair \ud83d of surrogates",
            "long " * 1_000,
            "",
        ],
    )
    def test_survives_in_clip_and_still(self, tmp_path: Path, prompt: str) -> None:
        metadata = {"prompt": prompt, "enhanced_prompt": prompt + ".", "seed": str(2**63 - 1)}
        clip, still = tmp_path / "clip.mp4", tmp_path / "still.png"
        write_clip([moving(1)], clip, num_frames=1, size=NATIVE, metadata=metadata)
        write_still(moving(1)[0], still, size=NATIVE, metadata=metadata)
        assert read_metadata(clip) == metadata
        assert read_metadata(still) == metadata

    def test_is_readable_by_other_programs(self, tmp_path: Path) -> None:
        clip, still = tmp_path / "clip.mp4", tmp_path / "still.png"
        metadata = {"prompt": "une barque à voile"}
        write_clip([moving(1)], clip, num_frames=1, size=NATIVE, metadata=metadata)
        write_still(moving(1)[0], still, size=NATIVE, metadata=metadata)
        with av.open(str(clip)) as source, Image.open(still) as image:
            assert source.metadata["title"] == image.info["Title"] == "une barque à voile"
            assert json.loads(source.metadata["comment"]) == metadata
            assert json.loads(image.info["Comment"]) == metadata
        assert b"iTXt" in still.read_bytes()


class TestFailure:
    def leaves_nothing(self, folder: Path) -> bool:
        return list(folder.iterdir()) == []

    def test_too_few_frames_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest, match="only 7 frames came; ask for 7"):
            write(tmp_path / "clip.mp4", moving(7), num_frames=8)
        assert self.leaves_nothing(tmp_path)

    @pytest.mark.parametrize("error", [OSError("camera unplugged"), Cancelled()])
    def test_an_error_of_the_decoder_comes_through(self, tmp_path: Path, error: Exception) -> None:
        def decoder() -> Iterator[np.ndarray]:
            yield moving(4)
            raise error

        with pytest.raises(type(error)) as caught:
            write_clip(decoder(), tmp_path / "clip.mp4", num_frames=8, size=NATIVE, metadata={})
        assert caught.value is error
        assert self.leaves_nothing(tmp_path)

    def test_cancelling_half_way_keeps_an_earlier_file(self, tmp_path: Path) -> None:
        path = write(tmp_path / "clip.mp4", moving(3))
        before = path.read_bytes()

        def cancel(done: int) -> None:
            if done == 5:
                raise Cancelled

        with pytest.raises(Cancelled):
            write_clip([moving(8)], path, num_frames=8, size=NATIVE, metadata={}, on_frames=cancel)
        assert [path] == list(tmp_path.iterdir())
        assert path.read_bytes() == before

    @pytest.mark.parametrize("missing_bytes", [1, 2_000, None])
    def test_a_full_disk_is_said_and_leaves_no_clip(
        self, tmp_path: Path, missing_bytes: int | None
    ) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (16, 128, 224, 3), dtype=np.uint8)
        path = write(tmp_path / "clip.mp4", noise)
        limit = path.stat().st_size - missing_bytes if missing_bytes else 100
        path.unlink()
        with disk_full_after(limit), pytest.raises(Unavailable, match="Free some space"):
            write(path, noise)
        assert self.leaves_nothing(tmp_path)

    def test_a_full_disk_leaves_no_still_and_no_thumbnail(self, tmp_path: Path) -> None:
        frame = moving(1)[0]
        with disk_full_after(1_000):
            with pytest.raises(Unavailable, match="Free some space"):
                write_still(frame, tmp_path / "still.png", size=NATIVE, metadata={})
            with pytest.raises(Unavailable, match="Free some space"):
                write_thumbnail(frame, tmp_path / "thumbnail.jpg")
        assert self.leaves_nothing(tmp_path)

    def test_a_missing_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="No such file or directory"):
            write(tmp_path / "nowhere" / "clip.mp4", moving(2))

    @pytest.mark.parametrize("size", [(225, 128), (1280, 0), (99_998, 720)])
    def test_a_size_no_player_takes_is_refused(self, tmp_path: Path, size: tuple[int, int]) -> None:
        with pytest.raises(InvalidRequest, match="use 1280x720"):
            write_clip([moving(2)], tmp_path / "a.mp4", num_frames=2, size=size, metadata={})
        assert self.leaves_nothing(tmp_path)

    @pytest.mark.parametrize("frames", [moving(2)[0], moving(2) / 255.0, moving(2)[..., :1]])
    def test_frames_of_another_kind_are_refused(self, tmp_path: Path, frames: np.ndarray) -> None:
        with pytest.raises(InvalidRequest, match=r"must be \(t, H, W, 3\) uint8"):
            write(tmp_path / "clip.mp4", frames, num_frames=2)
        assert self.leaves_nothing(tmp_path)


class TestThumbnail:
    @pytest.mark.parametrize(("size", "height"), [((1280, 720), 360), (None, 366)])
    def test_is_a_jpeg_640_px_wide_in_the_clips_proportions(
        self, tmp_path: Path, size: tuple[int, int] | None, height: int
    ) -> None:
        path = tmp_path / "thumbnail.jpg"
        write_thumbnail(moving(1)[0], path, size=size)
        with Image.open(path) as image:
            assert (image.format, image.size) == ("JPEG", (640, height))
            small = np.asarray(image.resize(NATIVE))
        assert difference(small, moving(1)[0]) < 3
