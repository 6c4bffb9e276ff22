"""Account: what one has, where it went, and what can be done with it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.studio import account
from ourvidz.web import nav
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.guard import Desk
from ourvidz.web.pages import account_view as view
from ourvidz.web.texts_account import ACCOUNT
from ourvidz.web.widgets.board import Board, press_of
from ourvidz.web.widgets.place import READ_ADDRESS
from ourvidz.web.widgets.plots import bars, filled

PATH, TITLE = "account", ACCOUNT["title"]


def build(desk: Desk) -> None:
    """The page. Passwords are typed on other pages, which are not Gradio's."""
    nav.bar(desk, PATH)
    top = gr.HTML(view.loading(), apply_default_css=False, elem_id="ov-account")
    with gr.Column(visible=False, elem_id="ov-usage") as usage:
        gr.HTML(f"<h2>{ACCOUNT['usage']}</h2>", apply_default_css=False)
        summary = gr.HTML("", apply_default_css=False)
        x, y = ACCOUNT["day"], ACCOUNT["videos_axis"]
        plot = bars(x=x, y=y, label=ACCOUNT["usage_plot"], elem_id="ov-usage-plot")
    ledger = Board("", elem_id="ov-ledger")
    gr.HTML(view.rest(), apply_default_css=False, elem_id="ov-account-rest")

    def opened(me: Identity, query: str) -> tuple[Any, ...]:
        studio, query = desk.studio, str(query or "")
        days = account.usage(me, studio)
        return (
            view.top(account.account(me, studio), query),
            gr.Column(visible=bool(days)),
            f'<p class="ov-soft">{view.used(days)}</p>',
            filled(gr.BarPlot, view.plotted(days), x, y) if days else None,
            view.ledger(me, studio, query),
        )

    def turned(me: Identity, event: gr.EventData) -> str:
        return view.ledger(me, desk.studio, press_of(event).at)

    outputs: list[Any] = [top, usage, summary, plot, ledger]
    on_load(desk.guard(opened), [ledger], outputs, js=READ_ADDRESS)
    ledger.act(desk.guard(turned), None, [ledger], **QUIET)
