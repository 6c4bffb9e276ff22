"""Errors in words and status codes: the web's only catcher."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import JSONResponse

from ourvidz.domain import errors

_LOG = logging.getLogger(__name__)

_STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        errors.InvalidRequest: 400,
        errors.NotEnoughCredits: 402,
        errors.NotAllowed: 403,
        errors.Cancelled: 409,
        errors.PolicyRefused: 422,
        errors.OutOfMemory: 503,
        errors.Unavailable: 503,
    }
)


def refused(status: int, family: str, message: str) -> JSONResponse:
    """An error as JSON: the family's name for programs, the message for people."""
    retry = {"retry-after": "2"} if status == 503 else {}
    headers = {"cache-control": "no-store", **retry}
    return JSONResponse({"error": family, "message": message}, status, headers)


def refused_page(status: int, message: str) -> JSONResponse:
    """An error as Gradio's pages show it: they look for the words under "error"."""
    return JSONResponse({"error": message}, status, {"cache-control": "no-store"})


def answer_to(error: Exception) -> JSONResponse:
    """The answer for an error of one of our families."""
    return refused(_STATUS.get(type(error), 500), type(error).__name__, str(error))


async def say(request: Request, error: Exception) -> JSONResponse:
    """As `answer_to`, for FastAPI."""
    return answer_to(error)


async def say_nothing(request: Request, error: Exception) -> JSONResponse:
    """For a caller who hung up half-way; nobody reads it."""
    return refused(400, "InvalidRequest", "The request ended too early; send it again.")


async def say_internal(request: Request, error: Exception) -> JSONResponse:
    """The answer for a bug. The log names the path alone: queries hold signatures."""
    _LOG.error("internal error at %s %s", request.method, request.url.path, exc_info=error)
    message = "Something went wrong on our side. Try again in a moment."
    return refused(500, "internal", message)
