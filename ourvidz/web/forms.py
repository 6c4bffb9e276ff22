"""Plain pages with real HTML forms: where passwords are typed, so no script runs there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Form, Request, Response
from starlette.templating import Jinja2Templates

from ourvidz.domain.errors import InvalidRequest, OurVidzError, Unavailable

#: No script at all, nothing from elsewhere; forms go here only.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HOME = "/app/"
Text = Annotated[str, Form(max_length=1024)]


class Forms:
    """Makes pages of templates/*.html with these texts."""

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self._texts = texts
        self._pages = Jinja2Templates(Path(__file__).parent / "templates")

    def page(self, request: Request, name: str, status: int = 200, **values: object) -> Response:
        """The page `name`, never kept by a browser."""
        context = {"texts": self._texts, "next": HOME, "email": "", "error": ""} | values
        context["next"] = inside(str(context["next"]))
        headers = {"content-security-policy": _CSP, "cache-control": "no-store"}
        return self._pages.TemplateResponse(request, f"{name}.html", context, status, headers)


def inside(address: str) -> str:
    """An address of this site to go on to, whatever was asked for.

    >>> inside("/app/library?x=1")
    '/app/library?x=1'
    >>> {inside(a) for a in ("//evil.example/", "https://evil.example", "/\\\\evil.example")}
    {'/app/'}
    >>> {inside(a) for a in ("///evil.example/", "//[", "", "/auth/sign-out")}
    {'/app/'}
    """
    # Browsers take any number of slashes at the beginning for two: another site.
    is_ours = address.startswith("/") and not address.startswith("//")
    is_plain = "\\" not in address and all(32 < ord(char) < 127 for char in address)
    is_form = address.startswith(("/auth/", "/age"))
    return address if is_ours and is_plain and not is_form and len(address) < 500 else HOME


def ip_of(request: Request) -> str:
    """Where the request comes from, "" when nobody knows."""
    return request.client.host if request.client else ""


def status_of(error: OurVidzError) -> int:
    """Of a form that is shown again with this error."""
    return 503 if isinstance(error, Unavailable) else 400


def sentence(error: OurVidzError, texts: Mapping[str, Any]) -> str:
    """An error as a form shows it: without the name of a field that has a label there."""
    if isinstance(error, InvalidRequest):
        return f"{texts['fields'].get(error.field, error.field)} {error.reason}."
    return str(error)
