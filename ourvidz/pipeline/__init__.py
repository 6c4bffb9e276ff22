"""From words to video, usable with no account, no database and no server.

    from ourvidz.pipeline import ModelManager, enhance, preview, render

Names are imported when first used, so that listing models or reading `--help` needs no torch.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ourvidz.pipeline.enhancement import Enhancement, enhance
    from ourvidz.pipeline.generate import extend, generate_clip, preview, render
    from ourvidz.pipeline.manager import ModelManager

__all__ = [
    "Enhancement",
    "ModelManager",
    "enhance",
    "extend",
    "generate_clip",
    "preview",
    "render",
]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it (PEP 562)."""
    homes = {"ModelManager": "manager", "Enhancement": "enhancement", "enhance": "enhancement"}
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # diffusers asks for an image processor built on torchvision, which is never installed here;
    # transformers warns about the very fallback that we want.
    chatter = logging.getLogger("transformers.utils.import_utils")
    level = chatter.level
    chatter.setLevel(logging.ERROR)
    try:
        module = import_module(f"{__name__}.{homes.get(name, 'generate')}")
    finally:
        chatter.setLevel(level)
    return getattr(module, name)
