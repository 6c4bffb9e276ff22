"""How a film stands: shot by shot, as a whole, and where what is finished can be watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.job import FINAL, Job
from ourvidz.domain.library import Video
from ourvidz.domain.storyboard import Take
from ourvidz.studio.door import Studio, admit, as_id
from ourvidz.studio.film_orders import expected_s, line_of

#: needs_you: some shots failed, the others are there; `retry_film` or `take_film`.
FilmState = Literal["rendering", "joining", "needs_you", "finished", "cancelled"]
ShotState = Literal["waiting", "rendering", "finished", "failed", "cancelled", "gone"]

#: Seconds for which a link to a clip works.
LINK_S = 3600


@dataclass(frozen=True, kw_only=True)
class ShotStatus:
    """One shot of a film. shot: "scene-id/place". place: of the shot in the film.

    state: gone means that its clip was deleted. again: another take of it is being made.
    progress: of the take being made. job_id: of that take, or of the one that is shown. take:
    how often it was made again.
    """

    shot: str
    place: int
    state: ShotState
    again: bool
    progress: float
    error: str | None
    job_id: UUID
    take: int
    media_key: str | None


@dataclass(frozen=True, kw_only=True)
class FilmStatus:
    """A film as it was ordered. job: the film itself. progress: 0 to 1 of all of it.

    eta_s: seconds until it is joined; None when nobody can know. workers: able to go on with it.
    finished: how many shots can be watched. video: the joined film, once there is one; it may be
    of before the last retake.
    """

    job: Job
    state: FilmState
    progress: float
    eta_s: float | None
    workers: int
    shots: tuple[ShotStatus, ...]
    finished: int
    video: Video | None


def film_status(me: Identity, studio: Studio, film_id: UUID | str) -> FilmStatus | None:
    """How the last order of a film stands; None before it was ordered."""
    admit(me, studio)
    board = studio.records.storyboard(me, as_id(film_id))
    if board.film_job_id is None:
        return None
    job = studio.records.job(me, board.film_job_id)
    takes = studio.records.takes(me, job.id)
    shots = tuple(_shot(list(group)) for _, group in groupby(takes, lambda take: take.place))
    stitches = studio.records.stitches(me, job.id)
    state = _state(job, shots, stitches)
    open_shots = sum(1 - one.progress for one in shots if one.state in ("waiting", "rendering"))
    profile = str(job.params.get("profile"))
    line = line_of(me, studio, job.model, profile, max(1, round(open_shots)))
    goes_on = state in ("rendering", "joining")
    return FilmStatus(
        job=job,
        state=state,
        progress=_progress(job, shots, stitches),
        eta_s=expected_s(line, open_shots) if goes_on else None,
        workers=line.workers,
        shots=shots,
        finished=sum(one.media_key is not None for one in shots),
        video=studio.records.film_video(me, job.id),
    )


def clip_links(
    me: Identity, studio: Studio, film_id: UUID | str, shots: Sequence[str]
) -> dict[str, str]:
    """Signed links to finished clips by their shots' keys; those not finished are left out."""
    admit(me, studio)
    board = studio.records.storyboard(me, as_id(film_id))
    if board.film_job_id is None:
        return {}
    wanted = frozenset(shots)
    takes = studio.records.takes(me, board.film_job_id)  # the last one of a shot wins
    keys = {one.shot: one.media_key for one in takes if one.shot in wanted and one.media_key}
    return {shot: studio.media.url(key, expires_s=LINK_S) for shot, key in keys.items()}


def _shot(takes: list[Take]) -> ShotStatus:
    """takes: of one shot, the oldest first."""
    making = next((one for one in takes if one.state not in FINAL), None)
    delivered = [one for one in takes if one.media_key is not None]
    last = takes[-1]
    shown = making or (delivered[-1] if delivered else last)
    return ShotStatus(
        shot=last.shot,
        place=last.place,
        state=_shot_state(shown, bool(delivered)),
        again=making is not None and bool(delivered),
        progress=1.0 if shown.state == "succeeded" else shown.progress,
        error=last.error if last.state == "failed" else None,
        job_id=shown.job_id,
        take=last.number,
        media_key=delivered[-1].media_key if delivered else None,
    )


def _shot_state(shown: Take, is_delivered: bool) -> ShotState:
    if is_delivered and shown.state in FINAL:
        return "finished"
    match shown.state:
        case "queued" | "waiting":
            return "waiting"
        case "running":
            return "rendering"
        case "succeeded":
            return "gone"
        case ended:
            return ended


def _state(job: Job, shots: tuple[ShotStatus, ...], stitches: list[Job]) -> FilmState:
    if any(one.state in ("waiting", "rendering") for one in shots) and job.state != "cancelled":
        return "rendering"
    if any(not one.is_final for one in stitches) and job.state != "cancelled":
        return "joining"
    if job.state == "waiting":
        return "needs_you"
    return "finished" if job.state == "succeeded" else "cancelled"


def _progress(job: Job, shots: tuple[ShotStatus, ...], stitches: list[Job]) -> float:
    if job.state == "succeeded":
        return 1.0
    done = sum(one.progress for one in shots if one.state in ("finished", "rendering"))
    joined = next((one.progress for one in stitches if not one.is_final), 0.0)
    return 0.98 * done / max(1, len(shots)) + 0.02 * joined
