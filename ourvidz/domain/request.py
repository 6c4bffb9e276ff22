"""What a user asks for: one frozen value from the page, the CLI or a notebook to the GPU."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.library import check_text

Profile = Literal["fast", "balanced", "quality"]

FPS = 16
MAX_PROMPT_CHARS = 2_000
MAX_FRAMES = 161
#: Reference pictures of one clip: each one costs a model as much as four more frames.
MAX_REFERENCES = 4

#: (field, lowest, highest, advice); None is always allowed.
_RANGES = (
    ("num_frames", 1, MAX_FRAMES, f"must be 1 to {MAX_FRAMES}; 80 is five seconds at {FPS} fps"),
    ("seed", 0, 2**63 - 1, "must be a whole number from 0 to 2**63 - 1"),
    ("num_inference_steps", 1, 200, "must be 1 to 200"),
    ("guidance_scale", 1.0, 30.0, "must be 1 to 30; 1 switches guidance off"),
    ("flow_shift", 0.1, 20.0, "must be 0.1 to 20"),
)


@dataclass(frozen=True, kw_only=True)
class VideoRequest:
    """A clip (or, with num_frames=1, a still) to make. Names are diffusers' names.

    prompt: the user's own words. enhanced_prompt: what the model is given instead, if any.
    model: key of `domain.catalog.FAMILIES`. profile: how much time quality may cost.
    width, height: size in px that the model samples at; None means the family's default.
    num_frames: frames delivered; the model samples `sampled_frames` of them. fps is always 16.
    seed: 0 to 2**63 - 1; None lets the caller's random source choose (the result says which).
    num_inference_steps, guidance_scale, flow_shift: None means the family's default.
    image, last_image: files that the first and last frame must show. reference_images: files that
    show who or what is in it, for models that can do "reference".
    output_size: (width, height) px of the delivered file; None means the family's delivery size.
    """

    prompt: str
    enhanced_prompt: str | None = None
    negative_prompt: str = ""
    model: str = "starter"
    profile: Profile = "balanced"
    width: int | None = None
    height: int | None = None
    num_frames: int = 80
    seed: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    flow_shift: float | None = None
    image: Path | None = None
    last_image: Path | None = None
    reference_images: tuple[Path, ...] = ()
    output_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Refuse what no model could make.

        >>> VideoRequest(prompt="  ")
        Traceback (most recent call last):
        ourvidz.domain.errors.InvalidRequest: prompt: is empty; describe what should be seen
        """
        self._check_texts()
        for field, low, high, advice in _RANGES:
            value = getattr(self, field)
            if value is not None and not low <= value <= high:
                raise InvalidRequest(field, advice)
        if self.last_image is not None and self.image is None:
            raise InvalidRequest("last_image", "needs a first image as well; give image too")
        if len(self.reference_images) > MAX_REFERENCES:
            raise InvalidRequest("reference_images", f"are at most {MAX_REFERENCES}; give fewer")
        if self.profile not in get_args(Profile):
            raise InvalidRequest("profile", "must be fast, balanced or quality")

    def _check_texts(self) -> None:
        if not self.prompt.strip():
            raise InvalidRequest("prompt", "is empty; describe what should be seen")
        for field in ("prompt", "enhanced_prompt", "negative_prompt"):
            check_text(field, getattr(self, field) or "", MAX_PROMPT_CHARS)

    @property
    def sampled_frames(self) -> int:
        """Frames the model makes: num_frames rounded up to 4 k + 1, the VAE's rhythm.

        >>> [VideoRequest(prompt="a cat", num_frames=n).sampled_frames for n in (1, 80, 81, 82)]
        [1, 81, 81, 85]
        """
        return -(-(self.num_frames - 1) // 4) * 4 + 1

    @property
    def seconds(self) -> float:
        """Length of the delivered clip in seconds.

        >>> VideoRequest(prompt="a cat").seconds
        5.0
        """
        return self.num_frames / FPS

    @property
    def model_prompt(self) -> str:
        """The text the model is given: the enhanced prompt when there is one."""
        return self.enhanced_prompt or self.prompt

    def replace(self, **changes: object) -> VideoRequest:
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]
