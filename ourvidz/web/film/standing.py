"""Where one film stands: its pictures, its price, how far it is, and what comes next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.storyboard import Storyboard
from ourvidz.studio.door import Studio
from ourvidz.studio.film_orders import FilmQuote, quote_film
from ourvidz.studio.film_status import FilmStatus, ShotStatus, film_status
from ourvidz.studio.keyframes import Still, stills
from ourvidz.web.texts_film import FILMS
from ourvidz.web.toasts import told

#: What a person is asked for: write, wait for pictures, approve them, pay, wait, decide, watch.
Next = Literal["write", "draw", "drawing", "approve", "render", "making", "decide", "watch"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """problem: why there can be no film yet, and problem_scene the id of the scene with it."""

    stills: tuple[Still, ...]
    quote: FilmQuote | None
    status: FilmStatus | None
    problem: str
    problem_scene: str

    @property
    def next(self) -> Next:
        """What comes next."""
        if self.status and self.status.state in ("rendering", "joining"):
            return "making"
        if self.status and self.status.state == "needs_you":
            return "decide"
        if self.quote is None:
            return "write"
        if self.is_drawing:
            return "drawing"
        if self.undrawn:
            return "draw"
        if self.quote.unapproved:
            return "approve"
        done = self.status and self.status.state == "finished" and not self.quote.missing
        return "watch" if done else "render"

    @property
    def undrawn(self) -> int:
        """Pictures that are missing, or of other words than their scene has now."""
        return sum(one.state in ("missing", "failed") or one.is_stale for one in self.stills)

    @property
    def drawn(self) -> int:
        """Pictures that are there."""
        return sum(one.image_key is not None for one in self.stills)

    @property
    def offered(self) -> int:
        """Pictures to approve."""
        return sum(one.state == "offered" for one in self.stills)

    @property
    def is_moving(self) -> bool:
        """Whether it changes by itself."""
        is_making = self.status and self.status.state in ("rendering", "joining")
        return bool(is_making) or self.is_drawing

    @property
    def is_drawing(self) -> bool:
        """Whether some picture is being made."""
        return any(one.state == "making" for one in self.stills)

    def stills_of(self, scene_id: str) -> Sequence[Still]:
        """Those of one scene, in order."""
        return [one for one in self.stills if one.scene_id == scene_id]

    def shots_of(self, scene_id: str) -> Sequence[ShotStatus]:
        """Those of one scene as they were ordered, in order."""
        shots = self.status.shots if self.status else ()
        return [one for one in shots if one.shot.partition("/")[0] == scene_id]

    @property
    def watchable(self) -> list[str]:
        """Keys of the shots that can be watched, in order."""
        shots = self.status.shots if self.status else ()
        return [one.shot for one in shots if one.media_key is not None]

    @property
    def stamp(self) -> str:
        """Another one when what is shown has changed, progress aside."""
        status = self.status
        said = (
            [(one.key, one.state, one.image_key, one.is_stale) for one in self.stills],
            status and (status.state, status.video and status.video.id),
            status and [(one.shot, one.state, one.media_key, one.again) for one in status.shots],
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    def said(self) -> Mapping[str, object]:
        """For a page that follows it."""
        status = self.status
        return {
            "stamp": self.stamp,
            "moving": self.is_moving,
            "drawn": self.drawn,
            "stills": len(self.stills),
            "progress": status.progress if status else 0.0,
            "eta_s": status.eta_s if status else None,
            "workers": status.workers if status else None,
            "finished": status.finished if status else 0,
            "shots": {one.shot: round(one.progress, 3) for one in (status.shots if status else ())},
            "clips": self.watchable,
        }


def standing(me: Identity, studio: Studio, board: Storyboard, *, priced: bool = True) -> Standing:
    """How a film of theirs stands now; not priced: for who only follows it."""
    made: tuple[Still, ...] = ()
    quote, scene, text = None, "", ""
    try:
        made = stills(me, studio, board.id)
        quote = quote_film(me, studio, board.id) if priced else None
    except InvalidRequest as error:
        scene, text = problem(error, board)
    status = film_status(me, studio, board.id)
    return Standing(stills=made, quote=quote, status=status, problem=text, problem_scene=scene)


def problem(error: InvalidRequest, board: Storyboard) -> tuple[str, str]:
    """(id of the scene or "", text) of what is not ready, the scene called by its number."""
    number, _, name = error.field.removeprefix("scenes[").partition("].")
    if not error.field.startswith("scenes[") or not number.isdigit():
        return "", FILMS["empty_scenes"] if not board.scenes else told(error)
    index = int(number)
    scene = board.scenes[index].id if index < len(board.scenes) else ""
    return scene, f"{FILMS['scene'].format(index + 1)}: {FILMS['fields'][name]} {error.reason}."
