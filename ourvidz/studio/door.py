"""Who may come in: the identity, ids, how often, and whether the words are allowed."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused, Unavailable
from ourvidz.pipeline.budget import Machine
from ourvidz.ports import Administration, Auth, Live, Media, Policy, Records
from ourvidz.safety.normalise import prompt_sha256

#: What is counted; what costs nothing is limited, so that nobody can fill the machines with it.
Act = Literal["write", "enhance", "preview", "keyframes", "render", "export"]

_MINUTE_S, _DAY_S = 60, 86_400
LIMITS: Mapping[Act, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        "write": ((120, _MINUTE_S),),
        "enhance": ((30, _MINUTE_S), (300, _DAY_S)),
        "preview": ((30, _MINUTE_S), (300, _DAY_S)),
        "keyframes": ((60, _MINUTE_S),),
        "render": ((30, _MINUTE_S),),
        "export": ((3, _MINUTE_S),),
    }
)
#: Seconds for which a token is still taken when a page was slow to send it.
_LEEWAY_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Studio:
    """The ports behind everything that a signed-in person can do.

    machine: asked each time for the one that renders, as far as its speeds are known here; None
    where they are not, as before its first job, or when it keeps them on another machine.
    """

    records: Records
    media: Media
    live: Live
    auth: Auth
    policy: Policy
    administration: Administration
    machine: Callable[[], Machine | None] = lambda: None


def admit(me: Identity, studio: Studio, act: Act | None = None) -> None:
    """Let a signed-in person do `act` once more.

    Raises NotAllowed for an identity that its own token does not carry or that has expired, and
    when `act` was done too often; the text says when to come back.
    """
    claims = me.claims
    expires = claims.get("exp")
    is_own = claims.get("sub") == str(me.user_id) and claims.get("role") == "authenticated"
    is_fresh = isinstance(expires, int | float) and expires > time.time() - _LEEWAY_S
    if not is_own or not is_fresh or claims.get("is_anonymous"):
        raise NotAllowed("Your sign-in has ended. Sign in again; your drafts are kept.")
    for limit, per_s in LIMITS[act] if act else ():
        wait_s = studio.live.allow(f"{act}/{per_s}", str(me.user_id), limit=limit, per_s=per_s)
        if wait_s > 0:
            raise NotAllowed(
                f"That was {limit} times in {_span(per_s)}, as often as one person may. "
                f"Try again in {_span(wait_s)}."
            )


def as_id(value: UUID | str) -> UUID:
    """An id as it came from a browser.

    >>> as_id("1' or '1'='1")
    Traceback (most recent call last):
    ourvidz.domain.errors.NotAllowed: There is no such thing, or it is not yours.
    """
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise NotAllowed from None


def check_page(limit: int, offset: int = 0) -> None:
    """Raise InvalidRequest for a part of a listing that can not be shown."""
    for name, value, most in (("limit", limit, 100), ("offset", offset, 2**31)):
        if not isinstance(value, int) or not 0 <= value <= most:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequest(name, f"must be a whole number from 0 to {most}")


def judge(me: Identity, studio: Studio, texts: Sequence[str], *, negative_prompt: str = "") -> None:
    """Ask the policy about all the words of one thing together.

    Raises PolicyRefused, which names the rule; only a hash of the words and the rule are kept.
    """
    said = [text for text in texts if text.strip()]
    if not said and not negative_prompt.strip():
        return
    verified = studio.records.account(me).age_verified_at is not None
    try:
        studio.policy.check(said, negative_prompt=negative_prompt, adult_verified=verified)
    except PolicyRefused as refusal:
        digest = prompt_sha256(said, negative_prompt)
        try:
            studio.administration.record_refusal(me.user_id, refusal.category, digest)
        except Unavailable as error:
            _log.warning("a refusal (%s) was not recorded: %s", refusal.category, error)
        raise


def _span(seconds: float) -> str:
    """
    >>> _span(60), _span(0.2), _span(86_400), _span(5_000)
    ('a minute', '1 second', 'a day', '84 minutes')
    """
    if seconds in (_MINUTE_S, _DAY_S):
        return "a minute" if seconds == _MINUTE_S else "a day"
    if seconds < 2 * _MINUTE_S:
        count, unit = math.ceil(seconds), "second"
    elif seconds < 7_200:
        count, unit = math.ceil(seconds / 60), "minute"
    else:
        count, unit = math.ceil(seconds / 3600), "hour"
    return f"{count} {unit}" + ("" if count == 1 else "s")
