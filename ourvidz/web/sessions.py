"""A cookie becomes a person: the tokens stay on the server, sealed, and are renewed there."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from cryptography.fernet import Fernet, InvalidToken
from fastapi.concurrency import run_in_threadpool

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, Unavailable
from ourvidz.ports import Auth, SessionStore, Tokens

_LOG = logging.getLogger(__name__)

#: A sign-in lasts that long after its last renewal.
LIFETIME = timedelta(days=30)
#: Tokens are renewed when less than this is left of them.
RENEW_BEFORE = timedelta(seconds=120)
#: Who was recognised is not looked up again for that long: pages that follow a job ask all the
#: time. What ends a session in this process ends that too.
_KNOWN_S, _KNOWN = 10.0, 5_000


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What is sealed behind a cookie."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    user_id: UUID

    @property
    def is_fresh(self) -> bool:
        return self.expires_at - datetime.now(UTC) > RENEW_BEFORE


class Sessions:
    """Opens, recognises and ends the sessions of browsers. key: of `Fernet`, kept by the server.

    The cookie is 256 random bits; the store has its SHA-256. Tasks that find the same session in
    need of renewal renew it once.
    """

    def __init__(self, auth: Auth, store: SessionStore, key: bytes) -> None:
        self._auth, self._store, self._seal = auth, store, Fernet(key)
        self._renewing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
        self._endings = 0

    async def open(self, tokens: Tokens) -> str:
        """Keep a sign-in; returns the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        await run_in_threadpool(self._save, cookie, tokens)
        return cookie

    async def replace(self, cookie: str, tokens: Tokens) -> None:
        """Put other tokens of the same person behind the same cookie."""
        await run_in_threadpool(self._save, cookie, tokens)
        self.forget()

    async def open_only(self, tokens: Tokens) -> str:
        """End every session of that person, and keep this sign-in: after a new password."""
        await run_in_threadpool(self._store.drop_all, tokens.identity.user_id)
        self.forget()
        return await self.open(tokens)

    async def identify(self, cookie: str | None) -> Identity | None:
        """Who sends that cookie, with claims that are good for two minutes; None for nobody."""
        if cookie is None:
            return None
        digest, endings = _digest(cookie), self._endings
        until, known = self._known.get(digest, (0.0, None))
        if known is not None and time.monotonic() < until:
            return known
        found = await self._found(cookie)
        if found is not None and endings == self._endings:
            self._known[digest] = (time.monotonic() + _KNOWN_S, found)
            self._known.move_to_end(digest)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Look everybody up again: somebody's sessions have ended."""
        self._endings += 1
        self._known.clear()

    def now(self, cookie: str | None) -> Identity | None:
        """As `identify`, without renewing: for what runs in a thread, maybe long after its request
        came in. The person may have signed out since.
        """
        kept = self._load(cookie)
        return self._verified(kept) if kept else None

    async def tokens(self, cookie: str | None) -> Tokens | None:
        """The tokens themselves, good for two minutes: to change a password or an address."""
        if cookie is None or await run_in_threadpool(self._load, cookie) is None:
            return None
        return await self._renewed(cookie)

    async def end(self, cookie: str | None, *, everywhere: bool = False) -> None:
        """Sign out this browser, or all of them. The cookie is worth nothing afterwards, also where
        the sign-in service can not be told: only the store had the tokens.
        """
        kept = await run_in_threadpool(self._load, cookie)
        if cookie is None or kept is None:
            return
        await run_in_threadpool(self._store.drop, _digest(cookie))
        if everywhere:
            await run_in_threadpool(self._store.drop_all, kept.user_id)
        self.forget()
        try:
            await self._auth.sign_out(kept.access_token, everywhere=everywhere)
        except NotAllowed:
            return  # it had ended there already
        except Unavailable as error:
            _LOG.warning("a sign-out was not passed on: %s", error)

    async def _found(self, cookie: str) -> Identity | None:
        kept = await run_in_threadpool(self._load, cookie)
        if kept is None:
            return None
        if kept.is_fresh:
            return self._verified(kept)
        tokens = await self._renewed(cookie)
        return tokens.identity if tokens else None

    async def _renewed(self, cookie: str) -> Tokens | None:
        lock = self._renewing.setdefault(_digest(cookie), asyncio.Lock())
        async with lock:
            kept = await run_in_threadpool(self._load, cookie)
            if kept is None:
                return None
            identity = self._verified(kept) if kept.is_fresh else None
            if identity:
                return Tokens(
                    access_token=kept.access_token,
                    refresh_token=kept.refresh_token,
                    expires_at=kept.expires_at,
                    identity=identity,
                )
            try:
                tokens = await self._auth.refresh(kept.refresh_token)
            except NotAllowed:
                await run_in_threadpool(self._store.drop, _digest(cookie))
                return None
            await run_in_threadpool(self._save, cookie, tokens)
            return tokens

    def _verified(self, kept: _Kept) -> Identity | None:
        try:
            return self._auth.verify(kept.access_token)
        except NotAllowed:
            return None

    def _save(self, cookie: str, tokens: Tokens) -> None:
        user_id = tokens.identity.user_id
        kept = [tokens.access_token, tokens.refresh_token, tokens.expires_at.timestamp()]
        sealed = self._seal.encrypt(json.dumps([*kept, str(user_id)]).encode())
        self._store.save(_digest(cookie), user_id, sealed, datetime.now(UTC) + LIFETIME)

    def _load(self, cookie: str | None) -> _Kept | None:
        sealed = self._store.load(_digest(cookie)) if cookie else None
        if sealed is None:
            return None
        try:
            access, refresh, expires, user_id = json.loads(self._seal.decrypt(sealed))
        except InvalidToken:
            return None  # sealed by a key of before
        return _Kept(
            access_token=access,
            refresh_token=refresh,
            expires_at=datetime.fromtimestamp(expires, UTC),
            user_id=UUID(user_id),
        )


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode(errors="replace")).hexdigest()
