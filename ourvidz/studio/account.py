"""One's own account: credits, age, everything that is kept, and the way out."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from ourvidz.domain.account import Account, DayUsage, Identity, LedgerEntry
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.media import BUCKETS
from ourvidz.studio.door import Studio, admit, check_page
from ourvidz.studio.jobs import everything

#: What people agree to when they confirm their age; a new text is a new version.
AGE_POLICY_VERSION = "2026-11"


def account(me: Identity, studio: Studio) -> Account:
    """Plan, credits, age."""
    admit(me, studio)
    return studio.records.account(me)


def balance(me: Identity, studio: Studio) -> int:
    """Credits that can be spent now."""
    admit(me, studio)
    return studio.records.account(me).credits


def ledger(
    me: Identity, studio: Studio, *, limit: int = 50, before: int | None = None
) -> list[LedgerEntry]:
    """What every credit did, newest first; before: id of the last line seen."""
    admit(me, studio)
    check_page(limit, before or 0)
    return studio.records.ledger(me, limit=limit, before=before)


def usage(me: Identity, studio: Studio) -> list[DayUsage]:
    """Videos delivered in the last thirty days, by day; days without any are left out."""
    admit(me, studio)
    return studio.records.usage(me, days=30)


def verify_age(me: Identity, studio: Studio, *, is_adult: bool) -> Account:
    """Note on the server that this person says to be 18 or older, when, and under which policy."""
    admit(me, studio, "write")
    if is_adult is not True:
        raise InvalidRequest("age", "OurVidz is for people who are 18 or older")
    return studio.records.verify_age(me, AGE_POLICY_VERSION)


def export_my_data(me: Identity, studio: Studio) -> dict[str, Any]:
    """All that is kept about a person, as plain values; files by links that work for an hour."""
    admit(me, studio, "export")
    records, media = studio.records, studio.media
    lines: list[LedgerEntry] = []
    while page := records.ledger(me, limit=100, before=lines[-1].id if lines else None):
        lines += page
    return {
        "account": asdict(records.account(me)),
        "ledger": [asdict(line) for line in lines],
        "characters": [asdict(one) for one in records.characters(me)],
        "projects": [
            asdict(one)
            for one in everything(lambda limit, at: records.projects(me, limit=limit, offset=at))
        ],
        "films": [
            {**asdict(one), "pictures": [asdict(p) for p in records.pictures(me, one.id)]}
            for one in everything(lambda limit, at: records.storyboards(me, limit=limit, offset=at))
        ],
        "jobs": [
            {**vars(one), "params": dict(one.params), "result": one.result and dict(one.result)}
            for one in everything(lambda limit, at: records.jobs(me, limit=limit, offset=at))
        ],
        "videos": [
            asdict(one)
            for one in everything(lambda limit, at: records.videos(me, limit=limit, offset=at))
        ],
        "files": [
            {"key": key, "url": media.url(key, expires_s=3600)} for key in files_of(me, studio)
        ],
    }


async def delete_account(me: Identity, studio: Studio, password: str) -> None:
    """End everything: jobs, files, rows, sessions. There is no way back.

    password: asked again, because a forgotten open page must not be enough. Raises NotAllowed
    when it is wrong; nothing is deleted then.
    """
    await asyncio.to_thread(admit, me, studio, "export")
    again = await studio.auth.sign_in(me.email, password)
    if again.identity.user_id != me.user_id:
        raise NotAllowed("Your sign-in has ended. Sign in again; nothing was deleted.")
    await asyncio.to_thread(_stop_everything, me, studio)
    await asyncio.to_thread(_delete_files, me, studio)
    await studio.auth.delete_user(me.user_id)
    # A worker may have delivered in between. From here on no lease of this user holds.
    await asyncio.to_thread(_delete_files, me, studio)


def files_of(me: Identity, studio: Studio) -> list[str]:
    """Keys of all files of one person: they lie in that person's folder of each bucket."""
    private = [bucket.name for bucket in BUCKETS.values() if not bucket.public]
    return [key for name in private for key in studio.media.keys(f"{name}/{me.user_id}/")]


def _stop_everything(me: Identity, studio: Studio) -> None:
    for job in everything(lambda limit, at: studio.records.jobs(me, limit=limit, offset=at)):
        if not job.is_final:
            studio.records.cancel(me, job.id)
            studio.live.request_cancel(job.id)


def _delete_files(me: Identity, studio: Studio) -> None:
    studio.media.delete(files_of(me, studio))
