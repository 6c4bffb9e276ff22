"""An HTTP server that stands for the guard model of an operator."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def says(text: str) -> Answer:
    body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    return lambda handler, _: send(handler, body)


def moderates(flagged: bool, **categories: bool) -> Answer:
    names = {name.replace("__", "/"): value for name, value in categories.items()}
    body = json.dumps({"results": [{"flagged": flagged, "categories": names}]}).encode()
    return lambda handler, _: send(handler, body)


def raw(body: bytes, status: int = 200) -> Answer:
    return lambda handler, _: send(handler, body, status)


def trickles(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """A byte now and then: never silent for long, never done."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


@contextmanager
def endpoint(answer: Answer, seen: list[Any] | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if seen is not None:
                seen.append((body, self.headers.get("Authorization")))
            try:
                answer(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
