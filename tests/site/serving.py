"""The app in a process of its own, as it is served: `python -m tests.site.serving` by a fixture.

Not in the tests' process: importing Gradio warns, and here warnings are errors.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.bootstrap import Wiring
from ourvidz.settings import Settings
from ourvidz.web.server import serve


def main() -> None:
    """Serve what standard input says."""
    serve_said(json.load(sys.stdin))


def serve_said(said: dict[str, Any]) -> None:
    """said: home, port and the servers' addresses."""
    with closing(wired(said)) as wiring:
        serve(wiring.app, wiring.settings.host, wiring.settings.port)


def wired(said: dict[str, Any]) -> Wiring:
    """Everything of the process, as `serve_said` takes it."""
    url = f"http://127.0.0.1:{said['port']}"
    settings = Settings(home=Path(said["home"]), port=said["port"], public_url=url, device="cpu")
    return Wiring(settings, Endpoints(**said["endpoints"]))


if __name__ == "__main__":
    main()
