"""A film's folder: its storyboard, stills and clips, each found again by all that made it.

A file is named by a digest of everything it depends on, so a film that was stopped, or whose
storyboard was changed, makes only what is missing. Going back to earlier words costs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.family import Ability
from ourvidz.domain.film import Film
from ourvidz.domain.film_values import film_of, film_values
from ourvidz.domain.request import VideoRequest
from ourvidz.domain.storyboard_text import format_storyboard
from ourvidz.pipeline.delivery import prepare_folder
from ourvidz.pipeline.export import disk_errors, whole_file
from ourvidz.pipeline.finding import fingerprint
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.reading import opened

#: Changes when the same request would give other frames, so that old files are not mistaken.
_RECIPE = 2
#: Begins the name of a folder that one render writes in.
_JOB_PREFIX = "job-"


class FilmFolder:
    """Where one film is made. Nothing in it is ever wrong, only missing.

    storyboard.txt is for people to edit; film.json holds the whole film.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = prepare_folder(folder)
        self.stills = prepare_folder(folder / "stills")
        self.clips = prepare_folder(folder / "clips")
        self.scratch = folder / "scratch"
        self.storyboard = folder / "storyboard.txt"

    @contextmanager
    def claimed(self) -> Iterator[FilmFolder]:
        """This folder for one run alone; what a killed one left half done is deleted.

        Raises Unavailable while another run works in it.
        """
        with disk_errors(self.folder):
            lock = (self.folder / ".lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Unavailable(
                    "folder", f"another run works in {self.folder}; wait or choose another"
                ) from error
            for left in self.folder.glob(f"{_JOB_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield self

    def save(self, film: Film) -> None:
        """Write the film and its storyboard; each file appears whole."""
        values = json.dumps(film_values(film), ensure_ascii=False, indent=2)
        _write(self.folder / "film.json", values)
        _write(self.storyboard, format_storyboard(film.scenes) + "\n")

    def film(self) -> Film | None:
        """The film that was saved here, or None.

        Raises InvalidRequest when film.json was damaged.
        """
        path = self.folder / "film.json"
        if not path.exists():
            return None
        try:
            return film_of(json.loads(path.read_text("utf-8")))
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise InvalidRequest(
                "folder", f"{path} is damaged; delete it, the stills and clips are kept"
            ) from error

    def still(self, name: str, facts: Mapping[str, Any]) -> Path:
        """Where a still made of `facts` is, or would be."""
        return self.stills / f"{name}-{_digest(facts)}.png"

    def clip(self, name: str, facts: Mapping[str, Any]) -> Path:
        """Where a clip made of `facts` is, or would be."""
        return self.clips / f"{name}-{_digest(facts)}.mp4"

    @contextmanager
    def job(self) -> Iterator[Path]:
        """A folder for one render, gone afterwards; when all went well, so are its stages."""
        with disk_errors(self.folder):
            room = TemporaryDirectory(dir=self.folder, prefix=_JOB_PREFIX)
        with room as where:
            yield Path(where)
        shutil.rmtree(self.scratch, ignore_errors=True)


class Facts:
    """What the files of one run on a film depend on.

    The revisions of the weights are among it, so new weights make new files. They are looked at
    once: reading megabytes again for each of hundreds of shots takes its time.
    """

    def __init__(self, manager: ModelManager) -> None:
        self._manager = manager
        self._revisions: dict[tuple[str, Ability], list[str]] = {}

    def of(self, request: VideoRequest, ability: Ability) -> dict[str, Any]:
        """All that a render of `request` depends on but its pictures."""
        which = (request.model, ability)
        if which not in self._revisions:
            parts = family(request.model).checkpoint(ability).components
            folder = self._manager.models_dir
            self._revisions[which] = [fingerprint(part.source, folder) for part in parts]
        values = {k: v for k, v in asdict(request).items() if k not in ("image", "last_image")}
        revisions = self._revisions[which]
        return {**values, "ability": ability, "revisions": revisions, "recipe": _RECIPE}


def content(path: Path | None) -> str | None:
    """The digest of a file's bytes, or None for no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else None


def is_whole(clip: Path, num_frames: int) -> bool:
    """Whether a clip is there with all its frames; a damaged one counts as missing."""
    try:
        with opened(clip, probe=False) as video:
            return video.streams.video[0].frames == num_frames
    except (InvalidRequest, IndexError):
        return False


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _write(path: Path, text: str) -> None:
    with whole_file(path) as draft, disk_errors(path):
        draft.write_text(text, "utf-8")
