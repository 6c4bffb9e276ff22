"""Our own style sheets, scripts and pictures: read once, compressed once, kept by browsers."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_FOLDER = Path(__file__).parent / "static"
#: All style sheets as one, these first: a page asks once, and nothing is drawn before they are in.
SHEET, _FIRST = "all.css", ("base.css", "studio.css")
#: Who asks for exactly this version may keep it.
_FOREVER, _A_WHILE = "public, max-age=31536000, immutable", "public, max-age=3600"


def versioned(name: str) -> str:
    """The address of a file as it is now.

    >>> versioned("all.css").startswith("/static/all.css?v=")
    True
    """
    return f"/static/{name}?v={_version(_files()[name])}"


class StaticFiles:
    """Serves them. An ASGI app, to be mounted at /static."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The file, or 404."""
        name = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).lstrip("/")
        content = _files().get(name) if scope["type"] == "http" else None
        if content is None or scope["method"] not in ("GET", "HEAD"):
            await Response("There is nothing here.", 404)(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = QueryParams(scope["query_string"]).get("v")
        etag = f'"{_version(content)}"'
        told = {
            "cache-control": _FOREVER if asked == _version(content) else _A_WHILE,
            "etag": etag,
            "vary": "accept-encoding",
        }
        if headers.get("if-none-match") == etag:
            await Response(status_code=304, headers=told)(scope, receive, send)
            return
        if "gzip" in headers.get("accept-encoding", ""):
            told["content-encoding"], content = "gzip", _compressed()[name]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        await Response(content, headers=told, media_type=kind)(scope, receive, send)


@cache
def _files() -> Mapping[str, bytes]:
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.is_file()}
    sheets = sorted((name for name in files if name.endswith(".css")), key=_place)
    return files | {SHEET: b"\n".join(files[name] for name in sheets)}


@cache
def _compressed() -> Mapping[str, bytes]:
    return {name: gzip.compress(content, 9, mtime=0) for name, content in _files().items()}


@cache
def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
