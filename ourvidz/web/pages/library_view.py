"""What of the library is shown, and its markup."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast, get_args
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.library import Piece, Shelf, Video
from ourvidz.domain.request import FPS
from ourvidz.studio import characters, library
from ourvidz.studio.door import Studio
from ourvidz.web.pages.markup import render
from ourvidz.web.texts_create import JOB
from ourvidz.web.texts_library import LIBRARY

PAGE_SIZE = 24
#: From then on a video says that it will soon be deleted.
_WARN = timedelta(days=3)
_UNDO = timedelta(hours=1)
_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


@dataclass(frozen=True, kw_only=True)
class View:
    """What is asked for; it stands in the address, so that reload and links lead back."""

    shelf: Shelf | None = None
    character: UUID | None = None
    page: int = 1

    @staticmethod
    def of(query: str) -> View:
        """
        >>> View.of("?show=failed&page=3")
        View(shelf='failed', character=None, page=3)
        >>> View.of("?show=x&page=-1&character=1'") == View()
        True
        """
        values = {name: found[0] for name, found in parse_qs(query.lstrip("?")[:1000]).items()}
        shelf, page = values.get("show"), values.get("page", "")
        try:
            character = UUID(values.get("character", ""))
        except ValueError:
            character = None
        return View(
            shelf=cast("Shelf", shelf) if shelf in get_args(Shelf) else None,
            character=character,
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def query(self, **changes: Any) -> str:
        """The address of this view with changes; another shelf or character begins at page 1.

        >>> View(page=2).query(shelf="failed"), View(shelf="failed").query(page=2), View().query()
        ('?show=failed', '?show=failed&page=2', '?')
        """
        view = replace(self, **({"page": 1} | changes))
        page = view.page if view.page > 1 else None
        said = {"show": view.shelf, "character": view.character, "page": page}
        return "?" + urlencode({name: value for name, value in said.items() if value})


def shown(
    me: Identity,
    studio: Studio,
    view: View,
    *,
    now: datetime,
    gone: Video | None = None,
    goto: str = "",
) -> str:
    """The library as HTML, by as many queries however much is in it.

    gone: just deleted, offered back. goto: where the browser goes on to.
    """
    own = characters.characters(me, studio)
    if view.character not in {one.id for one in own}:
        view = replace(view, character=None)
    counts = library.piece_counts(me, studio, character_id=view.character)
    of_all = sum(counts.get(shelf, 0) for shelf in ("finished", "making", "failed"))
    total = counts.get(view.shelf, 0) if view.shelf else of_all
    pages = max(1, math.ceil(total / PAGE_SIZE))
    view = replace(view, page=min(view.page, pages))
    first = (view.page - 1) * PAGE_SIZE
    pieces = library.pieces(
        me, studio, shelf=view.shelf, character_id=view.character, limit=PAGE_SIZE, offset=first
    )
    return render(
        "library.html",
        t=LIBRARY,
        jobs=JOB,
        jobs_json=json.dumps(dict(JOB)),
        view=view,
        characters=own,
        shelves=_shelves(view, of_all, dict(counts)),
        pieces=pieces,
        first=first + 1,
        total=total,
        pages=pages,
        gone=gone,
        goto=goto,
        title=title_of,
        seconds=_seconds,
        price=_price,
        ago=lambda at: _ago(now - at),
        left=lambda at: left(at, now),
        is_soon=lambda at: at - now < _WARN,
        undo_until=lambda video: video.deleted_at + _UNDO,
    )


def loading() -> str:
    """What is shown before the first answer."""
    return render("library_loading.html", t=LIBRARY)


def title_of(piece: Piece) -> str:
    """What a card is called: its video's title, else the words it is made from."""
    if piece.video is not None:
        return piece.video.title or LIBRARY["untitled"]
    return str(piece.job.params.get("prompt") or LIBRARY["untitled"])[:200]


def _seconds(piece: Piece) -> str:
    """Its length, "" when it is not known."""
    frames = piece.job.params.get("num_frames")
    seconds = piece.video.seconds if piece.video else frames / FPS if frames else 0
    return f"{seconds:.3g}" if seconds else ""


#: What was made a moment ago still has all its days.
_MOMENT = timedelta(minutes=1)


def left(until: datetime, now: datetime) -> str:
    """How long something is still kept: the same wherever one lives, as a date is not."""
    return span(until - now + _MOMENT)


def span(time: timedelta) -> str:
    """How long that is, rounded down, at least a minute.

    >>> span(timedelta(days=12, hours=5)), span(timedelta(minutes=61)), span(timedelta(seconds=2))
    ('12 days', '1 hour', '1 minute')
    """
    fitting = (unit for unit in _UNITS if time >= unit[1])
    unit, length = next(fitting, _UNITS[-1])
    count = max(1, time // length)
    one, many = LIBRARY["units"][unit]
    return (one if count == 1 else many).format(count)


def _shelves(view: View, of_all: int, counts: dict[Shelf, int]) -> list[tuple[str, int]]:
    """The filters with their counts; none where there is nothing at all to filter."""
    if not counts and view.character is None:
        return []
    named: list[Shelf] = ["finished", "making", "failed"]
    if counts.get("deleted") or view.shelf == "deleted":
        named.append("deleted")
    return [("", of_all), *((shelf, counts.get(shelf, 0)) for shelf in named)]


def _ago(time: timedelta) -> str:
    if time < timedelta(minutes=1):
        return LIBRARY["now"]
    return LIBRARY["ago"].format(span(time))


def _price(cost: int) -> str:
    return LIBRARY["cost_one" if cost == 1 else "cost"].format(cost)
