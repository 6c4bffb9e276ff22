"""Transformer blocks that run compiled when that pays off, and as they are when it does not.

A clip's passes are worth a minute of compiling, a preview's are not, and both use one
transformer. So each block's forward is a switch, below all hooks: what looks on or moves weights
runs outside the compiled code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch

log = logging.getLogger(__name__)

#: Sizes and formats that one block is compiled for; a worker meets more than torch's own 8.
_VARIANTS = 32
_BLOCKS = ("blocks", "vace_blocks")


class Switch:
    """A block's forward. Falls back to the plain one for good when it can not be compiled.

    failed: compilers that could not, known to all blocks of a transformer: what one is refused,
    forty others need not wait for.
    """

    def __init__(self, forward: Callable[..., Any], failed: set[str]) -> None:
        self._plain = forward
        self._compiled: Callable[..., Any] | None = None
        self._backend = "inductor"
        self._failed = failed
        self._is_wanted = False

    @property
    def is_on(self) -> bool:
        """Whether it runs compiled."""
        return self._is_wanted and self._backend not in self._failed

    def turn(self, backend: str | None) -> None:
        """On, with the compiler `backend`, or off for None."""
        if backend and backend != self._backend:
            self._backend, self._compiled = backend, None
        self._is_wanted = backend is not None

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
            self._failed.add(self._backend)
        return self._plain(*args, **kwargs)

    def _made(self) -> Callable[..., Any]:
        make: Any = torch.compile  # its overloads do not know all of its arguments
        options: dict[str, Any] = {"backend": self._backend, "fullgraph": True}
        if "recompile_limit" in signature(make).parameters:  # a torch before 2.13 has none
            options["recompile_limit"] = _VARIANTS
        return make(self._plain, **options)


def make_compilable(transformer: torch.nn.Module) -> None:
    """Put a switch into every block; before any hook is."""
    failed: set[str] = set()
    for block in _blocks(transformer):
        block.forward = Switch(block.forward, failed)


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


def is_compiled(transformer: torch.nn.Module) -> bool:
    """Whether its blocks run compiled now: not after one of them could not be."""
    switches = [_switch(block) for block in _blocks(transformer)]
    return bool(switches) and all(one is not None and one.is_on for one in switches)


def _blocks(transformer: torch.nn.Module) -> Iterator[torch.nn.Module]:
    for name in _BLOCKS:
        yield from getattr(transformer, name, ())


def _switch(block: torch.nn.Module) -> Switch | None:
    """The block's switch, below the hooks that were put on it since."""
    forward: Any = block.forward
    while forward is not None and not isinstance(forward, Switch):
        forward = getattr(forward, "__wrapped__", None)
    return forward
