"""Is this access token real? Answered in this process, without a round trip."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import jwt
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, Unavailable

#: How far the clocks of the app and of the sign-in service may be apart.
LEEWAY_S = 10
KEYS_LIVE_S = 600.0
_RETRY_S = 2.0
_LONGEST_TOKEN = 8192
_REQUIRED = ("exp", "iat", "sub", "aud", "iss", "role", "session_id")

ENDED = "This sign-in has ended. Please sign in again."


class KeySet:
    """The service's public keys by their id.

    Loaded again when they are older than 600 s, or for an id that is not known, but then at most
    once in `reload_after_s`: forged tokens can neither flood the service nor hold up real ones.
    While it can not be loaded the keys last seen stay good.
    """

    def __init__(
        self,
        load: Callable[[], Mapping[str, Any]],
        *,
        reload_after_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._reload_after_s = reload_after_s
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, PyJWK] | None = None
        self._tried_at = float("-inf")

    def key(self, kid: str) -> PyJWK | None:
        """The key, or None. Unavailable when no keys have ever been seen and none can be had."""
        with self._lock:
            due = self._clock() - self._tried_at > self._wait_s(kid)
            if due:
                self._tried_at = self._clock()
            if due and self._keys is None:  # nobody can go on without
                self._reload()
                due = False
        if due:  # the others go on with what is known
            self._reload()
        if self._keys is None:
            raise Unavailable(
                "sign-in", "its public keys can not be read now; try again in a minute"
            )
        return self._keys.get(kid)

    def _wait_s(self, kid: str) -> float:
        if self._keys is None:
            return _RETRY_S
        return KEYS_LIVE_S if kid in self._keys else self._reload_after_s

    def _reload(self) -> None:
        try:
            found = dict(self._load())
            # A legacy project has none, which is no error.
            keys = PyJWKSet.from_dict(found).keys if found.get("keys") else []
        except (Unavailable, PyJWTError):
            return
        self._keys = {key.key_id: key for key in keys if key.key_id}


class TokenCheck:
    """Checks access tokens. secret: of a legacy project that still signs with HS256."""

    def __init__(self, keys: KeySet, *, issuer: str, secret: str | None = None) -> None:
        self._keys = keys
        self._issuer = issuer
        self._secret = secret

    def verify(self, token: str) -> Identity:
        """Whose token it is; NotAllowed when it is expired, forged or meant for others."""
        try:
            key, algorithm = self._key_for(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience="authenticated",
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
            return _identity(claims)
        except (PyJWTError, ValueError, RecursionError) as error:
            raise NotAllowed(ENDED) from error

    def _key_for(self, token: str) -> tuple[PyJWK | str, str]:
        """The one key and the one algorithm that may have signed it: the token has no say."""
        if len(token) > _LONGEST_TOKEN:
            raise ValueError("too long for a token")
        header = jwt.get_unverified_header(token)
        if header.get("alg") == "HS256" and self._secret is not None:
            return self._secret, "HS256"
        key = self._keys.key(str(header.get("kid")))
        if header.get("alg") != "ES256" or key is None or key.algorithm_name != "ES256":
            raise ValueError("not signed by a key of this service")
        return key, "ES256"


def _identity(claims: Mapping[str, Any]) -> Identity:
    """Whom the claims name; ValueError for the roles of machines and for guests."""
    if claims["role"] != "authenticated" or claims.get("is_anonymous"):
        raise ValueError("not a person's token")
    return Identity(
        user_id=UUID(str(claims["sub"])),
        email=str(claims.get("email") or ""),
        session_id=str(claims["session_id"]),
        claims=claims,
    )
