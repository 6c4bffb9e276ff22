"""The one way clips and films are written: H.264 that can be cut and joined by copying packets."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange

from ourvidz.domain.request import FPS

#: Films cross-fade over this many frames, so a clip can be cut there: keyframes at 8 and n - 8.
CUT_FRAMES = 8
TICKS_PER_FRAME = 1024
TIME_BASE = Fraction(1, FPS * TICKS_PER_FRAME)

#: Frames by which the coded order runs ahead of the shown one: B-frames, none of them referenced.
DELAY = 1

# Stitchable headers, closed GOPs and a fixed thread count: bytes depend on the frames alone, and
# clips of one size can be joined by copying packets.
_X264_PARAMS = (
    "stitchable=1:scenecut=0:open-gop=0:keyint=250:min-keyint=1:"
    "bframes=2:b-pyramid=0:ref=2:threads=2"
)
# For half a second between two clips: searches less, like preset veryfast, in half the time and
# at 45.7 dB instead of 46.3. The offset keeps the header that the slower search would choose.
_QUICK = ":subme=2:trellis=0:mixed-refs=0:weightp=1:rc-lookahead=10:chroma-qp-offset=-2"
_BT709 = 1  # The same code for matrix, primaries and transfer in H.264.


def x264_options() -> dict[str, str]:
    """What libx264 is told: medium, CRF 18, high profile, headers that never change."""
    # x264's AVX-512 code uses memory it never wrote when the width is no multiple of 128 px (its
    # mb-tree): the same frames became other bytes each time.
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    found = {*simd.get("baseline", ()), *simd.get("found", ())}
    has_avx512 = not found.isdisjoint(("X86_V4", "AVX512_SKX"))
    params = _X264_PARAMS + (":asm=AVX2" if has_avx512 else "")
    return {
        "preset": "medium",
        "crf": "18",
        "profile": "high",
        "forced-idr": "1",
        "x264-params": params,
    }


def configure(codec: VideoCodecContext, size: tuple[int, int]) -> None:
    """Set what the options do not: size (width, height) px, 4:2:0, clock, colours, headers once."""
    codec.width, codec.height = size
    codec.pix_fmt = "yuv420p"
    codec.time_base = TIME_BASE
    codec.flags |= Flags.global_header
    codec.color_range = ColorRange.MPEG
    codec.colorspace = codec.color_primaries = codec.color_trc = _BT709


def packet_encoder(size: tuple[int, int], *, quick: bool = False) -> VideoCodecContext:
    """An encoder without a file, whose packets may stand between copied ones in an MP4.

    quick: half the time and a little less quality, under the same header.
    """
    codec = VideoCodecContext.create("libx264", "w")
    options = x264_options()
    # Lengths before the units instead of start codes, as an MP4 holds them.
    options["x264-params"] += ":annexb=0" + (_QUICK if quick else "")
    codec.options = options
    codec.framerate = Fraction(FPS)
    configure(codec, size)
    return codec


def sample(size: tuple[int, int]) -> io.BytesIO:
    """An MP4 of one black frame of `size` px, for the header that our encoder writes."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=FPS, options=x264_options())
        stream.time_base = TIME_BASE
        configure(stream.codec_context, size)
        frame = av.VideoFrame.from_ndarray(black(size), format="yuv420p")
        frame.pts, frame.time_base = 0, TIME_BASE
        output.mux([*stream.encode(frame), *stream.encode(None)])
    content.seek(0)
    return content


def black(size: tuple[int, int]) -> np.ndarray:
    """A black picture: (H * 3 / 2, W) uint8, planes Y, U, V of limited range, one below another."""
    width, height = size
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = 16
    return picture
