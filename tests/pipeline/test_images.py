"""Pictures from outside: what is taken, how it arrives, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.metrics import psnr_db
from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.export import write_still
from ourvidz.pipeline.images import MAX_IMAGE_BYTES, load_image


def smooth(width: int = 224, height: int = 128) -> np.ndarray:
    y, x = np.ogrid[:height, :width]
    waves = [np.sin(x / 12) + 0 * y, np.cos(y / 9) + 0 * x, np.sin((x + y) / 15)]
    return (127.5 + 120 * np.stack(waves, axis=-1)).astype(np.uint8)


def declared(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


class TestTaken:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_by_its_bytes_whatever_its_name(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "picture.gif"
        Image.fromarray(smooth()).save(path, kind, quality=95)
        loaded = load_image(path)
        assert (loaded.shape, loaded.dtype) == ((128, 224, 3), np.uint8)
        assert psnr_db(loaded, smooth()) > 35
        assert loaded.flags.writeable and loaded.flags.c_contiguous

    def test_upright_as_the_camera_held_it(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turn 90 degrees clockwise
        path = tmp_path / "phone.png"
        Image.fromarray(smooth()).save(path, exif=exif)
        np.testing.assert_array_equal(load_image(path), np.rot90(smooth(), -1))

    def test_with_its_transparency_on_white(self, tmp_path: Path) -> None:
        alpha = np.zeros((128, 224, 1), np.uint8)
        alpha[:64] = 255
        path = tmp_path / "sticker.png"
        Image.fromarray(np.concatenate([smooth(), alpha], axis=2)).save(path)
        loaded = load_image(path)
        np.testing.assert_array_equal(loaded[:64], smooth()[:64])
        assert (loaded[64:] == 255).all()

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
    def test_in_any_colour_mode(self, tmp_path: Path, mode: str) -> None:
        grey = Image.new("L", (32, 32), 0)
        grey.paste(255, (0, 0, 16, 32))
        path = tmp_path / "picture.png"
        if mode == "I;16":
            Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(path)
        else:
            grey.convert(mode).save(path)
        np.testing.assert_array_equal(load_image(path), np.asarray(grey.convert("RGB")))

    def test_from_print_colours(self, tmp_path: Path) -> None:
        path = tmp_path / "print.jpg"
        Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(path)
        assert np.abs(load_image(path).astype(int) - (255, 0, 0)).max() <= 3

    def test_when_a_phone_hid_a_second_picture_in_the_jpeg(self, tmp_path: Path) -> None:
        path = tmp_path / "phone.jpg"
        red, gain = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "grey")
        red.save(path, "MPO", save_all=True, append_images=[gain])
        assert np.abs(load_image(path).astype(int) - (255, 0, 0)).max() <= 3


class TestSized:
    def test_an_approved_preview_comes_back_nearly_unchanged(self, tmp_path: Path) -> None:
        path = tmp_path / "preview.png"
        write_still(smooth(), path, size=(1280, 720), metadata={"prompt": "waves"})
        assert load_image(path).shape == (720, 1280, 3)
        assert psnr_db(load_image(path, size=(224, 128)), smooth()) > 45

    def test_its_own_size_changes_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "preview.png"
        write_still(smooth(), path, size=(224, 128), metadata={})
        np.testing.assert_array_equal(load_image(path, size=(224, 128)), smooth())

    def test_other_proportions_are_cropped_around_the_centre(self, tmp_path: Path) -> None:
        portrait = np.zeros((400, 100, 3), np.uint8)
        portrait[180:220] = 255
        path = tmp_path / "portrait.png"
        Image.fromarray(portrait).save(path)
        loaded = load_image(path, size=(224, 128))
        # 100 px become 224 px wide, so 40 px become 90 px high: nothing is squeezed.
        bright = np.flatnonzero(loaded[:, 112, 0] > 127)
        assert abs(len(bright) - 90) <= 1
        assert abs(bright.mean() - 63.5) <= 1


class TestRefused:
    def refusal(self, path: Path) -> str:
        with pytest.raises(InvalidRequest) as refused:
            load_image(path)
        assert refused.value.field == "image"
        return refused.value.reason

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        assert "check the path" in self.refusal(tmp_path / "nothing.png")
        assert "check the path" in self.refusal(tmp_path)

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
    def test_another_type_under_a_good_name(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "picture.png"
        Image.fromarray(smooth()).save(path, kind)
        assert "save it again as one of these" in self.refusal(path)

    @pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
    def test_bytes_that_are_no_picture(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "picture.png"
        path.write_bytes(content)
        assert "save it again as one of these" in self.refusal(path)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_a_picture_that_was_cut_off(self, tmp_path: Path, kind: str) -> None:
        whole = io.BytesIO()
        Image.fromarray(smooth()).save(whole, kind)
        path = tmp_path / "picture"
        path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
        assert "save it again as one of these" in self.refusal(path)

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_an_animation(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "picture.png"
        other = Image.fromarray(255 - smooth())
        Image.fromarray(smooth()).save(path, kind, save_all=True, append_images=[other])
        assert "save one frame of it" in self.refusal(path)

    @pytest.mark.parametrize("size", [(8000, 5001), (10_000, 10_000), (60_000, 60_000)])
    def test_a_bomb_by_its_header_alone(self, tmp_path: Path, size: tuple[int, int]) -> None:
        path = tmp_path / "bomb.png"
        path.write_bytes(declared(*size))
        assert "40 megapixels; scale it down" in self.refusal(path)

    def test_a_file_over_12_mb(self, tmp_path: Path) -> None:
        path = tmp_path / "large.png"
        Image.fromarray(smooth()).save(path)
        with path.open("r+b") as file:
            file.truncate(MAX_IMAGE_BYTES + 1)
        assert "larger than 12 MB" in self.refusal(path)
