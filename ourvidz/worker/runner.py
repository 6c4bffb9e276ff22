"""What the child runs: a job's params become files and a result, by the pipeline."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from ourvidz.domain.clip import Still
from ourvidz.domain.errors import Cancelled, OurVidzError, PolicyRefused
from ourvidz.domain.film_orders import is_stills, join_of, stills_of
from ourvidz.domain.orders import enhance_order, num_images_of, request_of
from ourvidz.domain.progress import OnProgress, Progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import Speeds
from ourvidz.ports import Policy
from ourvidz.worker.films import join_film, make_stills
from ourvidz.worker.messages import Parcel, Ready, Task
from ourvidz.worker.settings import WorkerSettings

if TYPE_CHECKING:
    from ourvidz.pipeline import ModelManager
    from ourvidz.pipeline.scratch import Scratch

#: Called in the child process, so it must be picklable: a function of a module, or a partial.
PolicyFactory = Callable[[], Policy]

log = logging.getLogger(__name__)

LIVE_WIDTH_PX = 640
_REFUSED_RESULT = "The enhanced text was not used: it does not keep to the content rules."


class Runner(Protocol):
    """Runs one task after the other in the child, and keeps what it has loaded."""

    #: The family in memory, None when there is none.
    loaded: str | None

    def ready(self) -> Ready:
        """What it runs on."""
        ...

    def rest(self, is_wanted: Callable[[], bool]) -> None:
        """Called before it waits for a task: what it wants to know meanwhile, for a few seconds.

        Returns soon once `is_wanted()`; raises nothing.
        """
        ...

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        """JSON values and Parcels. Raises what `domain.errors` has; anything else is a bug."""
        ...


#: Makes the runner inside the child; picklable, as `PolicyFactory` is.
RunnerFactory = Callable[[WorkerSettings, PolicyFactory], Runner]


class PipelineRunner:
    """`Runner` on the pipeline, with one `ModelManager` for all jobs.

    Words are judged here once more before any GPU work: what is in the queue is not believed.
    That an account's age is verified is: the database takes no job of any other.
    """

    def __init__(self, settings: WorkerSettings, policy_factory: PolicyFactory) -> None:
        self._policy = policy_factory()  # first: without it there is no reason to load anything
        from ourvidz.pipeline import ModelManager

        path = settings.speeds_path
        self._manager: ModelManager = ModelManager(
            models_dir=settings.models_dir,
            device=settings.device,
            speeds=Speeds(path) if path else None,
        )
        self._settings = settings
        self._is_rested = path is None
        self.loaded: str | None = None

    def ready(self) -> Ready:
        """See `Runner`."""
        return Ready(device=self._manager.device_name, memory_bytes=self._manager.memory_bytes)

    def rest(self, is_wanted: Callable[[], bool]) -> None:
        """See `Runner`: a machine of which nothing is known yet finds out how fast it is."""
        if self._is_rested or is_wanted():
            return
        from ourvidz.pipeline.rehearsal import find_out

        def look(progress: Progress) -> None:
            if is_wanted():
                raise Cancelled

        scratch_dir = self._settings.scratch_dir
        try:
            scratch_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Called like a job's folder, so that it is swept should this process be killed.
            folder = scratch_dir / str(uuid4())
            find_out(self._manager, self._settings.models, look, folder)
        except Cancelled:
            return  # the task goes before; there is a next rest
        except OurVidzError as error:
            log.warning("the speed of this machine is not known yet: %s", error)
        except Exception:  # a missing estimate must not end the process
            log.warning("the speed of this machine is not known yet", exc_info=True)
        self._is_rested = True

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        """See `Runner`."""
        from ourvidz.pipeline.scratch import Scratch

        scratch = Scratch(task.scratch_dir)
        if task.kind == "enhance":
            return self._enhance(task, on_progress, scratch)
        if task.kind == "stitch":
            return self._join(task, on_progress)
        if is_stills(task.params):
            return self._stills(task, on_progress, scratch)
        request = request_of(task.kind, task.params, task.image, task.last_image)
        self._judge(request, has_image=_is_uploaded(task))
        if request.seed is None:  # the same one in every attempt
            request = request.replace(seed=task.job_id.int % 2**31)
        if task.clip and task.kind == "preview":
            return self._last_frame(task, task.clip, request, on_progress)
        self.loaded = request.model
        if task.kind == "preview":
            return self._preview(task, request, on_progress, scratch)
        return self._video(task, request, on_progress, scratch)

    def _enhance(self, task: Task, on_progress: OnProgress, scratch: Scratch) -> dict[str, Any]:
        from ourvidz.pipeline import enhance

        prompt, seed = enhance_order(task.params)
        self._policy.check([prompt], adult_verified=True)
        facts = {"prompt": prompt, "seed": seed}
        words = scratch.words("enhancement", facts)
        if words is None:
            made = enhance(prompt, self._manager, seed=seed, on_progress=on_progress)
            words = {"enhanced": made.enhanced, "source": made.source, "reason": made.reason}
            words["seconds"] = f"{made.seconds:.3f}"
            scratch.keep_words("enhancement", facts, words)
        result = {"original": prompt, **words, "seconds": float(words["seconds"])}
        try:
            self._policy.check([prompt, words["enhanced"]], adult_verified=True)
        except PolicyRefused:
            result |= {"enhanced": prompt, "source": "original", "reason": _REFUSED_RESULT}
        return result

    def _preview(
        self, task: Task, request: VideoRequest, on_progress: OnProgress, scratch: Scratch
    ) -> dict[str, Any]:
        from ourvidz.pipeline.generate import preview

        stills = preview(
            request,
            self._manager,
            on_progress,
            task.out_dir,
            num_images=num_images_of(task.params),
            scratch=scratch,
        )
        return _offered(stills)

    def _last_frame(
        self, task: Task, clip: Path, request: VideoRequest, on_progress: OnProgress
    ) -> dict[str, Any]:
        from ourvidz.pipeline.last_frame import last_frame

        return _offered([last_frame(clip, task.out_dir, on_progress, seed=request.seed or 0)])

    def _stills(self, task: Task, on_progress: OnProgress, scratch: Scratch) -> dict[str, Any]:
        wanted = stills_of(task.params)
        self._judge(wanted.request, has_image=False)
        self.loaded = wanted.request.model
        return make_stills(task, wanted, self._manager, on_progress, scratch)

    def _join(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        join = join_of(task.params)
        self._policy.check([join.title], adult_verified=True)
        return join_film(task, join, on_progress)

    def _video(
        self, task: Task, request: VideoRequest, on_progress: OnProgress, scratch: Scratch
    ) -> dict[str, Any]:
        from ourvidz.pipeline.film_abilities import CHAIN_FRAMES, can
        from ourvidz.pipeline.generate import extend, generate_clip

        if task.clip:
            seen = CHAIN_FRAMES if can(request, "extension") else 1
            clip = extend(
                task.clip,
                request,
                self._manager,
                on_progress,
                task.out_dir,
                overlap_frames=seen,
                scratch=scratch,
            )
        else:
            clip = generate_clip(request, self._manager, on_progress, task.out_dir, scratch=scratch)
        bucket = "videos-final"
        return {
            "media_key": Parcel(path=clip.path, bucket=bucket, content_type="video/mp4"),
            "thumbnail_key": Parcel(path=clip.thumbnail, bucket=bucket, content_type="image/jpeg"),
            "width": clip.width,
            "height": clip.height,
            "num_frames": clip.num_frames,
            "fps": clip.fps,
            "seconds": clip.seconds,
            "seed": clip.seed,
            "size_bytes": clip.path.stat().st_size,
            "metadata": dict(clip.metadata),
            "seconds_by_stage": {k: round(v, 3) for k, v in clip.seconds_by_stage.items()},
            "peak_bytes": clip.peak_bytes,
        }

    def _judge(self, request: VideoRequest, *, has_image: bool) -> None:
        self._policy.check(
            [text for text in (request.prompt, request.enhanced_prompt) if text],
            negative_prompt=request.negative_prompt,
            adult_verified=True,
            has_reference_image=has_image,
        )


def _offered(stills: Sequence[Still]) -> dict[str, Any]:
    return {
        "stills": [
            {
                "key": Parcel(path=still.path, bucket="videos-preview", content_type="image/png"),
                "seed": still.seed,
                "width": still.width,
                "height": still.height,
            }
            for still in stills
        ]
    }


def texts_of(task: Task) -> tuple[Sequence[str], str]:
    """The words of a task and its negative prompt, as far as they are texts."""
    names = ("prompt", "enhanced_prompt")
    texts = [text for name in names if isinstance(text := task.params.get(name), str) and text]
    return texts, str(task.params.get("negative_prompt") or "")


def jpeg_of(frame: Any) -> bytes:
    """A frame (H, W, 3) uint8 as JPEG, at most LIVE_WIDTH_PX wide."""
    from PIL import Image

    image = Image.fromarray(frame)
    image.thumbnail((LIVE_WIDTH_PX, LIVE_WIDTH_PX))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return written.getvalue()


def _is_uploaded(task: Task) -> bool:
    """Whether a picture of someone outside may be in it: stills of previews were made here."""
    keys = [task.params.get("image_key"), task.params.get("last_image_key")]
    return any(key and not str(key).startswith("videos-preview/") for key in keys)
