"""Pictures from outside, made safe and uniform before a model sees them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.given import is_file

MAX_IMAGE_BYTES = 12 * 2**20
MAX_IMAGE_PIXELS = 40_000_000

#: Difference of aspect ratio up to which a picture is stretched; beyond it, it is cropped.
MAX_STRETCH = 0.03


def load_image(path: Path, *, size: tuple[int, int] | None = None) -> np.ndarray:
    """Read a JPEG, PNG or WEBP picture as (H, W, 3) uint8 RGB.

    The EXIF orientation is applied and transparency is laid on white. With `size` = (width,
    height) px the picture fills it: stretched by at most 3 %, else cropped around the centre.

    Raises InvalidRequest("image", ...) for a file that is missing, over 12 MB, over 40
    megapixels, animated, damaged or of another type (its bytes count, not its name).
    """
    image = _decoded(_bytes_of(path))
    if size is None:
        return np.array(image)
    width, height = size
    stretch = (image.width * height) / (image.height * width)
    if abs(stretch - 1) > MAX_STRETCH:
        return np.array(ImageOps.fit(image, size, Image.Resampling.LANCZOS))
    return resized(np.array(image), size)


def resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W, 3) uint8 to `size` = (width, height) px; both directions use Lanczos.

    Lanczos because up to 1280x720 and back to 224x128 then costs least (47 dB against 45 with
    an area filter), and an approved preview must survive that way.

    >>> resized(np.zeros((128, 224, 3), np.uint8), (1280, 720)).shape
    (720, 1280, 3)
    """
    if frame.shape[1::-1] == tuple(size):
        return frame
    return np.array(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def _bytes_of(path: Path) -> bytes:
    # is_file first: a FIFO or a device would block or never end.
    if not is_file(path):
        raise InvalidRequest("image", f"there is no file {path}; check the path")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(
            "image", f"{path} can not be read ({error.strerror}); check its permissions"
        ) from error
    if len(content) > MAX_IMAGE_BYTES:
        raise InvalidRequest("image", "is larger than 12 MB; save it smaller or as JPEG")
    return content


def _decoded(content: bytes) -> Image.Image:
    too_large = InvalidRequest("image", "has more than 40 megapixels; scale it down first")
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise too_large
            # A phone's JPEG may hold a second picture (depth, HDR gain): that is no animation.
            if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
                raise InvalidRequest("image", "is animated; save one frame of it as PNG or JPEG")
            return _as_rgb(ImageOps.exif_transpose(image))
    except InvalidRequest:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_large from error
    except Exception as error:  # Decoders raise many kinds on damaged or hostile files.
        raise InvalidRequest(
            "image", "is not a readable JPEG, PNG or WEBP picture; save it again as one of these"
        ) from error


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":  # Pillow would clip 16-bit grey to white instead of scaling it.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
