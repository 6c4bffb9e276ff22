"""Sign-in, where the app keeps it, and how codes reach people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ourvidz.domain.account import Identity


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a sign-in gives. The refresh token works once; neither ever reaches a browser."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    identity: Identity


class Auth(Protocol):
    """Sign-in by e-mail and password, by the GoTrue protocol in both modes.

    InvalidRequest for a weak password or a bad address, NotAllowed for wrong credentials (the same
    text for unknown addresses), codes and tokens, and for who tries too often. ip: the person's.
    """

    async def sign_up(self, email: str, password: str, *, ip: str = "") -> Tokens: ...
    async def sign_in(self, email: str, password: str, *, ip: str = "") -> Tokens: ...
    async def refresh(self, refresh_token: str) -> Tokens:
        """Rotate. A token used again after 10 s ends all sessions of its family."""
        ...

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None: ...
    async def send_recovery(self, email: str, *, ip: str = "") -> None: ...
    async def recover(self, email: str, code: str, password: str, *, ip: str = "") -> Tokens: ...

    # `tokens` must be good for 30 s more. A new password ends the person's other sessions, a
    # confirmed address all old tokens of this one.
    async def change_password(self, tokens: Tokens, new_password: str) -> None: ...
    async def send_email_change(self, tokens: Tokens, new_email: str) -> None: ...
    async def confirm_email_change(self, tokens: Tokens, new_email: str, code: str) -> Tokens: ...

    def verify(self, access_token: str) -> Identity:
        """Check signature (ES256 by JWKS), expiry, issuer, audience and role; no round trip."""
        ...

    async def verify_live(self, access_token: str) -> Identity:
        """As `verify`, and the session still exists: before money, e-mail and passwords."""
        ...

    async def delete_user(self, user_id: UUID) -> None: ...


class SessionStore(Protocol):
    """Where the app keeps browsers' sign-ins: by the hash of their cookie, sealed by its key."""

    def save(self, id_sha256: str, user_id: UUID, sealed: bytes, expires_at: datetime) -> None: ...
    def load(self, id_sha256: str) -> bytes | None:
        """The sealed tokens; None when there is no such session or it has ended."""
        ...

    def drop(self, id_sha256: str) -> None: ...
    def drop_all(self, user_id: UUID) -> None: ...


class Mailbox(Protocol):
    """Where codes are sent when the app itself must deliver them (embedded)."""

    def send(self, to: str, subject: str, text: str) -> None: ...
