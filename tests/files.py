"""Files, leases and served apps for the tests of media."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from starlette.types import ASGIApp

from ourvidz.domain.job import Job, Lease
from ourvidz.web.server import server_config

SECRET = b"only for tests, 32 bytes or more"
TOKEN = "the-workers-own-secret-only-for-tests"

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
WEBP = b"RIFF\x10\0\0\0WEBP"
MP4 = b"\0\0\0\x20ftypisom\0\0\x02\0"


def content(head: bytes = MP4, size: int = 10_000) -> bytes:
    """A file of `size` bytes that begins as its type does; no two are equal."""
    return (head + os.urandom(size))[:size]


def write(path: Path, head: bytes = MP4, size: int = 10_000) -> Path:
    path.write_bytes(content(head, size))
    return path


def lease(**params: Any) -> Lease:
    """The first attempt of a job of someone new."""
    job = Job(
        id=uuid4(),
        user_id=uuid4(),
        project_id=None,
        kind="video",
        state="running",
        model="starter",
        params=params,
        cost=1,
        attempts=1,
        max_attempts=3,
        cancel_requested=False,
        progress=0.0,
        stage=None,
        eta_s=None,
        error=None,
        error_family=None,
        result=None,
        created_at=datetime.now(UTC),
        started_at=None,
        finished_at=None,
    )
    return Lease(job=job, worker="w1", attempt=1)


def with_picture(name: str = "chosen.png") -> tuple[Lease, str]:
    """A lease whose job names a picture of its user, and the picture's key."""
    plain = lease()
    key = f"videos-preview/{plain.job.user_id}/{uuid4()}/a1/{name}"
    return replace(plain, job=replace(plain.job, params={"image_key": key})), key


class Leases:
    """Stands for the database's `holds`: the attempts that run."""

    def __init__(self, *held: Lease) -> None:
        self.held = list(held)

    def holds(self, job_id: UUID, worker: str, attempt: int) -> Lease | None:
        for one in self.held:
            if (one.job.id, one.worker, one.attempt) == (job_id, worker, attempt):
                return one
        return None


def http(method: str, url: str, **options: Any) -> httpx.Response:
    """One request on a connection of its own, without the second that reading all CAs takes."""
    with httpx.Client(verify=False) as client:
        return client.request(method, url, **options)


@contextmanager
def disk_full_after(limit_bytes: int) -> Iterator[None]:
    """The system refuses to make any file longer than this, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def address(of: socket.socket) -> str:
    return f"http://127.0.0.1:{of.getsockname()[1]}"


@contextmanager
def served(app: ASGIApp, on: socket.socket) -> Iterator[uvicorn.Server]:
    """The app behind a real server, in a thread."""
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [on]})
    thread.start()
    try:
        while not server.started:
            thread.join(0.005)
        yield server
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Wire:
    """A line to a server that is cut. up, down: bytes after which the next connections break,
    one entry each; connections without an entry hold. connections: how many there were.
    """

    url: str
    up: list[int]
    down: list[int]
    connections: int = 0


@contextmanager
def wire(to: socket.socket) -> Iterator[Wire]:
    """A TCP proxy in front of `to`."""
    with listener() as front:
        line = Wire(address(front), [], [])
        target = to.getsockname()
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    client, _ = front.accept()
                except OSError:
                    return
                server = socket.create_connection(target)
                line.connections += 1
                for source, sink, cuts in (
                    (client, server, line.up),
                    (server, client, line.down),
                ):
                    budget = cuts.pop(0) if cuts else None
                    pump = threading.Thread(target=_pump, args=(source, sink, budget))
                    pump.start()
                    threads.append(pump)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield line
        finally:
            front.shutdown(socket.SHUT_RDWR)
            thread.join()
            for pump in threads:
                pump.join()


def _pump(source: socket.socket, sink: socket.socket, budget: int | None) -> None:
    """Copy one direction until either end closes, or `budget` bytes have passed."""
    try:
        while piece := source.recv(65536 if budget is None else min(65536, budget)):
            sink.sendall(piece)
            if budget is not None:
                budget -= len(piece)
                if budget <= 0:
                    break
    except OSError:
        pass
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
