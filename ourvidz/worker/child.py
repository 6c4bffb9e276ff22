"""The GPU child: a spawned process that keeps its models, and the parent's hold on it.

It dies with its parent, hears no signal of the terminal, and writes nothing but files of its task.
A lease is never kept here: loading a model can stop every thread of a process for a minute.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ourvidz.domain.errors import Cancelled, OurVidzError, PolicyRefused, Unavailable
from ourvidz.domain.progress import Progress
from ourvidz.safety.normalise import prompt_sha256
from ourvidz.worker.ending import DISK, told_of
from ourvidz.worker.messages import Cancel, Done, Failed, Ready, Report, Task
from ourvidz.worker.runner import Runner, jpeg_of, texts_of

log = logging.getLogger(__name__)

#: Linux: the number of `prctl`'s "send me this signal when my parent dies".
_PR_SET_PDEATHSIG = 1
_NO_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Child:
    """The parent's side: one process at a time, started again by `start`.

    make_runner: called in the child; picklable. The thread that calls `start` must live as long
    as the child shall: on Linux the child dies with that thread.
    """

    def __init__(self, make_runner: Callable[[], Runner]) -> None:
        self._make_runner = make_runner
        self._process: BaseProcess | None = None
        self._line: Connection | None = None
        #: What the child said when it could run jobs; None before.
        self.ready: Ready | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._process and self._process.pid

    def start(self) -> None:
        """Start a process; it tells when it is ready."""
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(
            target=run_child,
            args=(theirs, self._make_runner, os.getpid()),
            name="ourvidz-gpu",
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def send(self, message: Task | Cancel) -> None:
        """Say something; that nobody hears it any more is seen by `messages`."""
        assert self._line is not None, "start the child first"
        try:
            self._line.send(message)
        except OSError:
            log.debug("the child is gone")

    def messages(self, timeout_s: float, others: Sequence[Any] = ()) -> Iterator[Any]:
        """What the child has said, until nothing more is there; None when it is dead.

        Waits at most `timeout_s`, and returns early for anything readable in `others`.
        """
        line = self._line
        if line is None:
            yield None
            return
        wait([line, *others], timeout_s)
        try:
            while line.poll():
                message = line.recv()
                if isinstance(message, Ready):
                    self.ready = message
                else:
                    yield message
        except (EOFError, OSError):
            yield None

    def kill(self) -> str:
        """End the process, if it has not ended; says how it ended, in words for the log."""
        self.ready = None
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is None:
            return "never began"
        process, self._process = self._process, None
        process.join(0.2)  # one that died by itself tells how
        process.kill()
        process.join()
        code = process.exitcode or 0
        process.close()
        return f"signal {-code}" if code < 0 else f"exit {code}"


def run_child(line: Connection, make_runner: Callable[[], Runner], parent_pid: int) -> None:
    """The child's whole life."""
    _die_with(parent_pid)
    for told in (signal.SIGINT, signal.SIGTERM):  # the parent decides when a job ends
        signal.signal(told, signal.SIG_IGN)
    try:
        runner = make_runner()
        line.send(runner.ready())
        while True:
            runner.rest(line.poll)
            message = line.recv()
            if isinstance(message, Task):
                line.send(_answer(runner, message, line))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # there is no parent any more


def _answer(runner: Runner, task: Task, line: Connection) -> Done | Failed:
    """Run one task; errors become words, with a traceback when they are bugs."""

    def report(progress: Progress) -> None:
        frame = progress.preview_frame
        line.send(
            Report(
                stage=progress.stage,
                step=progress.step,
                total=progress.total,
                eta_s=progress.eta_s,
                jpeg=None if frame is None else jpeg_of(frame),
            )
        )
        while line.poll():
            if isinstance(line.recv(), Cancel):
                raise Cancelled

    try:
        return Done(result=runner.run(task, report), loaded=runner.loaded)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where a job's bugs are caught
        return replace(_failure(error, task), loaded=runner.loaded)


def _failure(error: Exception, task: Task) -> Failed:
    """An error in words; with a traceback when it is a bug."""
    if isinstance(error, PolicyRefused) and error.category == "unavailable":
        # Nobody has judged the words: a guard model that is away for a minute ends no film.
        return Failed(family="Unavailable", text=str(error))
    if isinstance(error, PolicyRefused):
        texts, negative = texts_of(task)
        kept = {"category": error.category, "prompt_sha256": prompt_sha256(texts, negative)}
        return Failed(family="PolicyRefused", text=str(error), result=kept)
    if isinstance(error, OurVidzError):
        gone = isinstance(error, Unavailable) and error.what == "GPU"
        text, in_full = told_of(error), error.in_full
        return Failed(family=type(error).__name__, text=text, in_full=in_full, device_gone=gone)
    if isinstance(error, OSError) and error.errno in _NO_DISK:
        return Failed(family="Unavailable", text=DISK, in_full=str(error))
    trace = "".join(traceback.format_exception(error))
    return Failed(family="internal", text=type(error).__name__, trace=trace)


def _die_with(parent_pid: int) -> None:
    """Let the kernel kill this process when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before it was asked for
        os._exit(1)
