"""What the embedded sign-in service says, in GoTrue's words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ourvidz.backends.postgres.auth_store import CODE_MINUTES, AuthUser, CodeType, Session

#: As hosted. A session that was ended is refused by `verify_live` at once all the same.
ACCESS_TOKEN_S = 3600

JsonObject = dict[str, Any]


class Refused(Exception):
    """An answer other than 200. code: GoTrue's; more: fields of its own beside the message."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: JsonObject = {"code": code, "message": message, **more}


@dataclass(frozen=True)
class Letter:
    """An e-mail that is sent when the answer is out."""

    to: str
    subject: str
    text: str


def code_letter(kind: CodeType, address: str, code: str) -> Letter:
    """The e-mail that carries a code."""
    what = "set a new password" if kind == "recovery_token" else "confirm your new address"
    return Letter(
        address,
        f"OurVidz: your code to {what}",
        f"Your code to {what}:\n\n    {code}\n\n"
        f"It works once, for {CODE_MINUTES} minutes. If you did not ask for it, do nothing:\n"
        "nobody can use your account without it.\n",
    )


def claims(session: Session, issuer: str) -> JsonObject:
    """What the access token of a session says, from now on."""
    now = int(time.time())
    user = session.user
    return {
        "iss": issuer,
        "sub": str(user.id),
        "aud": "authenticated",
        "role": "authenticated",
        "iat": now,
        "exp": now + ACCESS_TOKEN_S,
        "email": user.email or "",
        "phone": "",
        "app_metadata": user.raw_app_meta_data,
        "user_metadata": user.raw_user_meta_data,
        "aal": "aal1",
        "amr": session.amr,
        "session_id": str(session.id),
        "is_anonymous": user.is_anonymous,
    }


def shown(user: AuthUser) -> JsonObject:
    """A person as GoTrue shows them to themselves."""
    return {
        "id": str(user.id),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user.email or "",
        "new_email": user.email_change or None,
        "phone": "",
        "email_confirmed_at": _moment(user.email_confirmed_at),
        "confirmed_at": _moment(user.email_confirmed_at),
        "last_sign_in_at": _moment(user.last_sign_in_at),
        "banned_until": _moment(user.banned_until),
        "app_metadata": user.raw_app_meta_data,
        "user_metadata": user.raw_user_meta_data,
        "identities": [],
        "is_anonymous": user.is_anonymous,
        "created_at": _moment(user.created_at),
        "updated_at": _moment(user.updated_at),
    }


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
