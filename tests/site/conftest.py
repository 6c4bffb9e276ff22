"""The whole app on real servers, as browsers reach it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
import redis

from ourvidz.backends.embedded.valkey_server import ValkeyServer
from tests.servers import Cluster, Endpoints, postgres, valkey  # noqa: F401
from tests.site.browsers import Browser, Visit
from tests.studio.conftest import Town, built_town

_START_S = 120

#: The address of an app that lacks the cures of these names, see `weakened`.
Without = Callable[..., AbstractContextManager[str]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


@pytest.fixture(scope="session")
def site_endpoints(postgres: Cluster, valkey: ValkeyServer) -> Iterator[Endpoints]:  # noqa: F811
    with postgres.database() as name:
        yield postgres.endpoints(name, valkey.url)


@pytest.fixture(scope="session")
def town(
    site_endpoints: Endpoints, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """The studio behind the app, for all tests of this folder: starting the app takes a while."""
    with built_town(site_endpoints, home, tmp_path_factory.mktemp("town")) as built:
        yield built


@pytest.fixture(scope="module", autouse=True)
def fresh_rates(site_endpoints: Endpoints) -> None:
    """Nobody has tried to sign in before: all browsers here have one address."""
    with redis.Redis.from_url(site_endpoints.redis_url) as client:
        client.flushall()


@contextmanager
def running_app(town: Town, endpoints: Endpoints, port: int, folder: Path) -> Iterator[str]:
    """The address of an app in a process of its own, killed at the end. folder: for its log."""
    said = {
        "home": str(town.wiring.settings.home),
        "port": port,
        "endpoints": asdict(endpoints),
    }
    log = folder / "log"
    with (
        log.open("a") as output,
        subprocess.Popen(
            [sys.executable, "-m", "tests.site.serving"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(json.dumps(said))
        process.stdin.close()
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="session")
def site(
    town: Town, site_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a running app that shares everything with `town`."""
    with running_app(town, site_endpoints, free_port(), tmp_path_factory.mktemp("site")) as url:
        yield url


@pytest.fixture(scope="module")
def visit(site: str) -> Iterator[Visit]:
    """Makes browsers, each with its own cookies."""
    with ExitStack() as open_ones:

        def opened() -> Browser:
            browser = Browser(site)
            open_ones.callback(browser.client.close)
            return browser

        yield opened


@pytest.fixture(scope="module")
def without(
    town: Town, site_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Without]:
    """Starts an app that lacks some cures, and ends it."""
    log = tmp_path_factory.mktemp("nursery") / "log"
    said = {"home": str(town.wiring.settings.home), "endpoints": asdict(site_endpoints)}
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "tests.site.nursery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
        ) as nursery,
    ):
        assert nursery.stdin is not None
        door = nursery.stdin
        door.write(json.dumps(said) + "\n")

        @contextmanager
        def grown(*cures: str) -> Iterator[str]:
            port = free_port()
            order = json.dumps({"port": port, "without": cures}) + "\n"
            door.write(order)
            door.flush()
            wait_for(f"http://127.0.0.1:{port}/healthz", nursery, log)
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                door.write(order)
                door.flush()

        yield grown
        door.close()


def wait_for(url: str, process: subprocess.Popen[str], log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()[-3000:]}")
