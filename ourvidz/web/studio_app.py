"""The Gradio part: pages put together, mounted inside the FastAPI app behind the gate."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType

import gradio as gr
from fastapi import FastAPI

from ourvidz.web import nav
from ourvidz.web.first_paint import shell
from ourvidz.web.gate import Mounted
from ourvidz.web.guard import Desk, unguarded
from ourvidz.web.look import head, theme
from ourvidz.web.pages import account, characters, create, films, library

#: How long an event of a page may wait to be seen.
_LOOK_S = 0.02
#: The first page has no name in the address.
PAGES: Sequence[ModuleType] = (create, films, library, characters, account)


def make_blocks(desk: Desk, pages: Sequence[ModuleType], title: str) -> gr.Blocks:
    """All pages of one mount. A page is a module with PATH, TITLE and build(desk)."""
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        pages[0].build(desk)
    for page in pages[1:]:
        with blocks.route(page.TITLE, page.PATH, show_in_navbar=False):
            page.build(desk)
    return blocks


def mount(app: FastAPI, blocks: gr.Blocks, path: str) -> Mounted:
    """Mount `blocks` at `path`, closed: every handler guarded, no file of the server readable."""
    if bad := unguarded(blocks):
        raise RuntimeError(f"handlers without a guard: {', '.join(bad)}")
    blocks.queue(max_size=200, default_concurrency_limit=20, api_open=False)
    blocks.state_session_capacity = 2000
    with warnings.catch_warnings():
        # It says that it leaves out what was not asked for.
        warnings.filterwarnings("ignore", "SSR mode is not supported")
        gr.mount_gradio_app(
            app,
            blocks,
            path,
            theme=theme(),
            head=head(),
            show_error=False,
            footer_links=[],
            run_history=False,
            max_file_size="12mb",
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
            auth_dependency=lambda request: _name(request.state),
        )
    # Gradio checks paths of files only in an app that it believes was launched.
    blocks.has_launched = True
    # Its loops would look for work a thousand times a second, all night long.
    blocks._queue.sleep_when_free, blocks._queue.progress_update_sleep_when_free = _LOOK_S, 0.5
    return Mounted(
        path=path,
        pages=frozenset(page for page, _, _ in blocks.pages),
        handlers=frozenset(number for number, one in blocks.fns.items() if one.fn is not None),
    )


def shells(pages: Sequence[ModuleType], path: str) -> Mapping[str, str]:
    """What is seen of the pages at first, by their paths. The office's bar needs no hurry."""
    return {
        f"{path}/{page.PATH}".rstrip("/"): shell(
            nav.markup(page.PATH) if pages is PAGES else "", page.TITLE
        )
        for page in pages
    }


def _name(state: object) -> str | None:
    me = getattr(state, "me", None)
    return str(me.user_id) if me else None
