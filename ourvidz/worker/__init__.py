"""The worker: claims jobs, runs them in a GPU child process, delivers, finishes.

Worker(queue, live, courier, policy_factory, WorkerSettings(scratch_dir=...)).run()
"""

from __future__ import annotations

from ourvidz.worker.settings import RUN_KINDS, WorkerSettings
from ourvidz.worker.worker import Worker

__all__ = ["RUN_KINDS", "Worker", "WorkerSettings"]
