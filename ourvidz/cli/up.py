"""`ourvidz up` and `ourvidz migrate`: the whole of OurVidz on one machine, and its database."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from os import getpid
from pathlib import Path
from typing import Any

from ourvidz.backends.embedded.folder import locked, make_folder, note
from ourvidz.backends.embedded.stack import EmbeddedStack
from ourvidz.backends.postgres.migrate import HOSTED_MIGRATIONS, MIGRATIONS, login_of, set_logins
from ourvidz.backends.postgres.migrate import migrate as bring_up_to_date
from ourvidz.cli.screen import Screen
from ourvidz.cli.service import SERVING
from ourvidz.cli.supervisor import Child, Supervisor
from ourvidz.domain.errors import InvalidRequest
from ourvidz.settings import Settings, environment_of_children, read_settings
from ourvidz.web.door import listen

#: What is kept running beside the servers, and by which verb.
CHILDREN = {"worker": "worker", "app": "serve"}


def up(args: Namespace, screen: Screen) -> None:
    """Start the servers, a worker and the app; Ctrl-C stops all of them."""
    settings = _settings(args)
    stack = None if settings.hosted else EmbeddedStack(settings.data_dir)
    make_folder(settings.data_dir)
    lock = settings.data_dir / "up.lock"
    with locked(lock, wait_s=0):
        note(lock, f"OurVidz runs here already, as process {getpid()}: {settings.app_url}")
        listen(settings.host, settings.port).close()  # who has it already is told at once
        welcome = f"\n  Open {settings.app_url} in a browser. Ctrl-C stops all of it.\n"
        children = [
            Child(name, ("-m", "ourvidz.cli.child", str(getpid()), verb), SERVING, welcome)
            for name, verb in CHILDREN.items()
        ]
        environment = environment_of_children(settings.home)
        asyncio.run(Supervisor(stack, children, environment, screen.tell).run())
    screen.show({"home": settings.home, "stopped": True}, "Stopped.")


def migrate(args: Namespace, screen: Screen) -> None:
    """Bring the database to this version's schema."""
    settings = _settings(args)
    applied = _migrate_hosted(settings) if settings.hosted else _migrate_embedded(settings)
    screen.show({"applied": applied}, *(applied or ["The database is up to date."]))


def up_options(verb: ArgumentParser) -> None:
    """What of the settings can be typed."""
    verb.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of everything kept (OURVIDZ_HOME)"
    )


def _settings(args: Namespace) -> Settings:
    typed: dict[str, Any] = {} if args.data is None else {"home": args.data.absolute()}
    return read_settings(**typed)


def _migrate_embedded(settings: Settings) -> list[str]:
    stack = EmbeddedStack(settings.data_dir)
    running = stack.alive()
    try:
        stack.start()
    finally:
        if not running:
            stack.stop()
    return stack.applied


def _migrate_hosted(settings: Settings) -> list[str]:
    if settings.admin_database_url is None:
        raise InvalidRequest(
            "OURVIDZ_ADMIN_DATABASE_URL",
            "is not set; set it to the database's address for the role postgres, as "
            "postgresql://postgres.REF:PASSWORD@HOST:5432/postgres?sslmode=require",
        )
    owner = settings.admin_database_url.get_secret_value()
    applied = bring_up_to_date(owner, (MIGRATIONS, HOSTED_MIGRATIONS))
    # The passwords are those that the app and the workers are going to use.
    urls = (settings.database_url, settings.worker_database_url)
    set_logins(owner, dict(login_of(url.get_secret_value()) for url in urls if url is not None))
    return applied
