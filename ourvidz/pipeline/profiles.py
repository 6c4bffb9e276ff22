"""What a request means for its model: every value that was left open gets one."""

from __future__ import annotations

import secrets

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Ability, Family
from ourvidz.domain.request import FPS, VideoRequest

#: Seeds are drawn from 0 to here: short enough to be typed again.
MAX_DRAWN_SEED = 2**31
#: Pixels of a frame, in trained frames: above it a model draws nothing but repetitions.
MAX_TIMES_TRAINED = 16


def resolve(request: VideoRequest) -> VideoRequest:
    """The same request with no None left but the images and the enhanced prompt.

    Raises InvalidRequest for an unknown model, a size off the model's grid and more frames than
    it was trained for.

    >>> r = resolve(VideoRequest(prompt="a cat", seed=7))
    >>> r.width, r.height, r.output_size, r.seed
    (224, 128, (1280, 720), 7)
    """
    model = family(request.model)
    ability = ability_of(request)
    if request.reference_images and not (
        "reference" in model.abilities and "reference" in model.checkpoint(ability).abilities
    ):
        raise InvalidRequest(
            "reference_images",
            f"are not understood by {model.name}; use wan2.1-vace-14b or wan2.1-vace-1.3b",
        )
    width, height = _size(request, model, ability)
    trained = max(w * h for w, h in model.checkpoint(ability).sizes)
    if width * height > MAX_TIMES_TRAINED * trained:
        size = "{}x{}".format(*model.checkpoint(ability).sizes[0])
        delivered = "{}x{}".format(*(request.output_size or model.delivery_size))
        enlarged = "" if delivered == size else f"; the file is {delivered} all the same"
        raise InvalidRequest(
            "width",
            f"{width}x{height} is far more than {model.name} was trained at; use {size}{enlarged}",
        )
    model.check_size(width, height)
    if request.sampled_frames > model.max_frames:
        raise InvalidRequest(
            "num_frames",
            f"{request.num_frames} is more than {model.name} makes at once; use "
            f"{model.max_frames // FPS * FPS} ({model.max_frames // FPS} s) and extend the clip",
        )
    sampling = model.profiles[request.profile]
    return request.replace(
        width=width,
        height=height,
        output_size=request.output_size or model.delivered_size(width, height),
        seed=secrets.randbelow(MAX_DRAWN_SEED) if request.seed is None else request.seed,
        num_inference_steps=request.num_inference_steps or sampling.num_inference_steps,
        guidance_scale=request.guidance_scale or sampling.guidance_scale,
        flow_shift=request.flow_shift or sampling.flow_shift,
    )


def ability_of(request: VideoRequest) -> Ability:
    """What the model must be able to do for this request.

    >>> ability_of(VideoRequest(prompt="a cat", num_frames=1))
    'image'
    """
    if request.image is None and request.num_frames == 1:
        return "image"
    if request.image is None:
        return "reference" if request.reference_images else "text_to_video"
    return "first_frame" if request.last_image is None else "first_last_frame"


def _size(request: VideoRequest, model: Family, ability: Ability) -> tuple[int, int]:
    """The requested size; one side alone keeps the proportions of the default size."""
    width, height = model.checkpoint(ability).sizes[0]
    if request.width is not None and request.height is not None:
        return request.width, request.height
    grid = model.size_multiple
    if request.width is not None:
        return request.width, max(1, round(request.width * height / width / grid)) * grid
    if request.height is not None:
        return max(1, round(request.height * width / height / grid)) * grid, request.height
    return width, height
