"""Where the contract of `ports.Auth` is tested."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.backends.redis import RedisLive
from tests.backends.gotrue.sites import HostedProject, Site, embedded_site, hosted_site


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def live(module_endpoints: Endpoints) -> Iterator[RedisLive]:
    one = RedisLive(module_endpoints.redis_url, prefix=f"{uuid4()}:")
    yield one
    one.close()


@pytest.fixture(params=["embedded", pytest.param("hosted", marks=pytest.mark.hosted)])
async def site(
    request: pytest.FixtureRequest,
    module_endpoints: Endpoints,
    tmp_path_factory: pytest.TempPathFactory,
    live: RedisLive,
) -> AsyncIterator[Site]:
    if request.param == "embedded":
        folder = tmp_path_factory.getbasetemp() / "sign-in"
        async with embedded_site(module_endpoints.auth_database_url, folder, live.allow) as one:
            yield one
        return
    project = HostedProject()
    if not project.configured:
        pytest.skip("no hosted project: see tests/backends/gotrue/sites.py for the settings")
    async with hosted_site(project, live.allow) as one:
        yield one
