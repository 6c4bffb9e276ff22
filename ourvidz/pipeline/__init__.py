"""From words to video, usable with no account, no database and no server.

    from ourvidz.pipeline import ModelManager, enhance, preview, render

Names are imported when first used, so that listing models or reading `--help` needs no torch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ourvidz.pipeline.crew import crewed
    from ourvidz.pipeline.enhancement import Enhancement, enhance, is_prepared
    from ourvidz.pipeline.film import RenderedFilm, render_film, render_keyframes
    from ourvidz.pipeline.generate import extend, generate_clip, preview, render
    from ourvidz.pipeline.manager import ModelManager
    from ourvidz.pipeline.telling import Telling, storyboard

__all__ = [
    "Enhancement",
    "ModelManager",
    "RenderedFilm",
    "Telling",
    "crewed",
    "enhance",
    "extend",
    "generate_clip",
    "is_prepared",
    "preview",
    "render",
    "render_film",
    "render_keyframes",
    "storyboard",
]

#: Where names are defined that are not in `generate`.
_HOMES = MappingProxyType(
    {
        "Enhancement": "enhancement",
        "ModelManager": "manager",
        "RenderedFilm": "film",
        "Telling": "telling",
        "crewed": "crew",
        "enhance": "enhancement",
        "is_prepared": "enhancement",
        "render_film": "film",
        "render_keyframes": "film",
        "storyboard": "telling",
    }
)


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _without_chatter():
        module = import_module(f"{__name__}.{_HOMES.get(name, 'generate')}")
    return getattr(module, name)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """No warnings of libraries about fallbacks that we want.

    diffusers asks for an image processor built on torchvision, which is never installed here;
    bitsandbytes on a CPU looks for kernels of its own that nothing here runs.
    """
    names = ("transformers.utils.import_utils", "bitsandbytes.backends.cpu.ops")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
