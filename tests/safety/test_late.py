"""A policy that is made late: once, for everybody, and never skipped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ourvidz.domain.errors import PolicyRefused, Unavailable
from ourvidz.ports import Policy
from ourvidz.safety.late import LatePolicy


class NoCats:
    """Refuses cats."""

    def check(self, texts: Sequence[str], **_: object) -> None:
        if "cat" in " ".join(texts):
            raise PolicyRefused("cats", "No cats are made here.")


def test_it_is_made_once_whoever_asks_first() -> None:
    made: list[Policy] = []
    everybody = threading.Barrier(4)

    def make() -> Policy:
        made.append(NoCats())
        return made[-1]

    policy = LatePolicy(make)
    assert made == []

    def ask(_: int) -> None:
        everybody.wait()
        policy.load()
        policy.check(["a dog"])
        with pytest.raises(PolicyRefused):
            policy.check(["a cat"])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(4)))
    assert len(made) == 1


def test_nothing_passes_while_it_can_not_be_made() -> None:
    def make() -> Policy:
        raise Unavailable("sentence model", "is not installed; install it")

    policy = LatePolicy(make)
    policy.load()
    for _ in range(2):
        with pytest.raises(Unavailable, match="install it"):
            policy.check(["a dog"])
