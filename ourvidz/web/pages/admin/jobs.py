"""Everybody's jobs: where they stand, why they failed, once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import parse_qs, urlencode

from ourvidz.domain.account import Identity
from ourvidz.domain.job import JobState
from ourvidz.domain.operations import JobView
from ourvidz.studio import admin
from ourvidz.studio.door import Studio
from ourvidz.web.guard import Desk
from ourvidz.web.pages.admin import frame
from ourvidz.web.pages.markup import Answer, Press, render
from ourvidz.web.texts_admin import ADMIN
from ourvidz.web.words import brief, counted

PATH, TITLE = "jobs", ADMIN["jobs"]
PAGE_SIZE = 25


@dataclass(frozen=True, kw_only=True)
class View:
    """Which jobs; it stands in the address. state: None for all."""

    state: JobState | None = None
    page: int = 1

    @staticmethod
    def of(query: str) -> View:
        """
        >>> View.of("?state=running&page=2"), View.of("?state='&page=-4") == View(state="failed")
        (View(state='running', page=2), True)
        """
        values = {name: found[0] for name, found in parse_qs(query.lstrip("?")[:1000]).items()}
        state, page = values.get("state", "failed"), values.get("page", "")
        if state not in (*get_args(JobState), "all"):
            state = "failed"
        return View(
            state=None if state == "all" else state,  # type: ignore[arg-type]
            page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1,
        )

    def query(self, page: int) -> str:
        """The address of another page of this list."""
        return "?" + urlencode({"state": self.state or "all", "page": page})


def build(desk: Desk) -> None:
    """The page."""
    frame.bar(PATH)
    frame.board(desk, "jobs", TITLE, acted)


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Try one again; then the list."""
    said = ""
    if press.act == "retry":
        admin.retry(me, studio, press.id)
        said = ADMIN["said"]["retry"]
    view = View.of(press.at)
    found = admin.jobs(
        me,
        studio,
        state=view.state,
        limit=PAGE_SIZE + 1,
        offset=(max(1, view.page) - 1) * PAGE_SIZE,
    )
    return Answer(markup=shown(found, view, datetime.now(UTC)), said=said)


def shown(found: list[JobView], view: View, at: datetime) -> str:
    """The page as HTML; found: one more than is shown tells that there is another page."""
    return render(
        "admin_jobs.html",
        t=ADMIN,
        view=view,
        states=("failed", "running", "queued", "succeeded", "cancelled", "all"),
        jobs=found[:PAGE_SIZE],
        has_older=len(found) > PAGE_SIZE,
        counted=counted,
        since=lambda moment: brief((at - moment).total_seconds()),
        took=lambda job: brief(((job.finished_at or at) - job.started_at).total_seconds()),
    )
