"""From words to video, usable with no account, no database and no server.

    from ourvidz.pipeline import ModelManager, enhance, preview, render

Names are imported when first used, so that listing models or reading `--help` needs no torch.
"""

from __future__ import annotations

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
    module = import_module(f"{__name__}.{homes.get(name, 'generate')}")
    return getattr(module, name)
