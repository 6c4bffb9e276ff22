"""Signed links: the right to read or write one file for a limited time, in the link itself."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from ourvidz.domain.errors import InvalidRequest, NotAllowed

#: "GET" is good for HEAD too, "TUS" for every request of one resumable upload.
Right = Literal["GET", "PUT", "TUS"]

MIN_SECRET_BYTES = 32
_PATHS: Mapping[Right, str] = {"GET": "m", "PUT": "m", "TUS": "tus"}


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a link allows. expires: seconds of the epoch. download: name to save under, or "".

    content_type, limit_bytes: what may be written, for "PUT" and "TUS". upload: which of the
    resumable uploads to `key` it is, "" for a new one.
    """

    right: Right
    key: str
    expires: int
    download: str = ""
    content_type: str = ""
    limit_bytes: int = 0
    upload: str = ""


class Signer:
    """Makes links and believes only its own. now: a clock, seconds of the epoch."""

    def __init__(
        self, secret: bytes, public_url: str, now: Callable[[], float] = time.time
    ) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise InvalidRequest("secret", f"must have {MIN_SECRET_BYTES} random bytes or more")
        # A key of its own, so that nothing else signed with the same secret is ever a link.
        self._secret = hmac.digest(secret, b"ourvidz media links", "sha256")
        self._public_url = public_url.rstrip("/")
        self._now = now

    def expiry(self, seconds: int) -> int:
        """The time `seconds` from now."""
        return int(self._now()) + seconds

    def url(self, link: Link) -> str:
        """The link in full."""
        query: dict[str, str | int] = {"exp": link.expires}
        if link.download:
            query["download"] = link.download
        if link.right != "GET":
            query |= {"type": link.content_type, "limit": link.limit_bytes}
        if link.upload:
            query["upload"] = link.upload
        query["sig"] = self._signature(link)
        return f"{self._public_url}/{_PATHS[link.right]}/{link.key}?{urlencode(query)}"

    def read(self, right: Right, key: str, query: Mapping[str, str]) -> Link:
        """The link that a request shows; NotAllowed when it was forged or has expired."""
        try:
            link = Link(
                right=right,
                key=key,
                expires=_number(query["exp"]),
                download=query.get("download", ""),
                content_type=query.get("type", ""),
                limit_bytes=_number(query.get("limit", "0")),
                upload=query.get("upload", ""),
            )
        except (KeyError, ValueError):
            raise _refusal() from None
        given = query.get("sig", "").encode(errors="replace")
        is_ours = hmac.compare_digest(self._signature(link).encode(), given)
        if not is_ours or link.expires <= self._now():
            raise _refusal()
        return link

    def _signature(self, link: Link) -> str:
        # As a JSON list, so that no part can run into the next.
        parts = [
            link.right, link.key, link.expires,
            link.download, link.content_type, link.limit_bytes, link.upload,
        ]  # fmt: skip
        mac = hmac.digest(self._secret, json.dumps(parts).encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _number(text: str) -> int:
    """A whole number written as `Signer.url` writes it, and in no second way."""
    number = int(text[:20])
    if str(number) != text:
        raise ValueError(text)
    return number


def _refusal() -> NotAllowed:
    return NotAllowed("This link is not valid any more. Reload the page to get a new one.")
