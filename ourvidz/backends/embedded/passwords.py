"""Passwords as argon2id hashes."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

#: OWASP's second setting: 19 MiB and about 50 ms a hash on one core of a small server.
_TIME_COST = 2
_MEMORY_KIB = 19 * 1024
#: How many are hashed at a time: a rush of sign-ins may take two cores and 38 MiB, not all.
_AT_A_TIME = 2


class Passwords:
    """Hashes and checks; threads share it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=1)
        self._turn = threading.BoundedSemaphore(_AT_A_TIME)

    def hash(self, password: str) -> str:
        """What to keep of it, salt and cost included."""
        with self._turn:
            return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the one that was kept. None takes as long and never fits.

        So whoever measures the answer does not learn which addresses have an account.
        """
        if kept is None:
            self.hash(password)
            return False
        with self._turn:
            try:
                return self._hasher.verify(kept, password)
            except (Argon2Error, InvalidHashError):
                return False
