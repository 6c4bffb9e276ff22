"""`ourvidz worker` and `ourvidz serve`: the two kinds of processes of a hosted installation."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing

from ourvidz.cli.screen import Screen
from ourvidz.settings import Settings, read_settings

#: So begins the line of an app that can be reached.
SERVING = "Serving on"
_INVENTORY_S = 300


def worker(args: Namespace, screen: Screen) -> None:
    """Run jobs on this machine until Ctrl-C, which hands the running one back."""
    from ourvidz.bootstrap import Wiring

    settings = _changed(args)
    _log()
    with closing(Wiring(settings, entry="worker")) as wiring:
        made = wiring.worker(offered_models(settings))
        screen.tell("Working. Ctrl-C hands the running job back and stops.")
        made.run()


def serve(args: Namespace, screen: Screen) -> None:
    """Serve the app until Ctrl-C."""
    from ourvidz.bootstrap import Wiring
    from ourvidz.web.server import serve as run

    settings = _changed(args)
    _log()
    with closing(Wiring(settings)) as wiring:
        app = wiring.app
        wiring.start_background()
        address = f"http://{settings.host}:{settings.port}"
        run(app, settings.host, settings.port, lambda: screen.tell(f"{SERVING} {address}"))


def worker_options(verb: ArgumentParser) -> None:
    """What of the settings can be typed."""
    verb.add_argument("--models", metavar="A,B", help="families to offer (default: all that run)")
    verb.add_argument("--kinds", metavar="A,B", help="kinds of jobs to take (default: all)")


def serve_options(verb: ArgumentParser) -> None:
    """What of the settings can be typed."""
    verb.add_argument("--host", metavar="ADDRESS", help="where to listen (default: this machine)")
    verb.add_argument("--port", type=int, metavar="N")


def offered_models(settings: Settings) -> tuple[str, ...]:
    """The families that run here; a worker without a GPU has the starter only.

    Asked in a process of its own, so that the worker's parent never loads torch.
    """
    if settings.worker_models or settings.device == "cpu" or not shutil.which("nvidia-smi"):
        return settings.worker_models or ("starter",)
    asked = subprocess.run(
        [sys.executable, "-m", "ourvidz.cli", "models", "--json"],
        capture_output=True,
        text=True,
        timeout=_INVENTORY_S,
        check=True,
    )
    models = json.loads(asked.stdout)["models"]
    return tuple(one["name"] for one in models if one["status"] == "runs")


def _log() -> None:
    """Our own news to stderr; of libraries only warnings: some write addresses with signatures."""
    logging.disable(logging.NOTSET)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("ourvidz").setLevel(logging.INFO)


def _changed(args: Namespace) -> Settings:
    """The settings with what was typed, checked as if it stood in the environment."""
    typed = {
        "worker_models": getattr(args, "models", None),
        "worker_kinds": getattr(args, "kinds", None),
        "host": getattr(args, "host", None),
        "port": getattr(args, "port", None),
    }
    return read_settings(**{name: value for name, value in typed.items() if value is not None})
