"""Apps that each lack one cure, all from one process: `python -m tests.site.nursery` by a fixture.

Importing Gradio takes seconds and a fork does not. A line on standard input orders an app, another
one ends it. Nothing in the product can be switched off: the cure is taken out of the memory of the
one process that serves without it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import Any

from ourvidz.backends.postgres.connection import Database
from ourvidz.bootstrap import Wiring
from ourvidz.web.server import serve
from tests.site.serving import serve_said, wired
from tests.site.weakened import WEAKENED

#: Taken out before the app is put together; the others work in one that stands already.
EARLY = frozenset({"cors", "escape", "files", "forms", "launched", "numbers", "reader"})


def main() -> None:
    """Grow apps and end them, until standard input ends. The first line says where everything is.

    Putting an app together takes a second or two, so it is done once; a child makes connections of
    its own, because the threads that looked after its parent's stayed there.
    """
    said = json.loads(next(sys.stdin))
    wiring = wired(said | {"port": 0})
    wiring.app  # noqa: B018  made when it is first asked for
    grown: dict[int, int] = {}
    for line in sys.stdin:
        order = json.loads(line)
        port = order["port"]
        if port in grown:
            _end(grown.pop(port))
        elif (child := os.fork()) == 0:
            _live(said | order, wiring)
        else:
            grown[port] = child
    for child in grown.values():
        _end(child)


def _live(order: dict[str, Any], wiring: Wiring) -> None:
    try:
        cures = order.pop("without")
        for cure in cures:
            WEAKENED[cure]()
        if EARLY.isdisjoint(cures):
            _connect_anew()
            serve(wiring.app, "127.0.0.1", order["port"])
        else:
            serve_said(order)
    finally:
        sys.stderr.flush()
        os._exit(1)


def _connect_anew() -> None:
    for one in gc.get_objects():
        if isinstance(one, Database):
            one.old = one._pool  # type: ignore[attr-defined]  # its end would wait for the threads
            one.__init__(one._url)


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
