"""Transformer blocks that run compiled when that pays off, and as they are when it does not.

A clip's passes are worth a minute of compiling, a preview's are not, and both use one
transformer. So each block's forward is a switch, below all hooks: what looks on or moves weights
runs outside the compiled code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

log = logging.getLogger(__name__)

#: Sizes and formats that one block is compiled for; a worker meets more than torch's own 8.
_VARIANTS = 32
_BLOCKS = ("blocks", "vace_blocks")


class Switch:
    """A block's forward. Falls back to the plain one for good when it can not be compiled."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.is_on = False
        self._can = True
        self._plain = forward
        self._compiled: Callable[..., Any] | None = None
        self._backend = "inductor"

    def turn(self, backend: str | None) -> None:
        """On, with the compiler `backend`, or off for None."""
        if backend and backend != self._backend:
            self._backend, self._compiled, self._can = backend, None, True
        self.is_on = backend is not None and self._can

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the block's own forward returns."""
        if not self.is_on:
            return self._plain(*args, **kwargs)
        from torch._dynamo.exc import (  # slow to import
            FailOnRecompileLimitHit,
            TorchDynamoException,
        )

        try:
            self._compiled = run = self._compiled or self._made()
            return run(*args, **kwargs)
        except (TorchDynamoException, FailOnRecompileLimitHit) as error:
            log.warning("blocks run uncompiled: %s", str(error).strip().split("\n")[0])
            self.is_on = self._can = False
        return self._plain(*args, **kwargs)

    def _made(self) -> Callable[..., Any]:
        make: Any = torch.compile  # its overloads do not know all of its arguments
        return make(self._plain, backend=self._backend, fullgraph=True, recompile_limit=_VARIANTS)


def make_compilable(transformer: torch.nn.Module) -> None:
    """Put a switch into every block; before any hook is."""
    for block in _blocks(transformer):
        block.forward = Switch(block.forward)


@contextmanager
def compiled(transformer: torch.nn.Module, backend: str | None) -> Iterator[None]:
    """Blocks run compiled inside; None and blocks without a switch run as they are."""
    switches = [one for block in _blocks(transformer) if (one := _switch(block))]
    for switch in switches:
        switch.turn(backend)
    try:
        yield
    finally:
        for switch in switches:
            switch.turn(None)


def _blocks(transformer: torch.nn.Module) -> Iterator[torch.nn.Module]:
    for name in _BLOCKS:
        yield from getattr(transformer, name, ())


def _switch(block: torch.nn.Module) -> Switch | None:
    """The block's switch, below the hooks that were put on it since."""
    forward: Any = block.forward
    while forward is not None and not isinstance(forward, Switch):
        forward = getattr(forward, "__wrapped__", None)
    return forward
