"""One migrated database a module, on both versions of Postgres, with everyone's doors open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from ourvidz.backends.postgres.connection import Database
from tests.backends.postgres.house import House
from tests.servers import POSTGRES_VERSIONS, SUPERUSER, Cluster


@pytest.fixture(scope="module", params=POSTGRES_VERSIONS, ids=lambda version: f"pg{version}")
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """The product's logins on the embedded version and on the hosted one."""
    names = dict(zip(POSTGRES_VERSIONS, ("postgres_hosted_version", "postgres"), strict=True))
    cluster: Cluster = request.getfixturevalue(names[request.param])
    with cluster.database() as name:
        doors = cluster.endpoints(name, "")
        with (
            closing(Database(doors.database_url)) as app,
            closing(Database(doors.worker_database_url)) as worker,
            psycopg.connect(cluster.url(SUPERUSER, name), autocommit=True) as root,
        ):
            yield House(app, worker, root)
