"""Hubs that refuse, addresses that lead nowhere, and pages that answer instead."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.weights.hub import Hub
from ourvidz.pipeline.weights.parts import parts_of
from ourvidz.pipeline.weights.pull import survey
from tests.hub_server import HubServer
from tests.pipeline.weights.conftest import MODEL

TRANSFORMER = {part.name: part for part in parts_of(MODEL)}["transformer"]


@pytest.mark.parametrize(
    ("status", "says"), [(401, "HF_TOKEN"), (403, "licence"), (404, "catalog"), (503, "later")]
)
def test_a_refusal_of_the_hub_says_what_to_do(
    tmp_path: Path, hub: Hub, server: HubServer, status: int, says: str
) -> None:
    server.status = status
    with pytest.raises(Unavailable, match=says):
        survey([TRANSFORMER], tmp_path, hub)


def test_without_a_network_the_address_is_named(tmp_path: Path) -> None:
    says = r"127\.0\.0\.1:9 can not be reached"
    with (
        closing(Hub("http://127.0.0.1:9", pause_s=0)) as hub,
        pytest.raises(Unavailable, match=says),
    ):
        survey([TRANSFORMER], tmp_path, hub)


@pytest.mark.parametrize("endpoint", ["http://host:port", "hub", "ftp://host", "http://"])
def test_what_is_no_address_is_told(tmp_path: Path, endpoint: str) -> None:
    with closing(Hub(endpoint, pause_s=0)) as hub, pytest.raises(Unavailable, match="HF_ENDPOINT"):
        survey([TRANSFORMER], tmp_path, hub)


@pytest.mark.parametrize("proxy", ["socks9://127.0.0.1:9", "http://host:port"])
def test_a_proxy_that_can_not_be_used_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unavailable, match=r"HTTPS_PROXY.*unset it"):
        Hub("https://127.0.0.1:9")


@pytest.mark.parametrize("answer", ["[]", "7", '"a page"', '{"sha": 1, "siblings": [3]}', "<html>"])
def test_a_page_that_answers_instead_of_the_hub_is_told(
    tmp_path: Path, hub: Hub, server: HubServer, answer: str
) -> None:
    server.instead = answer.encode()
    with pytest.raises(Unavailable, match="not the hub's"):
        survey([TRANSFORMER], tmp_path, hub)
