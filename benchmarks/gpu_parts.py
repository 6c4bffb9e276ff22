"""What is asked of a card, the most valuable first; each part answers what none before it has."""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_S = 45.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process: Python with these words. limit_s: after which it is stopped. is_vital: without
    it nothing after it can run.
    """

    name: str
    words: tuple[str, ...]
    limit_s: float
    needs_card: bool = True
    is_vital: bool = False

    @property
    def least_s(self) -> float:
        """With less than this it is not begun: it could not even load."""
        return min(self.limit_s, max(_LEAST_S, 0.4 * self.limit_s))


def _rows(*scenarios: str, options: tuple[str, ...] = ("--alone",), limit_s: float) -> Part:
    """Scenarios of the throughput benchmark by the same weights, in this order."""
    words = ("-m", "benchmarks.throughput", "--tell", "--steps", "3", *options)
    for one in scenarios:
        words += ("--only", one)
    words += ("--random-weights", "--vram-limit-gb", "24")
    shown = [one for one in options if one != "--alone"]
    return Part(name=" ".join((*scenarios, *shown)), words=words, limit_s=limit_s)


def _passes(scenario: str, precision: str, limit_s: float) -> Part:
    """Seconds and peak of a pass in another format; the decoder is the same in all of them."""
    options = ("--format", precision, "--passes", "--alone")
    return _rows(scenario, options=options, limit_s=limit_s)


_LARGE = "wan2.1-14b text_to_video"
_SD, _HD = f"{_LARGE} 832x480x81 fast", f"{_LARGE} 1280x720x81 fast"
_STILL = "wan2.1-14b image 1280x720x1 fast"
_FRAME = "wan2.1-14b first_frame 1280x720x81 fast"
_VACE = "wan2.1-vace-14b first_frame 1280x720x81 fast"
_SMALL = "wan2.1-1.3b text_to_video 832x480x81 balanced"
_TAUGHT = ("--teach", "--alone")

#: The files of the tests that are marked `gpu`: looking through all takes longer than they do.
CARD_TESTS = (
    "tests/pipeline/test_hardware.py", "tests/pipeline/test_manager.py",
    "tests/pipeline/test_placing.py", "tests/pipeline/test_hasten.py", "tests/cli/test_gpu.py",
)  # fmt: skip

PARTS = (
    Part(
        name="imports",
        words=("-c", "import benchmarks.throughput"),
        limit_s=90,
        needs_card=False,
        is_vital=True,
    ),
    # With the passes of all, and the still: its own weights are there already.
    _rows(_HD, _STILL, options=_TAUGHT, limit_s=270),
    _rows(_FRAME, options=_TAUGHT, limit_s=220),
    _rows(_VACE, options=_TAUGHT, limit_s=260),
    _passes(_HD, "bf16", 200),
    _passes(_HD, "nf4", 200),
    _passes(_VACE, "bf16", 240),
    _passes(_FRAME, "bf16", 220),
    _passes(_VACE, "nf4", 240),
    _passes(_FRAME, "nf4", 220),
    _rows(_SD, options=("--teach", "--levers", "--alone"), limit_s=300),
    _rows(_SMALL, options=_TAUGHT, limit_s=150),
    _rows("wan2.2-ti2v-5b text_to_video 1280x704x81 balanced", options=_TAUGHT, limit_s=220),
    Part(
        name="doctor", words=("-m", "ourvidz.cli", "doctor", "--gpu"), limit_s=60, needs_card=False
    ),
    Part(
        name="tests for cards",
        words=("-m", "pytest", "-q", "-W", "ignore", "-m", "gpu", *CARD_TESTS),
        limit_s=150,
    ),
    _rows(_SD, options=(), limit_s=220),
    _passes(_SD, "bf16", 150),
    _passes(_SD, "nf4", 150),
    Part(
        name="starter image 224x128x1 fast",
        words=("-m", "benchmarks.throughput", "--only", "starter image 224x128x1 fast"),
        limit_s=90,
        needs_card=False,
    ),
    _rows(f"{_LARGE} 1280x720x81 quality", limit_s=300),
)
