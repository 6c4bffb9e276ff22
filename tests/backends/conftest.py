"""The real servers, for the tests of everything that talks to them."""

from tests.servers import (  # noqa: F401
    endpoints,
    every_endpoints,
    every_postgres,
    folder,
    module_endpoints,
    postgres,
    postgres_hosted_version,
    redis_url,
    valkey,
)
