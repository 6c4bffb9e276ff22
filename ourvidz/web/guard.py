"""Every handler of a page goes through here: who asks is looked up again, errors become words."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, TypeVar

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, OurVidzError
from ourvidz.studio.door import Studio
from ourvidz.web.cookies import Cookies
from ourvidz.web.sessions import Sessions
from ourvidz.web.toasts import told, trouble

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_SIGN_IN = "Please sign in again; nothing is lost. Reload the page."
_BUG = "Something went wrong on our side. Try again in a moment."


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What pages are built with. admin: whether its handlers are for admins only."""

    studio: Studio
    sessions: Sessions
    cookies: Cookies
    admin: bool = False

    def guard(self, handler: Callable[..., T]) -> Callable[..., T]:
        """`handler(me, *inputs)` as Gradio can call it: with the person behind the cookie.

        The cookie is looked up when the handler runs, which may be after a sign-out. Errors of
        our families are shown as they are; bugs are logged and shown as such.
        """
        signature = inspect.signature(handler)

        def guarded(request: gr.Request, *inputs: Any) -> T:
            try:
                return handler(self._person(request), *inputs)
            except OurVidzError as error:
                raise trouble(told(error)) from error
            except gr.Error:
                raise
            except Exception as error:
                _LOG.exception("a page's handler %s failed", handler.__qualname__)
                raise trouble(_BUG) from error

        update_wrapper(guarded, handler)
        guarded.__dict__.pop("__wrapped__")
        # Gradio finds the request by its annotation and puts it in by its place.
        asks = inspect.Parameter(
            "request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request
        )
        rest = list(signature.parameters.values())[1:]
        guarded.__signature__ = signature.replace(parameters=[asks, *rest])  # type: ignore[attr-defined]
        guarded.__annotations__ = {"request": gr.Request} | {
            one.name: one.annotation for one in rest if one.annotation is not one.empty
        }
        guarded.__guarded__ = "admin" if self.admin else "user"  # type: ignore[attr-defined]
        return guarded

    def _person(self, request: gr.Request) -> Identity:
        if request.request is None:
            raise NotAllowed(_SIGN_IN)
        me = self.sessions.now(self.cookies.session(request.request))
        if me is None or (self.admin and self.studio.records.account(me).role != "admin"):
            raise NotAllowed(_SIGN_IN)
        return me


def unguarded(blocks: gr.Blocks) -> list[str]:
    """Names of handlers that anybody could call, or that Gradio lists in its public interface."""
    return [
        str(one.name)
        for one in blocks.fns.values()
        if one.fn is not None
        and (not getattr(one.fn, "__guarded__", None) or one.api_visibility != "private")
    ]
