"""Which code computes attention: the fastest that is there and is right."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_dispatch import (
    AttentionBackendName,
    attention_backend,
    dispatch_attention_fn,
)
from diffusers.models.attention_dispatch import (
    _AttentionBackendRegistry as Registry,  # the only way to leave the global choice alone
)

log = logging.getLogger(__name__)

#: Largest difference from exact attention, relatively: 8-bit kernels stay below, broken ones do
#: not.
TOLERANCE = 0.05
_TOKENS, _HEADS = 512, 4
_CHATTY = "diffusers.models.modeling_utils"


def find_attention(
    transformer: Any, names: Sequence[str], tolerance: float = TOLERANCE
) -> str | None:
    """The first of `names` by which a transformer like this one attends here, and right.

    None where none does. The transformer itself is on its device, and not changed.
    """
    for name in names:
        try:
            with attending(transformer, name):
                error = _error(transformer, name)
        # Kernels are missing, or refuse this card, each in its own way.
        except Exception as problem:  # noqa: BLE001
            log.info("attention by %s does not run here: %s", name, str(problem).split("\n")[0])
            continue
        if error <= tolerance:
            return name
        log.warning("attention by %s is wrong by %.1f %%", name, 100 * error)
    return None


@contextmanager
def attending(transformer: Any, name: str | None) -> Iterator[None]:
    """`transformer` attends by the backend `name` inside, and by torch's choice outside.

    Raises what the backend has to say when it is not there.
    """
    if name is None:
        yield
        return
    try:
        with _only_here():
            transformer.set_attention_backend(name)
        yield
    finally:
        with _only_here():
            transformer.reset_attention_backend()


def _error(transformer: Any, name: str) -> float:
    """Of one attention with heads as the transformer's, relative to the exact one."""
    source = torch.Generator().manual_seed(0)
    shape = (1, _TOKENS, _HEADS, transformer.config.attention_head_dim)
    qkv = [torch.randn(shape, generator=source) for _ in range(3)]
    q, k, v = (one.to(transformer.device, transformer.dtype) for one in qkv)
    with torch.inference_mode(), attention_backend(AttentionBackendName(name)):
        found = dispatch_attention_fn(q, k, v, backend=AttentionBackendName(name))
        q, k, v = (one.float().transpose(1, 2) for one in (q, k, v))
        exact = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    return float((found.float() - exact).norm() / exact.norm())


@contextmanager
def _only_here() -> Iterator[None]:
    """Setting a model's backend also sets everybody's, and says that it is experimental."""
    before, _ = Registry.get_active_backend()
    logger = logging.getLogger(_CHATTY)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        Registry.set_active_backend(before)
