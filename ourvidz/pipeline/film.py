"""A film on one machine: keyframes, then every shot between its own two, then one file.

Everything that is finished stays in the film's folder. Stopped at any moment, the next run makes
only what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ourvidz.domain.clip import Still
from ourvidz.domain.film import Film, Keyframe, Shot
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.delivery import prepare_folder
from ourvidz.pipeline.film_abilities import can, notes_of, overlap_of
from ourvidz.pipeline.film_clock import FilmClock
from ourvidz.pipeline.film_folder import Facts, FilmFolder, content, is_whole
from ourvidz.pipeline.generate import extend, generate_clip, preview
from ourvidz.pipeline.keyframes import can_derive, derive_keyframes, run_frames
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.profiles import ability_of, resolve
from ourvidz.pipeline.scratch import Scratch
from ourvidz.pipeline.soundtrack import check_soundtrack
from ourvidz.pipeline.stitch import Part, check_out, stitch

#: What a still costs beside the frames of a clip, in frames: most of it is not sampling.
STILL_FRAMES = 8


@dataclass(frozen=True, kw_only=True)
class RenderedFilm:
    """A finished film and what it took.

    path: the MP4, None when only stills were asked for. stills: by keyframe, clips: by shot, in
    order. stills_made, clips_made: how many were not there before. notes: what the model could
    not do, and what was done instead.
    """

    path: Path | None
    film: Film
    stills: tuple[Path, ...]
    clips: tuple[Path, ...]
    stills_made: int
    clips_made: int
    notes: tuple[str, ...]


def render_film(
    film: Film,
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    folder: Path = Path(),
    *,
    out: Path | None = None,
    output_size: tuple[int, int] | None = None,
    soundtrack: Path | None = None,
) -> RenderedFilm:
    """Make what `folder` does not have yet, and join it to one MP4.

    out: the film's file; None is film.mp4 in the folder. output_size: (width, height) px; None
    is the family's delivery size. soundtrack: music for it.

    Raises as `render` does, `Cancelled` from `on_progress` included; what was finished before
    stays in the folder.
    """
    out = out or folder / "film.mp4"
    check_out(out, [soundtrack] if soundtrack else ())  # now, not after hours of rendering
    if soundtrack is not None:
        check_soundtrack(soundtrack)
    prepare_folder(out.parent)
    with FilmFolder(folder).claimed() as claimed:
        work = _Work(film, manager, claimed, on_progress, output_size)
        stills = work.make_stills()
        clips = work.make_clips(stills)
        facts = {"title": film.title, "model": film.model, "continuity": film.continuity}
        joined = stitch(
            _parts(film, clips),
            out,
            on_progress=on_progress,
            soundtrack=soundtrack,
            metadata={**facts, "profile": film.profile, "seed": str(film.seed)},
        )
        return work.result(joined.path, stills, clips, joined.notes)


def render_keyframes(
    film: Film,
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    folder: Path = Path(),
    *,
    output_size: tuple[int, int] | None = None,
) -> RenderedFilm:
    """Only the stills of a film, to look at before its shots are rendered."""
    with FilmFolder(folder).claimed() as claimed:
        work = _Work(film, manager, claimed, on_progress, output_size)
        return work.result(None, work.make_stills(), [], ())


def _parts(film: Film, clips: Sequence[Path]) -> list[Part]:
    """The clips, each with how it meets the next one."""
    parts = [
        Part(
            path=clips[seam.before],
            transition=seam.transition,
            transition_frames=max(1, seam.frames),  # means nothing for a cut
        )
        for seam in film.seams
    ]
    return [*parts, Part(path=clips[-1])]


@dataclass(frozen=True)
class _Job:
    """Where one render writes, takes up what an earlier one finished, and reports."""

    where: Path
    scratch: Scratch
    on_progress: OnProgress


class _Work:
    """One run on one film."""

    def __init__(
        self,
        film: Film,
        manager: ModelManager,
        folder: FilmFolder,
        on_progress: OnProgress,
        output_size: tuple[int, int] | None,
    ) -> None:
        self.film, self.manager, self.folder = film, manager, folder
        self._output_size = output_size
        self._stills_made = self._clips_made = 0
        self._facts = Facts(manager)
        self._scenes = [list(some) for _, some in groupby(film.keyframes, lambda one: one.scene_id)]
        pieces = [n for some in self._scenes for n in (STILL_FRAMES, run_frames(some[1:])) if n]
        pieces += [shot.num_frames + 1 for shot in film.shots]
        self._clock = FilmClock(on_progress, sum(pieces), len(pieces))
        folder.save(film)

    def result(
        self,
        path: Path | None,
        stills: dict[str, Path],
        clips: Sequence[Path],
        notes: Sequence[str],
    ) -> RenderedFilm:
        """What came of it."""
        return RenderedFilm(
            path=path,
            film=self.film,
            stills=tuple(stills.values()),
            clips=tuple(clips),
            stills_made=self._stills_made,
            clips_made=self._clips_made,
            notes=(*notes_of(self.film), *notes),
        )

    def make_stills(self) -> dict[str, Path]:
        """All keyframes by key, in order."""
        found: dict[str, Path] = {}
        for keyframes in self._scenes:
            found |= self._scene_stills(keyframes)
        return found

    def _scene_stills(self, keyframes: list[Keyframe]) -> dict[str, Path]:
        master, *later = keyframes
        request = resolve(self._sized(self.film.still_request(master)))
        facts = self._facts.of(request, "image")
        path = self.folder.still(f"{master.scene_id}-0", facts)
        if path.exists():
            self._clock.found(STILL_FRAMES)
        else:
            with self._job(STILL_FRAMES) as job:
                stills = preview(
                    request,
                    self.manager,
                    job.on_progress,
                    job.where,
                    num_images=1,
                    scratch=job.scratch,
                )
                self._keep_stills(stills, [path])
        return {master.key: path, **self._derived(request, path, later)}

    def _derived(
        self, request: VideoRequest, master: Path, later: list[Keyframe]
    ) -> dict[str, Path]:
        if not later:
            return {}
        ability = "first_frame" if can_derive(request) else "image"
        facts = self._facts.of(request.replace(seed=later[0].seed), ability)
        facts |= {"master": content(master), "frames": run_frames(later)}
        paths = {
            one.key: self.folder.still(f"{one.scene_id}-{one.place}", facts | {"place": one.place})
            for one in later
        }
        if all(path.exists() for path in paths.values()):
            self._clock.found(run_frames(later))
            return paths
        with self._job(run_frames(later)) as job:
            stills = derive_keyframes(
                request,
                master,
                later,
                self.manager,
                job.on_progress,
                job.where,
                scratch=job.scratch,
            )
            self._keep_stills(stills, [*paths.values()])
        return paths

    def _keep_stills(self, stills: Sequence[Still], paths: Sequence[Path]) -> None:
        for still, path in zip(stills, paths, strict=True):
            still.path.replace(path)
            self._stills_made += 1

    def make_clips(self, stills: dict[str, Path]) -> list[Path]:
        """All shots in order. Only chained ones wait for each other."""
        clips: list[Path] = []
        wanted: list[tuple[VideoRequest, Path | None, Path]] = []
        for shot in self.film.shots:
            request = self._pictured(shot, stills)
            before = clips[-1] if shot.place and overlap_of(self.film) else None
            clips.append(self._clip_path(shot, request, before))
            if is_whole(clips[-1], shot.num_frames):
                self._clock.found(shot.num_frames + 1)
            else:
                wanted.append((request, before, clips[-1]))
        for request, before, path in wanted:
            self._make_clip(request, before, path)
        return clips

    def _pictured(self, shot: Shot, stills: dict[str, Path]) -> VideoRequest:
        """What the model is asked for a shot, with as many of its pictures as it can be given."""
        request = self._sized(self.film.shot_request(shot))
        if shot.first_keyframe and can(self.film, "first_frame"):
            request = request.replace(image=stills[shot.first_keyframe])
            if shot.last_keyframe and can(self.film, "first_last_frame"):
                request = request.replace(last_image=stills[shot.last_keyframe])
        return resolve(request)

    def _clip_path(self, shot: Shot, request: VideoRequest, before: Path | None) -> Path:
        """Where the shot's clip is or would be. A chained one depends on all before it."""
        ability = "extension" if before and overlap_of(self.film) > 1 else ability_of(request)
        facts = self._facts.of(request, ability)
        facts |= {"first": content(request.image), "last": content(request.last_image)}
        facts |= {"before": before and before.name, "overlap": before and overlap_of(self.film)}
        return self.folder.clip(f"{shot.scene_id}-{shot.place}", facts)

    def _make_clip(self, request: VideoRequest, before: Path | None, path: Path) -> None:
        with self._job(request.num_frames + 1) as job:
            if before:
                clip = extend(
                    before,
                    request,
                    self.manager,
                    job.on_progress,
                    job.where,
                    overlap_frames=overlap_of(self.film),
                    scratch=job.scratch,
                )
            else:
                clip = generate_clip(
                    request, self.manager, job.on_progress, job.where, scratch=job.scratch
                )
            clip.thumbnail.replace(path.with_suffix(".jpg"))
            clip.path.replace(path)
        self._clips_made += 1

    def _sized(self, request: VideoRequest) -> VideoRequest:
        return request.replace(output_size=self._output_size)

    @contextmanager
    def _job(self, frames: int) -> Iterator[_Job]:
        """One render of so many sampled frames, in a folder of its own."""
        with self.folder.job() as where, self._clock.piece(frames) as on_progress:
            yield _Job(where, Scratch(self.folder.scratch), on_progress)
