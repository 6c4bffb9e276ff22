"""What a film's model can do for it in its profile, and what is done instead of the rest."""

from __future__ import annotations

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Ability
from ourvidz.domain.film import Film
from ourvidz.domain.request import VideoRequest

#: Frames of the shot before that a chained shot is given: enough to see the motion.
CHAIN_FRAMES = 5


def can(film: Film | VideoRequest, ability: Ability) -> bool:
    """Whether its model can do it, and in its profile: not every one has a fast version.

    >>> from ourvidz.domain.scene import Scene
    >>> film = Film(title="Sea", scenes=(Scene(id="a", prompt="a boat"),), model="wan2.1-1.3b")
    >>> can(film, "text_to_video"), can(film, "first_last_frame")
    (True, False)
    """
    model = family(film.model)
    try:
        model.sampling(film.profile, ability)
    except InvalidRequest:
        return False
    return ability in model.abilities


def overlap_of(film: Film) -> int:
    """Frames that a chained shot shares with the one before; 0 when shots are not chained."""
    if film.continuity != "chained":
        return 0
    return CHAIN_FRAMES if can(film, "extension") else int(can(film, "first_frame"))


def notes_of(film: Film) -> tuple[str, ...]:
    """What the film lacks by its model, in plain words; empty for nothing."""
    who = f"{film.model} ({film.profile})"
    if not can(film, "first_frame"):
        return (f"{who} can not start from a picture: shots share words, not pictures",)
    if film.continuity == "anchored" and not can(film, "first_last_frame"):
        return (f"{who} can not end at a picture: seams inside a scene may show",)
    if film.continuity == "chained" and not can(film, "extension"):
        return (f"{who} can not go on from several frames: motion starts anew in each shot",)
    return ()
