"""Apps that each lack one cure, all from one process: `python -m tests.site.nursery` by a fixture.

Importing Gradio takes seconds and a fork does not. A line on standard input orders an app, another
one ends it. Nothing in the product can be switched off: the cure is taken out of the memory of the
one process that serves without it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from tests.site.serving import serve_said
from tests.site.weakened import WEAKENED


def main() -> None:
    """Grow apps and end them, until standard input ends."""
    import ourvidz.web.pages.admin
    import ourvidz.web.server
    import ourvidz.web.studio_app  # noqa: F401  what every child would load

    grown: dict[int, int] = {}
    for line in sys.stdin:
        order = json.loads(line)
        port = order["port"]
        if port in grown:
            _end(grown.pop(port))
        elif (child := os.fork()) == 0:
            _live(order)
        else:
            grown[port] = child
    for child in grown.values():
        _end(child)


def _live(order: dict[str, Any]) -> None:
    try:
        for cure in order.pop("without"):
            WEAKENED[cure]()
        serve_said(order)
    finally:
        sys.stderr.flush()
        os._exit(1)


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
