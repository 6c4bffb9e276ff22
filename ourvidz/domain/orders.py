"""What a job's params mean, both ways: the studio writes them, the worker reads them.

Params are JSON values that went through a database: nothing about them is believed. Files are
named by their key in the storage; where they lie on a machine is nobody else's business.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.job import JobKind
from ourvidz.domain.media import split_key
from ourvidz.domain.request import VideoRequest

MAX_IMAGES = 4
MAX_SIDE_PX = 4096

_KEYS = ("image_key", "last_image_key")
#: Whole numbers, the lowest and the highest of each; the request itself may be stricter.
_COUNTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "width": (1, MAX_SIDE_PX),
        "height": (1, MAX_SIDE_PX),
        "output_size": (1, MAX_SIDE_PX),
        "num_frames": (1, 100_000),
        "seed": (0, 2**63 - 1),
        "num_inference_steps": (1, 1_000),
        "num_images": (1, MAX_IMAGES),
    }
)
_NUMBERS = ("guidance_scale", "flow_shift")
_PATHS = ("image", "last_image", "reference_images")
_REQUEST = tuple(f.name for f in dataclasses.fields(VideoRequest) if f.name not in _PATHS)

#: What the params of a job may hold, by its kind.
FIELDS: Mapping[JobKind, tuple[str, ...]] = MappingProxyType(
    {
        "enhance": ("prompt", "seed"),
        "preview": (*_REQUEST, "num_images", "clip_key"),
        "video": (*_REQUEST, *_KEYS, "clip_key"),
    }
)


def enhance_params(prompt: str, seed: int = 0) -> dict[str, Any]:
    """The params of an enhance job; another seed gives another text.

    Raises InvalidRequest, as `enhance_order` would for them.
    """
    params = {"prompt": prompt, "seed": seed}
    enhance_order(params)
    return params


def enhance_order(params: Mapping[str, Any]) -> tuple[str, int]:
    """(prompt, seed) of an enhance job.

    >>> enhance_order({"prompt": "a cat", "seed": 3})
    ('a cat', 3)
    >>> enhance_order({"prompt": "a cat", "sudo": True})
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: params: 'sudo' is not known here; leave it out
    """
    values = _checked("enhance", params)
    request = VideoRequest(prompt=values.get("prompt", ""), seed=values.get("seed", 0))
    return request.prompt, request.seed or 0


def preview_params(
    request: VideoRequest, num_images: int = MAX_IMAGES, *, clip_key: str | None = None
) -> dict[str, Any]:
    """The params of a preview job: pictures in the request are not used.

    clip_key: the clip whose last frame is offered, instead of pictures that are made anew.

    Raises InvalidRequest, as `request_of` and `num_images_of` would for them.
    """
    return _written("preview", request, {"num_images": num_images, "clip_key": clip_key})


def video_params(
    request: VideoRequest, *, image_key: str | None = None, last_image_key: str | None = None
) -> dict[str, Any]:
    """The params of a video job; the first and last picture are named by their keys alone.

    Raises InvalidRequest, as `request_of` and `image_keys_of` would for them.

    >>> params = video_params(VideoRequest(prompt="a cat", seed=7))
    >>> request_of("video", params) == VideoRequest(prompt="a cat", seed=7)
    True
    """
    keys = {"image_key": image_key, "last_image_key": last_image_key}
    return _written("video", request, keys)


def request_of(
    kind: JobKind,
    params: Mapping[str, Any],
    image: Path | None = None,
    last_image: Path | None = None,
) -> VideoRequest:
    """The request of a preview or video job, with its pictures where they were fetched to.

    Raises InvalidRequest for unknown names, wrong types and values that no model could make.
    """
    values = _checked(kind, params)
    given: dict[str, Any] = {field: values[field] for field in _REQUEST if field in values}
    if (size := given.get("output_size")) is not None:
        given["output_size"] = tuple(size)
    given.setdefault("prompt", "")
    return VideoRequest(**given, image=image, last_image=last_image)


def num_images_of(params: Mapping[str, Any]) -> int:
    """How many stills a preview job makes.

    >>> num_images_of({"prompt": "a cat", "num_images": 0})
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: num_images: must be 1 to 4
    """
    return _checked("preview", params).get("num_images", MAX_IMAGES)


def image_keys_of(params: Mapping[str, Any], owner: UUID) -> tuple[str | None, str | None]:
    """Keys of a video job's first and last picture, which must be files of `owner`.

    Raises InvalidRequest for anybody else's, with the same text as for one that is not a key.
    """
    values = _checked("video", params)
    keys = values.get("image_key"), values.get("last_image_key")
    for field, key in zip(_KEYS, keys, strict=True):
        _check_owner(field, key, owner, "pictures")
    return keys


def clip_key_of(params: Mapping[str, Any], owner: UUID, kind: JobKind = "preview") -> str | None:
    """Key of the clip whose last frame a preview job offers, or that a video job goes on from.

    It must be a file of `owner`. Raises InvalidRequest as `image_keys_of` does.
    """
    key = _checked(kind, params).get("clip_key")
    _check_owner("clip_key", key, owner, "videos")
    return key


def _written(kind: JobKind, request: VideoRequest, more: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is set, so that a stored job says what was asked for and no more."""
    values = {name: getattr(request, name) for name in _REQUEST}
    if request.output_size is not None:
        values["output_size"] = list(request.output_size)
    params = {name: value for name, value in {**values, **more}.items() if value is not None}
    request_of(kind, params)
    return params


def _checked(kind: JobKind, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params with every name known and every value of its type; null counts as left out."""
    known = FIELDS.get(kind, ())
    for name in params:
        if name not in known:
            raise InvalidRequest("params", f"{str(name)[:40]!r} is not known here; leave it out")
    values = {name: value for name, value in params.items() if value is not None}
    for name, value in values.items():
        _check(name, value)
    if "last_image_key" in values and "image_key" not in values:
        raise InvalidRequest("last_image_key", "needs a first picture as well; give image_key too")
    return values


def _check_owner(field: str, key: str | None, owner: UUID, what: str) -> None:
    if key is not None and not split_key(key)[1].startswith(f"{owner}/"):
        raise InvalidRequest(field, f"is not one of your {what}; choose one of them")


def _check(name: str, value: Any) -> None:
    if name in _NUMBERS:
        if not _is(value, int, float):
            raise InvalidRequest(name, "must be a number")
    elif name == "output_size":
        sides: list[Any] = list(value) if isinstance(value, list | tuple) else []  # pyright: ignore[reportUnknownArgumentType]
        if len(sides) != 2:
            raise InvalidRequest(name, "must be [width, height] in px")
        for side in sides:
            _check_count(name, side)
    elif name in _COUNTS:
        _check_count(name, value)
    else:
        _check_text(name, value)


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidRequest(name, "must be a text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequest(name, "contains half a character; type it again")
    if name == "model":
        family(value)
    elif name.endswith("_key"):
        split_key(value)


def _check_count(name: str, value: Any) -> None:
    if not _is(value, int):
        raise InvalidRequest(name, "must be a whole number")
    lowest, highest = _COUNTS[name]
    if not lowest <= value <= highest:
        raise InvalidRequest(name, f"must be {lowest} to {highest}")


def _is(value: Any, *kinds: type) -> bool:
    """Whether a value is of one of the types; true and false are no numbers."""
    return isinstance(value, kinds) and not isinstance(value, bool)
