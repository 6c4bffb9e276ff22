"""Keeps servers and child processes running until it is told to stop, and then stops them all.

Children are processes of their own session: Ctrl-C in the terminal reaches only the supervisor,
which ends them in order. When the supervisor itself is killed, the system kills the children; the
servers live on and are found by the next start.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from ourvidz.backends.embedded.stack import EmbeddedStack
from ourvidz.domain.errors import Unavailable

#: How long a child may take to end when asked: a worker hands its job back.
GRACE_S = 20.0
#: Pauses before a child that ended is started again; the first again after living this long.
FIRST_PAUSE_S, LONGEST_PAUSE_S, LONG_LIFE_S = 1.0, 30.0, 60.0
_LOOK_S = 1.0
_LONGEST_LINE = 2**16

Say = Callable[[str], None]


@dataclass(frozen=True)
class Child:
    """One process to keep: `python WORDS`. Its first line says that it has started.

    welcome: what is told when it writes a line that begins with `sign`.
    """

    name: str
    words: tuple[str, ...]
    sign: str = ""
    welcome: str = ""


class Supervisor:
    """One run of `ourvidz up`. say: told one line for each thing that happens.

    stack: None when the servers are hosted. environment: of the children.
    """

    def __init__(
        self,
        stack: EmbeddedStack | None,
        children: Sequence[Child],
        environment: Mapping[str, str],
        say: Say,
    ) -> None:
        self._stack = stack
        self._children = children
        self._environment = environment
        self._say = say
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Start everything, keep it running, and after SIGINT, SIGTERM or SIGHUP stop it.

        A second signal kills what has not ended by itself. Raises Unavailable when the servers
        can not be started at first; later it goes on trying.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        stack = self._stack
        try:
            if stack is not None:
                await asyncio.to_thread(stack.start, self._on_ready)
            async with asyncio.TaskGroup() as tasks:
                for child in self._children:
                    tasks.create_task(self._keep(child))
                if stack is not None:
                    tasks.create_task(self._keep_servers(stack))
        finally:
            if stack is not None:
                await asyncio.to_thread(stack.stop)

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        else:
            self._say("Stopping; once more to be quick.")
            self._stop.set()

    def _on_ready(self, what: str, seconds: float) -> None:
        self._say(f"{what} ready in {seconds:.2f} s")

    async def _keep_servers(self, stack: EmbeddedStack) -> None:
        while not await _within(_LOOK_S, self._stop):
            if await asyncio.to_thread(stack.alive):
                continue
            self._say("A server ended; it is started again.")
            try:
                await asyncio.to_thread(stack.start, self._on_ready)
            except Unavailable as error:
                self._say(error.in_full)
                await _within(5 * FIRST_PAUSE_S, self._stop)

    async def _keep(self, child: Child) -> None:
        pause = FIRST_PAUSE_S
        while not self._stop.is_set():
            begin = perf_counter()
            status = await self._live(child)
            if self._stop.is_set():
                return
            pause = FIRST_PAUSE_S if perf_counter() - begin > LONG_LIFE_S else pause
            self._say(f"{child.name} ended with {status}; it is started again in {pause:.0f} s.")
            await _within(pause, self._stop)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _live(self, child: Child) -> int:
        """One life of a child: returns its exit status, or minus the signal that killed it."""
        begin = perf_counter()
        # A pipe of our own: asyncio's would hide the end of a child while others hold it open.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *child.words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        finally:
            os.close(writing)
        telling = asyncio.create_task(self._tell(child, reading, begin))
        ended = asyncio.create_task(process.wait())
        try:
            await _first(ended, self._stop.wait())
            if not ended.done():
                process.terminate()
                await _first(ended, self._hurry.wait(), timeout_s=GRACE_S)
        finally:
            # Whatever is left of it or of what it started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await asyncio.wait({telling}, timeout=GRACE_S)
        telling.cancel()
        return await ended

    async def _tell(self, child: Child, pipe: int, begin: float) -> None:
        ready = False
        async with _lines(pipe) as lines:
            async for line in lines:
                if not ready:
                    ready = True
                    self._say(f"{child.name} started in {perf_counter() - begin:.2f} s")
                self._say(f"{child.name} | {line}")
                if child.sign and line.startswith(child.sign):
                    self._say(child.welcome)


@asynccontextmanager
async def _lines(pipe: int) -> AsyncGenerator[AsyncIterator[str]]:
    """What is written into a pipe, line by line; of a line without end only its tail."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb")
    )

    async def read() -> AsyncIterator[str]:
        while not reader.at_eof():
            with suppress(ValueError):  # too long: dropped, nobody may block on a full pipe
                yield (await reader.readline()).decode(errors="replace").rstrip()

    try:
        yield (line async for line in read() if line)
    finally:
        transport.close()


async def _first(
    ended: asyncio.Task[int], event: Coroutine[Any, Any, object], timeout_s: float | None = None
) -> None:
    """Wait until the child has ended, `event` comes, or the time is up."""
    other = asyncio.create_task(event)
    await asyncio.wait({ended, other}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    other.cancel()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether `event` came before the time was up."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
