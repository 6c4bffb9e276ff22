"""One database for all tests of a module, a new scratch folder and a new worker for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.redis import RedisLive
from ourvidz.worker import WorkerSettings
from tests.backends.postgres.house import House
from tests.servers import SUPERUSER, Cluster, postgres, valkey  # noqa: F401
from tests.worker.workshop import Workshop


@pytest.fixture(scope="module")
def house(postgres: Cluster) -> Iterator[House]:  # noqa: F811
    with postgres.database() as name:
        doors = postgres.endpoints(name, "")
        with (
            closing(Database(doors.database_url)) as app,
            closing(Database(doors.worker_database_url)) as worker,
            psycopg.connect(postgres.url(SUPERUSER, name), autocommit=True) as root,
        ):
            yield House(app, worker, root)


@pytest.fixture
def workshop(house: House, valkey: object, tmp_path: Path) -> Iterator[Workshop]:  # noqa: F811
    """A lease of six seconds and clocks to match; nobody else's jobs or bells."""
    house.root.execute("delete from public.jobs")
    house.root.execute("delete from public.workers")
    live = RedisLive(valkey.url, prefix=f"{uuid4()}:")  # type: ignore[attr-defined]
    settings = WorkerSettings.for_lease(6, tmp_path / "scratch")
    settings = replace(settings, device="cpu", grace_s=2.0)
    yield Workshop(house, live, tmp_path, settings, house.queue)
    live.close()
