"""A server of the few addresses of a model hub that are used, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from ourvidz.pipeline.weights.manifest import git_digest_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(ThreadingHTTPServer):
    """Serves `root`/owner/name as repositories at one commit.

    requests: times each file was asked for. ranges: the ranges asked for. cut_after: bytes after
    which answers break off, for as many `cuts` as are left. spoilt: name of a file whose content
    differs from its digest. status: answer this to everything. knows_ranges: else always whole.
    instead: what a page of somebody else answers to everything.
    """

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.requests = Counter[str]()
        self.ranges: list[str] = []
        self.cut_after = 0
        self.cuts = 0
        self.spoilt = ""
        self.status = 200
        self.instead = b""
        self.knows_ranges = True

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: HubServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.server.status != 200 or self.server.instead:
            self._answer(self.server.status, self.server.instead)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(\w+)", path):
            self._answer(200, json.dumps(self._described(found[1])).encode())
        elif found := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", path):
            self._file(self.server.root / found[1] / found[2])
        else:
            self._answer(404, b"")

    def _described(self, repository: str) -> dict[str, object]:
        folder = self.server.root / repository
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {"id": repository, "sha": COMMIT, "siblings": [sibling(f, folder) for f in files]}

    def _file(self, path: Path) -> None:
        self.server.requests[path.name] += 1
        content = path.read_bytes()
        if path.name == self.server.spoilt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start, status = 0, 200
        if (asked := self.headers.get("range")) and self.server.knows_ranges:
            self.server.ranges.append(asked)
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
        self._answer(status, content[start:])

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.cuts and len(content) > self.server.cut_after:
            self.server.cuts -= 1
            content = content[: self.server.cut_after]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def sibling(path: Path, folder: Path) -> dict[str, object]:
    about: dict[str, object] = {
        "rfilename": str(path.relative_to(folder)),
        "size": path.stat().st_size,
        "blobId": git_digest_of(path),
    }
    if path.suffix == ".safetensors":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        about["lfs"] = {"sha256": digest, "size": path.stat().st_size, "pointerSize": 130}
    return about


@contextmanager
def serving(root: Path) -> Iterator[HubServer]:
    """The server, running until the end of the context."""
    with HubServer(root) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
