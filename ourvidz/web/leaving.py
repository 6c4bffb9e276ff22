"""What may leave: nothing that a browser sent us, and how long it may be kept."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

#: Request headers that Gradio's file route echoes: a script could read the session cookie there.
_ECHOED = ("cookie", "authorization", "host", "user-agent", "x-forwarded-for", "origin", "referer")

#: Gradio needs inline scripts and `new Function`; so nothing may be fetched from or sent to anyone.
#: media: where pictures and films lie, when they do not lie here.
_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: {media}; "
    "media-src 'self' blob: {media}; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; base-uri 'self'"
)


def policy(media_url: str | None) -> str:
    """The content security policy of Gradio's pages. media_url: where files are shown from."""
    return _CSP.format(media=media_url or "")


def cleaned(send: Send, path: str, policy: str) -> Send:
    """`send`, with the headers of every answer as they may be."""

    async def clean(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in _ECHOED:
                del headers[name]
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
                headers.setdefault("content-security-policy", policy)
            elif message["status"] >= 400:
                pass  # what is not there now may be there after the next update
            elif path.endswith("/theme.css") or "/assets/" in path:
                # Their addresses change with their contents.
                headers["cache-control"] = "public, max-age=31536000, immutable"
            elif "/static/js/" in path:
                headers["cache-control"] = "public, max-age=86400"
        await send(message)

    return clean
