"""What of films is shown, and its markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.domain.library import MAX_NAME_CHARS
from ourvidz.domain.request import MAX_PROMPT_CHARS
from ourvidz.domain.storyboard import Storyboard
from ourvidz.domain.storyboard_text import format_storyboard
from ourvidz.studio import characters, films, jobs
from ourvidz.studio.door import Studio
from ourvidz.web.create.markup import span
from ourvidz.web.film.standing import standing
from ourvidz.web.pages.markup import render
from ourvidz.web.texts_film import FILMS

_SHOWN = 24
#: Every character may take nine.
MAX_QUERY_CHARS = 9 * MAX_PROMPT_CHARS


@dataclass(frozen=True, kw_only=True)
class View:
    """What is asked for; it stands in the address.

    text: the storyboard as text, not as cards. idea: words to begin a new film with. page: of all
    films, the last touched first.
    """

    film: UUID | None = None
    text: bool = False
    idea: str = ""
    page: int = 1

    @staticmethod
    def of(query: str) -> View:
        """
        >>> View.of("?film=7") == View.of("?text=1") == View.of("?page=-1") == View()
        True
        >>> View.of("?page=2").page
        2
        """
        values = parse_qs(query.lstrip("?")[:MAX_QUERY_CHARS])
        try:
            film = UUID(values.get("film", [""])[0])
        except ValueError:
            page = values.get("page", [""])[0]
            return View(
                idea=values.get("idea", [""])[0][:MAX_PROMPT_CHARS],
                page=max(1, int(page)) if re.fullmatch("[0-9]{1,6}", page) else 1,
            )
        return View(film=film, text="text" in values)

    def query(self) -> str:
        """
        >>> View(film=UUID(int=7), text=True).query()
        '?film=00000000-0000-0000-0000-000000000007&text=1'
        """
        page = self.page if self.page > 1 else None
        said = {"film": self.film, "text": 1 if self.text else None, "page": page}
        return "?" + urlencode({name: value for name, value in said.items() if value})


def shown(me: Identity, studio: Studio, view: View, *, undo: str = "", goto: str = "") -> str:
    """All films, or one. undo: scenes of before, offered back; goto: where the browser goes on to.

    Raises NotAllowed for a film that is not theirs.
    """
    if view.film is None:
        return _listed(me, studio, goto, view)
    board = films.film(me, studio, view.film)
    if view.text:
        return render(
            "storyboard_text.html",
            t=FILMS,
            whose=me.user_id,
            board=board,
            title=board.title or FILMS["untitled"],
            text=format_storyboard([one for one in board.scenes if one.prompt.strip()]),
            cards=View(film=board.id).query(),
            goto=goto,
        )
    return render(
        "storyboard.html",
        t=FILMS,
        whose=me.user_id,
        board=board,
        title=board.title or FILMS["untitled"],
        now=standing(me, studio, board),
        names=_names(me, studio, board),
        text_view=View(film=board.id, text=True).query(),
        undo=undo,
        goto=goto,
        span=span,
        clock=clock,
        max_prompt=MAX_PROMPT_CHARS,
        max_title=MAX_NAME_CHARS,
    )


def _listed(me: Identity, studio: Studio, goto: str, view: View) -> str:
    found = films.films(me, studio, limit=_SHOWN + 1, offset=(view.page - 1) * _SHOWN)
    return render(
        "films.html",
        t=FILMS,
        whose=me.user_id,
        films=[(one, _state_of(me, studio, one)) for one in found[:_SHOWN]],
        query=lambda film: View(film=film.id).query(),
        length=lambda film: clock(sum(scene.seconds for scene in film.scenes)),
        first=lambda film: film.scenes[0].prompt if film.scenes else "",
        newer=View(page=view.page - 1).query() if view.page > 1 else "",
        older=View(page=view.page + 1).query() if len(found) > _SHOWN else "",
        goto=goto,
        idea=view.idea,
        max_prompt=MAX_PROMPT_CHARS,
    )


def _state_of(me: Identity, studio: Studio, film: Storyboard) -> str:
    if film.film_job_id is None:
        return FILMS["draft"]
    return FILMS[_said(jobs.job(me, studio, film.film_job_id))]


def _said(job: Job) -> str:
    if job.state == "succeeded":
        return "done"
    return "stopped" if job.is_final else "making"


def _names(me: Identity, studio: Studio, board: Storyboard) -> list[str]:
    """Characters that can be chosen, those of the scenes among them that are not there any more."""
    own = [one.name for one in characters.characters(me, studio)]
    used = {name for scene in board.scenes for name in scene.characters}
    return own + sorted(name for name in used if name not in own)


def clock(seconds: float) -> str:
    """
    >>> clock(15), clock(60), clock(302.5)
    ('15 s', '1:00', '5:02')
    """
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}" if whole >= 60 else f"{seconds:g} s"
