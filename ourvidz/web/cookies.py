"""The two cookies: a session nobody can read or guess, and a signed word about one's age."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

AGE_S = 30 * 24 * 3600
SESSION_S = 30 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Cookies:
    """Reads and writes them. key: signs the age. secure: the site is served by https.

    Both are HttpOnly and SameSite=Lax; by https their names have the prefix that ties them to
    this host, without any of its siblings.
    """

    key: bytes
    secure: bool

    def session(self, request: HTTPConnection) -> str | None:
        """The session's value, as the browser sent it."""
        return self._sent(request, "session")

    def set_session(self, response: Response, value: str) -> None:
        """Remember a sign-in."""
        self._set(response, "session", value, SESSION_S)

    def drop_session(self, response: Response) -> None:
        """Forget it."""
        self._set(response, "session", "", 0)

    def is_adult(self, request: HTTPConnection) -> bool:
        """Whether this browser has said so, here, in the last thirty days.

        >>> from starlette.requests import Request
        >>> cookies = Cookies(key=b"k", secure=False)
        >>> forged = [(b"cookie", b"ov_age=99999999999.00")]
        >>> cookies.is_adult(Request({"type": "http", "headers": forged}))
        False
        """
        until, _, signature = (self._sent(request, "age") or "").partition(".")
        if not (until.isascii() and until.isdecimal() and len(until) < 16):
            return False
        good = hmac.compare_digest(self._signed(until).encode(), signature.encode())
        return good and int(until) > time.time()

    def set_adult(self, response: Response) -> None:
        """Remember that this browser's person is a grown-up."""
        until = str(int(time.time()) + AGE_S)
        self._set(response, "age", f"{until}.{self._signed(until)}", AGE_S)

    def _signed(self, until: str) -> str:
        return hmac.new(self.key, b"age:" + until.encode(), hashlib.sha256).hexdigest()

    def _sent(self, request: HTTPConnection, what: str) -> str | None:
        """None when it came with two values: somebody else, maybe a site beside this one, has set
        one of them. Other spellings of the name do not count: only the exact one has the prefix
        that browsers guard.
        """
        name = self._name(what).encode()
        values = {
            value.strip(b' \t"')
            for header, text in request.scope["headers"]
            if header == b"cookie"
            for key, _, value in (piece.partition(b"=") for piece in text.split(b";"))
            if key.strip(b" \t") == name
        }
        return values.pop().decode(errors="replace") if len(values) == 1 else None

    def _name(self, what: str) -> str:
        return f"__Host-ov_{what}" if self.secure else f"ov_{what}"

    def _set(self, response: Response, what: str, value: str, age_s: int) -> None:
        response.set_cookie(
            self._name(what), value, max_age=age_s, httponly=True, samesite="lax",
            secure=self.secure, path="/",
        )  # fmt: skip
