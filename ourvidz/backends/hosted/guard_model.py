"""The safety model that an operator may configure, asked over HTTP with a hard time limit.

Two dialects: a chat endpoint that answers as Llama Guard does ("safe", or "unsafe" and its
categories), and a `/moderations` endpoint. Whatever is not a clear answer in time is Unavailable,
which the policy turns into a refusal.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import httpx

from ourvidz.domain.errors import Unavailable

Dialect = Literal["llama-guard", "moderations"]

#: Longer texts are asked about in pieces that overlap, all at once.
_PIECE_CHARS = 8_000
_OVERLAP_CHARS = 400
#: What the policy calls the categories; all others are simply refused.
_NAMES: Mapping[str, str] = {
    "S3": "non_consent",
    "S4": "minor",
    "S9": "extreme",
    "S11": "extreme",
    "S12": "adult",
    "sexual": "adult",
    "sexual/minors": "minor",
}
_OTHER = "guard"
_UNSAFE = re.compile(r"unsafe\s+(S\d{1,2}(?:\s*,\s*S\d{1,2})*)")


class _Unclear(Exception):
    """The endpoint answered something that is neither yes nor no."""


@dataclass(frozen=True, kw_only=True)
class HttpGuardModel:
    """A guard model behind `url`, the full address that is posted to.

    model: name sent along. key: bearer token, "" for none. timeout_s: for the whole answer,
    connecting and all pieces of the text included.
    """

    dialect: Dialect
    url: str
    model: str = ""
    key: str = field(default="", repr=False)
    timeout_s: float = 8.0

    def harms(self, text: str) -> Collection[str]:
        """What is wrong with a text: "adult", "minor", "non_consent", "extreme", "guard"; or ().

        Raises Unavailable when there is no clear answer in `timeout_s`.
        """
        step = _PIECE_CHARS - _OVERLAP_CHARS
        pieces = [text[i : i + _PIECE_CHARS] for i in range(0, max(1, len(text)), step)]
        try:
            # A thread of its own: the caller may stand in an event loop already.
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(asyncio.run, self._ask_all(pieces)).result()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, _Unclear) as error:
            raise Unavailable(
                "guard model", f"gave no clear answer ({type(error).__name__}); try again later"
            ) from None

    async def _ask_all(self, pieces: list[str]) -> set[str]:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with (
            asyncio.timeout(self.timeout_s),
            httpx.AsyncClient(headers=headers, timeout=self.timeout_s) as client,
        ):
            found = await asyncio.gather(*(self._ask(client, piece) for piece in pieces))
        return set[str]().union(*found)

    async def _ask(self, client: httpx.AsyncClient, text: str) -> set[str]:
        chat = self.dialect == "llama-guard"
        body = _chat(text) if chat else {"input": text}
        response = await client.post(self.url, json={**body, **self._named()})
        if response.status_code != 200:
            raise _Unclear
        try:
            answer = response.json()
            return _read_chat(answer) if chat else _read_moderation(answer)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise _Unclear from None

    def _named(self) -> dict[str, Any]:
        return {"model": self.model} if self.model else {}


def _chat(text: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"messages": messages, "temperature": 0, "max_tokens": 32}


def _read_chat(answer: Any) -> set[str]:
    said = str(answer["choices"][0]["message"]["content"]).strip()
    if said == "safe":
        return set()
    unsafe = _UNSAFE.fullmatch(said)
    if not unsafe:
        raise ValueError
    return {_NAMES.get(name.strip(), _OTHER) for name in unsafe[1].split(",")}


def _read_moderation(answer: Any) -> set[str]:
    harms: set[str] = set()
    results = cast("list[dict[str, Any]]", answer["results"])
    if not results:
        raise ValueError
    for result in results:
        flagged, categories = result["flagged"], result["categories"]
        if not isinstance(flagged, bool):
            raise TypeError
        names = [str(name) for name, applies in categories.items() if applies is not False]
        harms |= {_NAMES.get(name, _OTHER) for name in names}
        if flagged and not names:
            harms.add(_OTHER)
    return harms
