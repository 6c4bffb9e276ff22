"""Libraries that talk about what we want, or say what our own errors say better."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def muted(level: int, *names: str) -> Iterator[None]:
    """The loggers of that name say nothing below `level` while this context is open.

    >>> with muted(logging.ERROR, "some.library"):
    ...     logging.getLogger("some.library").isEnabledFor(logging.WARNING)
    False
    """
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, before in zip(loggers, levels, strict=True):
            logger.setLevel(before)
