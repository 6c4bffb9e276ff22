"""Now: the line, the workers, what needs somebody, what admins did."""

from __future__ import annotations

from datetime import UTC, datetime

from ourvidz.domain.account import Identity
from ourvidz.studio import admin
from ourvidz.studio.door import Studio
from ourvidz.web.guard import Desk
from ourvidz.web.pages.admin import frame
from ourvidz.web.pages.markup import Answer, Press, render
from ourvidz.web.texts_admin import ADMIN
from ourvidz.web.words import NONE, brief

PATH, TITLE = "", ADMIN["overview"]


def build(desk: Desk) -> None:
    """The page."""
    frame.bar(PATH)
    frame.board(desk, "overview", TITLE, acted)


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Drain, let work again, close an alert; then how things stand."""
    said = ""
    if press.act in ("drain", "undrain"):
        admin.drain(me, studio, press.id, on=press.act == "drain")
        said = ADMIN["said"][press.act]
    elif press.act == "close":
        admin.close_alert(me, studio, press.id)
        said = ADMIN["said"]["close"]
    return Answer(markup=shown(admin.now(me, studio), datetime.now(UTC)), said=said)


def shown(now: admin.Now, at: datetime) -> str:
    """The page as HTML."""
    video = next((one for one in now.today if one.kind == "video"), None)
    success = video.success if video else None
    return render(
        "admin_overview.html",
        t=ADMIN,
        now=now,
        tiles=(
            (sum(line.waiting for line in now.queues), ADMIN["waiting"], False),
            (sum(line.running for line in now.queues), ADMIN["running"], False),
            (_alive(now), ADMIN["alive"], _alive(now) == 0),
            (NONE if success is None else f"{success:.0%}", ADMIN["success"],
             success is not None and success < 0.9),
            (len(now.alerts), ADMIN["open_alerts"], bool(now.alerts)),
        ),
        brief=brief,
        since=lambda moment: brief((at - moment).total_seconds()),
        gigabytes=lambda size: f"{size / 2**30:.0f} GiB" if size else NONE,
    )  # fmt: skip


def _alive(now: admin.Now) -> int:
    return sum(not worker.is_lost for worker in now.workers)
