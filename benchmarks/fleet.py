"""Worker processes to start, kill and count, and a runner whose jobs take a few milliseconds.

python -m benchmarks.fleet <<< '{"queue_url": ..., ...}'    one worker, as a process of its own
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.backends.redis import RedisLive
from ourvidz.domain import errors
from ourvidz.domain.job import Lease
from ourvidz.domain.progress import OnProgress, Progress
from ourvidz.worker import Worker, WorkerSettings
from ourvidz.worker.messages import Parcel, Ready, Task
from ourvidz.worker.runner import PipelineRunner, PolicyFactory

ROOT = Path(__file__).parent.parent
MP4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"


class AllowAll:
    """A policy for prompts that are ours."""

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        """All is well."""


class ScriptRunner:
    """A runner that does what the prompt says, word by word, and then delivers a small file.

    steps=10x0.05  ten steps of 0.05 s    sleep=3    3 s without a report
    die=9          the process ends by signal 9      die=9@1  in the first attempt only
    raise=NAME     an error of `domain.errors`, or a bug for any other name
    frame          one live picture

    Every start is one line in `journal` of the scratch folder; while `full` lies there too, the
    disk is full.
    """

    def __init__(self, settings: WorkerSettings, policy_factory: PolicyFactory) -> None:
        self._policy, self._scratch_dir = policy_factory(), settings.scratch_dir
        self.loaded: str | None = None

    def ready(self) -> Ready:
        """See `Runner`."""
        return Ready(device="none", memory_bytes=1)

    def rest(self, is_wanted: Callable[[], bool]) -> None:
        """See `Runner`."""

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        """See `Runner`."""
        attempt = int(task.out_dir.name.rpartition("-")[2])
        self._write_down(f"{task.job_id} {attempt} {os.getpid()} {time.time()}")
        prompt = str(task.params.get("prompt", ""))
        self._policy.check([prompt], adult_verified=True)
        self.loaded = "starter"
        for word in prompt.split():
            name, _, value = word.partition("=")
            value, _, only = value.partition("@")
            if not only or int(only) == attempt:
                self._do(name, value, on_progress)
        return self._result(task)

    def _do(self, name: str, value: str, on_progress: OnProgress) -> None:
        match name:
            case "steps":
                count, _, seconds = value.partition("x")
                for step in range(int(count) + 1):
                    on_progress(Progress(stage="denoise", step=step, total=int(count), eta_s=1.0))
                    time.sleep(float(seconds))
            case "sleep":
                time.sleep(float(value))
            case "die":
                os.kill(os.getpid(), int(value))
            case "frame":
                import numpy as np

                frame = np.full((90, 1280, 3), 128, np.uint8)
                on_progress(Progress(stage="denoise", step=1, total=2, preview_frame=frame))
            case "raise":
                raise _error(value)
            case _:
                pass

    def _result(self, task: Task) -> dict[str, Any]:
        if task.kind == "enhance":
            return {"original": "a", "enhanced": "b", "source": "model", "reason": "", "seconds": 0}
        clip, thumbnail = task.out_dir / "clip.mp4", task.out_dir / "clip.jpg"
        if (self._scratch_dir / "full").exists():
            Path("/dev/full").write_bytes(MP4)  # what a full disk answers
        clip.write_bytes(MP4 + secrets.token_bytes(2_000))
        thumbnail.write_bytes(JPEG + secrets.token_bytes(200))
        return {
            "media_key": Parcel(path=clip, bucket="videos-final", content_type="video/mp4"),
            "thumbnail_key": Parcel(
                path=thumbnail, bucket="videos-final", content_type="image/jpeg"
            ),
            "width": 16, "height": 16, "num_frames": 80, "fps": 16, "seconds": 5.0, "seed": 1,
            "size_bytes": clip.stat().st_size, "metadata": {}, "seconds_by_stage": {},
        }  # fmt: skip

    def _write_down(self, line: str) -> None:
        with (self._scratch_dir / "journal").open("a") as journal:
            journal.write(line + "\n")


def _error(name: str) -> Exception:
    match name:
        case "InvalidRequest":
            return errors.InvalidRequest("prompt", "can not be made; change it")
        case "OutOfMemory":
            return errors.OutOfMemory("denoise", 2**34, 2**33)
        case "Unavailable":
            return errors.Unavailable("disk", "is full; free some space")
        case "Gone":
            return errors.Unavailable("GPU", "stopped answering; look at `nvidia-smi`")
        case "PolicyRefused":
            return errors.PolicyRefused("extreme", "This can not be made here.")
        case _:
            return ZeroDivisionError(f"{name} is a bug")


class FragileCourier:
    """A courier whose storage refuses while its switch file exists."""

    def __init__(self, courier: DirectCourier, switch: Path) -> None:
        self._courier, self._switch = courier, switch

    def knock(self) -> None:
        """See `ports.Courier`."""
        self._courier.knock()

    def fetch(self, lease: Lease, key: str, path: Path) -> None:
        """See `ports.Courier`."""
        self._refuse()
        self._courier.fetch(lease, key, path)

    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        """See `ports.Courier`."""
        self._refuse()
        return self._courier.deliver(lease, bucket, path, content_type)

    def _refuse(self) -> None:
        if self._switch.exists():
            raise errors.Unavailable("storage", "refuses now; try again in a minute")


@dataclass(frozen=True, kw_only=True)
class Post:
    """What one worker process is told. is_real: runs the pipeline on tiny or starter models."""

    queue_url: str
    redis_url: str
    media_dir: str
    scratch_dir: str
    lease_s: float = 60.0
    poll_s: float | None = None
    models_dir: str | None = None
    is_real: bool = False

    def settings(self) -> WorkerSettings:
        """Clocks in proportion to the lease."""
        settings = WorkerSettings.for_lease(self.lease_s, Path(self.scratch_dir))
        models_dir = Path(self.models_dir) if self.models_dir else None
        return replace(
            settings, poll_s=self.poll_s or settings.poll_s, models_dir=models_dir, device="cpu"
        )

    def worker(self, database: Database, live: RedisLive) -> Worker:
        """The worker itself, in this process."""
        media = LocalMedia(Path(self.media_dir), b"only for benchmarks, 32 bytes or so", "http://x")
        courier = FragileCourier(DirectCourier(media), Path(self.media_dir) / "refuses")
        runner = PipelineRunner if self.is_real else ScriptRunner
        queue = PostgresQueue(database)
        return Worker(queue, live, courier, AllowAll, self.settings(), runner=runner)


class Fleet:
    """Worker processes; the dead ones are replaced by `keep`."""

    def __init__(self, post: Post, count: int, log_dir: Path) -> None:
        self._post, self._count, self._log_dir = post, count, log_dir
        self.processes: list[subprocess.Popen[bytes]] = []

    def keep(self) -> None:
        """Start as many as are missing."""
        self.processes = [process for process in self.processes if process.poll() is None]
        while len(self.processes) < self._count:
            self.processes.append(self._started())

    def stop(self) -> None:
        """End them by SIGTERM, as an operator would, and those that do not listen by force."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        with (self._log_dir / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", "from benchmarks.fleet import main; main()"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(self._post)).encode())
        process.stdin.close()
        return process


def main() -> None:
    """One worker, told what to do by JSON on stdin (addresses hold passwords)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    post = Post(**json.loads(sys.stdin.read()))
    with closing(Database(post.queue_url)) as database:
        live = RedisLive(post.redis_url)
        post.worker(database, live).run()
        live.close()
