"""What can be ordered for a project: enhanced words, stills, a video, and any of them again.

Nothing is queued before the policy has let it pass. The database reserves the credits with the
job in one transaction, and the same order twice, by a double click or from a second tab, is one
job and one charge.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.catalog import family
from ourvidz.domain.credits import price
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Job, JobKind, NewJob
from ourvidz.domain.library import Project, check_text
from ourvidz.domain.orders import enhance_params, preview_params, video_params
from ourvidz.domain.request import FPS, Profile, VideoRequest
from ourvidz.pipeline.budget import expected_seconds
from ourvidz.pipeline.profiles import MAX_DRAWN_SEED, resolve
from ourvidz.studio.door import Act, Studio, admit, as_id, judge
from ourvidz.studio.drafts import checked_seed
from ourvidz.studio.jobs import everything
from ourvidz.studio.words import Words, words_of

MAX_KEY_CHARS = 100


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a video would cost. have: credits on the account. The database charges by its own
    table, which holds the same prices.

    seconds: the median that such videos took lately on these machines, whoever ordered them;
    before there were any what the planner expects, None where its speeds are not known here.
    """

    credits: int
    have: int
    seconds: float | None


def quote(me: Identity, studio: Studio, project_id: UUID | str) -> Quote:
    """The price of the project's video in credits and in time, before anything is spent."""
    admit(me, studio)
    found = studio.records.project(me, as_id(project_id))
    wanted = found.model, found.profile, max(1, round(found.seconds * FPS))
    seconds = studio.records.typical_s(me, *wanted)
    machine = studio.machine() if seconds is None else None
    if machine is not None:
        seconds = expected_seconds(*wanted, machine)
    return Quote(
        credits=price(found.seconds), have=studio.records.account(me).credits, seconds=seconds
    )


def enhance(
    me: Identity,
    studio: Studio,
    project_id: UUID | str,
    *,
    seed: int | None = None,
    key: str | None = None,
) -> Job:
    """Order cinematic words for the project's prompt; another seed gives other words.

    The job writes them into the project, unless the prompt has changed by then.
    """
    admit(me, studio, "enhance")
    found = studio.records.project(me, as_id(project_id))
    words = words_of(me, studio, found)
    seed = checked_seed("seed", seed)
    params = enhance_params(found.prompt, _drawn() if seed is None else seed)
    return _order(me, studio, found, words, _Order("enhance", params, seed, key))


def preview(
    me: Identity,
    studio: Studio,
    project_id: UUID | str,
    *,
    num_images: int = 4,
    seed: int | None = None,
    key: str | None = None,
) -> Job:
    """Order 1 to 4 candidate pictures; without any seed they are new ones each time."""
    admit(me, studio, "preview")
    found = studio.records.project(me, as_id(project_id))
    words = words_of(me, studio, found)
    seed = found.seed if seed is None else checked_seed("seed", seed)
    params = preview_params(resolve(_request(found, words, 1, seed)), num_images)
    job = _order(me, studio, found, words, _Order("preview", params, seed, key))
    if found.preview_job_id != job.id:
        studio.records.change_project(me, found.id, {"preview_job_id": job.id, "step": "preview"})
    return job


def last_frame(me: Identity, studio: Studio, project_id: UUID | str, clip_key: str) -> Job:
    """Order the last frame of one's own clip as the only picture on offer, by a seed of its own."""
    admit(me, studio, "preview")
    found = studio.records.project(me, as_id(project_id))
    words = words_of(me, studio, found)
    params = preview_params(resolve(_request(found, words, 1, None)), 1, clip_key=clip_key)
    job = _order(me, studio, found, words, _Order("preview", params, None, "last frame"))
    studio.records.change_project(me, found.id, {"preview_job_id": job.id, "step": "preview"})
    return job


def render(
    me: Identity,
    studio: Studio,
    project_id: UUID | str,
    *,
    seed: int | None = None,
    key: str | None = None,
) -> Job:
    """Order the video. It starts from the approved still; without one, from the words alone.

    seed: another one than the still's, for another take of it.

    Raises NotEnoughCredits; nothing is spent then.
    """
    admit(me, studio, "render")
    found = studio.records.project(me, as_id(project_id))
    words = words_of(me, studio, found)
    kept = found.image_seed if found.image_key else found.seed
    seed = kept if seed is None else checked_seed("seed", seed)
    request = resolve(_request(found, words, _frames(found), seed))
    params = video_params(request, image_key=found.image_key)
    job = _order(me, studio, found, words, _Order("video", params, seed, key))
    if found.step != "render" and not job.is_final:
        studio.records.change_project(me, found.id, {"step": "render"})
    return job


def retry(me: Identity, studio: Studio, job_id: UUID | str) -> Job:
    """Order what failed or was cancelled once more, exactly as it was, and pay for it anew.

    Raises NotAllowed while the job goes on, and when it has succeeded.
    """
    admit(me, studio)
    old = studio.records.job(me, as_id(job_id))
    if old.kind == "film":
        raise NotAllowed("A film goes on from its storyboard: open it under Films and render it.")
    if old.state not in _LOST or old.kind not in _ACTS:
        raise NotAllowed("Only what failed or was cancelled can be tried again.")
    admit(me, studio, _ACTS[old.kind])
    texts = [str(old.params.get(name) or "") for name in ("prompt", "enhanced_prompt")]
    judge(me, studio, texts, negative_prompt=str(old.params.get("negative_prompt") or ""))
    again = old
    while again.state in _LOST:  # a second time, once the first one has failed too
        new = NewJob(
            kind=old.kind,
            params=old.params,
            model=old.model,
            idempotency_key=f"retry:{again.id}",
            project_id=old.project_id,
        )
        again = studio.records.enqueue(me, new)
    studio.live.ring(again.model)
    if again.kind == "preview" and again.project_id is not None:
        studio.records.change_project(me, again.project_id, {"preview_job_id": again.id})
    return again


_ACTS: Mapping[JobKind, Act] = MappingProxyType(
    {"enhance": "enhance", "preview": "preview", "video": "render"}
)
_LOST = frozenset({"failed", "cancelled"})


@dataclass(frozen=True)
class _Order:
    """seed: what the user asked for, None for a new one each time. key: the caller's, if any."""

    kind: JobKind
    params: Mapping[str, Any]
    seed: int | None
    key: str | None


def _order(me: Identity, studio: Studio, found: Project, words: Words, order: _Order) -> Job:
    """Judge, queue, and ring after the commit."""
    key = _checked_key(order.key) or _same_order(me, studio, found, order)
    texts = [found.title, words.prompt, words.enhanced or found.enhanced_prompt or ""]
    judge(me, studio, texts, negative_prompt=words.negative)
    new = NewJob(
        kind=order.kind,
        params=order.params,
        model=found.model,
        idempotency_key=f"{order.kind}:{found.id}:{key}",
        project_id=found.id,
    )
    job = studio.records.enqueue(me, new)
    if job.state == "queued":
        studio.live.ring(job.model)
    return job


def _same_order(me: Identity, studio: Studio, found: Project, order: _Order) -> str:
    """A key that is the same for the same order until a job of its kind has ended."""

    def page(limit: int, offset: int) -> list[Job]:
        return studio.records.jobs(me, project_id=found.id, limit=limit, offset=offset)

    ended = (job.id for job in everything(page) if job.kind == order.kind and job.is_final)
    wish = {**order.params, "seed": order.seed, "after": str(next(ended, ""))}
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()


def _checked_key(key: Any) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not key.strip():
        raise InvalidRequest("key", "must be a text, the same one for the same click")
    check_text("key", key, MAX_KEY_CHARS)
    return key


def _request(found: Project, words: Words, num_frames: int, seed: int | None) -> VideoRequest:
    """What the model is asked for; the picture only says that there is one."""
    starts_from_still = found.image_key is not None and num_frames > 1
    return VideoRequest(
        prompt=words.prompt,
        enhanced_prompt=words.enhanced,
        negative_prompt=words.negative,
        model=found.model,
        profile=cast("Profile", found.profile),
        num_frames=num_frames,
        seed=_drawn() if seed is None else seed,
        image=Path("still.png") if starts_from_still else None,
    )


def _frames(found: Project) -> int:
    """Frames of one clip of that length; films of several clips are ordered elsewhere."""
    longest_s = family(found.model).max_frames // FPS
    if found.seconds > longest_s:
        raise InvalidRequest(
            "seconds", f"{found.model} makes at most {longest_s} s at once; choose {longest_s}"
        )
    return max(1, round(found.seconds * FPS))


def _drawn() -> int:
    return secrets.randbelow(MAX_DRAWN_SEED)
