"""From words to video, usable with no account, no database and no server.

    from ourvidz.pipeline import ModelManager, enhance, preview, render

Names are imported when first used, so that listing models or reading `--help` needs no torch.
"""

from __future__ import annotations

import logging
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ourvidz.pipeline.chatter import muted

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

#: They warn of fallbacks that we want: diffusers asks for an image processor built on torchvision,
#: which is never installed here; bitsandbytes on a CPU for kernels that nothing here runs.
_TALKERS = ("transformers.utils.import_utils", "bitsandbytes.backends.cpu.ops")


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with muted(logging.ERROR, *_TALKERS):
        module = import_module(f"{__name__}.{_HOMES.get(name, 'generate')}")
    return getattr(module, name)
