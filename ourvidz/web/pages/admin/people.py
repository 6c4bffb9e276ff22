"""Accounts: find them, grant credits, give and take the role."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from ourvidz.domain.account import Identity
from ourvidz.studio import admin
from ourvidz.studio.door import Studio
from ourvidz.web.guard import Desk
from ourvidz.web.pages.admin import frame
from ourvidz.web.pages.markup import Answer, Press, render
from ourvidz.web.texts_admin import ADMIN
from ourvidz.web.words import brief, dated, grouped

PATH, TITLE = "people", ADMIN["people"]
MOST = 50


def build(desk: Desk) -> None:
    """The page. Addresses of people never stand in the page's own address."""
    frame.bar(PATH)
    frame.board(desk, "people", TITLE, acted)


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Grant or change a role; then those who were searched for."""
    said = ""
    if press.act == "grant":
        amount, note, key = (press.text(name) for name in ("amount", "note", "key"))
        balance = admin.grant(me, studio, press.id, amount, note, key)
        said = ADMIN["said"]["grant"].format(balance)
    elif press.act == "role":
        admin.change_role(me, studio, press.id, press.text("role"))
        said = ADMIN["said"]["role"]
    search = press.text("search")[:254]
    found = admin.people(me, studio, search, limit=MOST)
    return Answer(
        markup=render(
            "admin_people.html",
            t=ADMIN,
            search=search,
            people=found,
            me=me,
            has_more=len(found) == MOST,
            most=MOST,
            # A form grants once, however often it is sent.
            new_key=uuid4,
            longest_note=admin.MAX_NOTE_CHARS,
            max_grant=admin.MAX_GRANT,
            dated=dated,
            grouped=grouped,
            named=lambda number, forms: forms[number != 1],
            since=lambda moment: brief((datetime.now(UTC) - moment).total_seconds()),
        ),
        said=said,
    )
