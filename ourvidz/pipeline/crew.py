"""One clip on several devices of this machine.

This process is the first of the crew and does everything that one process alone does. Helpers are
processes that load and encode the same and denoise along; they deliver nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ourvidz.domain.errors import InvalidRequest, OurVidzError, Unavailable
from ourvidz.domain.progress import ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.ladder import Ladder
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.parallel import joined
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Shot, sample, shot_of

_READY = ""


@dataclass(frozen=True, kw_only=True)
class _Post:
    """What a helper is told. models_dir, formats, transformer: of the manager it helps."""

    rank: int
    count: int
    device: str
    rendezvous: Path
    request: VideoRequest
    models_dir: Path | None
    formats: tuple[str, ...] | None
    transformer: Path | None
    threads: int


@contextmanager
def crewed(manager: ModelManager, request: VideoRequest, count: int) -> Iterator[None]:
    """Inside, `render(request, manager)` is done by `count` devices, of which ours is the first.

    request: with nothing left open, so that all do the same. Raises InvalidRequest("gpus") for
    a number that the model or the clip can not be divided by, Unavailable when a helper fails.
    """
    check(shot_of(request), count)
    if manager.device.type == "cuda" and count > (here := torch.cuda.device_count()):
        raise InvalidRequest("gpus", f"this machine has {here}; give at most so many")
    packed = manager.packed
    with TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        posts = [
            _Post(
                rank=rank,
                count=count,
                device=f"cuda:{rank}" if manager.device.type == "cuda" else "cpu",
                rendezvous=meeting,
                request=request,
                models_dir=manager.models_dir,
                formats=None if packed else manager.formats,
                transformer=packed.path if packed else None,
                threads=torch.get_num_threads(),
            )
            for rank in range(1, count)
        ]
        with _helping(posts), joined(0, count, manager.device, meeting) as share:
            manager.share = share
            try:
                yield
            finally:
                manager.share = None


def check(shot: Shot, count: int) -> None:
    """Raise InvalidRequest("gpus") where `shot` can not be divided among `count` devices."""
    dims = shot.checkpoint.transformer
    if dims.vace_layers:
        raise InvalidRequest(
            "gpus", f"{shot.family.name} runs on one only; leave it out, or choose wan2.1-14b"
        )
    side = shot.checkpoint.vae.spatial_factor * 2
    frames = (shot.sampled_frames - 1) // 4 + 1
    tokens = frames * (shot.size[0] // side) * (shot.size[1] // side)
    heads = dims.dim // dims.head_dim
    fitting = [n for n in range(2, heads + 1) if heads % n == 0 and tokens % n == 0]
    if count not in fitting:
        numbers = ", ".join(map(str, fitting)) or "no number above 1"
        raise InvalidRequest("gpus", f"{count} can not share this clip; it can be {numbers}")


@contextmanager
def _helping(posts: Sequence[_Post]) -> Iterator[None]:
    """All helpers are ready to meet; none outlives this."""
    spawn = get_context("spawn")
    crew: list[tuple[BaseProcess, Connection]] = []
    try:
        for post in posts:
            ours, theirs = spawn.Pipe()
            helper = spawn.Process(target=_help, args=(post, theirs), daemon=True)
            helper.start()
            theirs.close()
            crew.append((helper, ours))
        for _, said in crew:
            if problem := _heard(said):
                raise Unavailable("another GPU", problem)
        try:
            yield
        except Exception as error:
            problems = [_heard(said) for _, said in crew if said.poll(1)]
            if isinstance(error, OurVidzError) or not problems:
                raise
            raise Unavailable("another GPU", problems[0]) from error
    finally:
        for helper, _ in crew:
            helper.kill()
            helper.join()


def _heard(said: Connection) -> str:
    """What a helper says: that it is ready, or what went wrong."""
    try:
        return said.recv()
    except EOFError:
        return "its process ended; read the lines above, or leave --gpus out"


def _help(post: _Post, say: Connection) -> None:
    """A helper's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one cancels for all
    torch.set_num_threads(post.threads)
    try:
        manager = ModelManager(
            models_dir=post.models_dir,
            device=post.device,
            formats=post.formats,  # type: ignore[arg-type]
            transformer=post.transformer,
        )
        shot, reporter = shot_of(post.request), Reporter(ignore_progress)
        say.send(_READY)
        with joined(post.rank, post.count, manager.device, post.rendezvous) as share, manager.job():
            manager.share = share
            ladder = Ladder(shot, manager, reporter)
            ladder.climb(lambda names: sample(shot, names, manager, reporter))
            say.recv()  # nobody leaves before the first one has done with it
    except EOFError:
        pass
    except OurVidzError as error:
        say.send(str(error))
