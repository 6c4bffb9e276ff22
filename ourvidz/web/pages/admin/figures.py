"""Figures: success, times, money, refusals, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
import pandas as pd

from ourvidz.domain.account import Identity
from ourvidz.domain.operations import Day, cost_per_video
from ourvidz.studio import admin
from ourvidz.studio.door import Studio
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.guard import Desk
from ourvidz.web.pages.admin import frame
from ourvidz.web.pages.markup import Press, render
from ourvidz.web.texts_admin import ADMIN
from ourvidz.web.widgets.board import Board, press_of
from ourvidz.web.widgets.place import READ_ADDRESS
from ourvidz.web.widgets.plots import bars, filled, lines
from ourvidz.web.words import NONE, brief, grouped

PATH, TITLE = "figures", ADMIN["figures"]
DAYS = tuple(ADMIN["days"])
HOUR_PRICE = 0.4
_ENDS = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class View:
    """days: how far back. hour_price: what a machine costs, dollars an hour."""

    days: int = 30
    hour_price: float = HOUR_PRICE

    @staticmethod
    def of(query: str, price: str = "") -> View:
        """What the address says; a price that was just typed says more.

        >>> View.of("?days=7&price=3", "1.25"), View.of("?days=8&price=nan") == View()
        (View(days=7, hour_price=1.25), True)
        """
        said = {name: found[0] for name, found in parse_qs(query.lstrip("?")[:1000]).items()}
        days = said.get("days", "")
        try:
            dollars = float(price or said.get("price", ""))
        except ValueError:
            dollars = HOUR_PRICE
        return View(
            days=int(days) if days in map(str, DAYS) else 30,
            hour_price=dollars if 0 <= dollars <= 1000 else HOUR_PRICE,
        )


def build(desk: Desk) -> None:
    """The page: a board for the tables, and the plots below it."""
    frame.bar(PATH)
    board = Board(frame.loading(TITLE), elem_id="adm-figures")
    with gr.Column(visible=False, elem_id="adm-plots") as plots:
        videos = bars(x=ADMIN["day"], y=ADMIN["number"], color=ADMIN["end"],
                      label=ADMIN["plot_videos"], elem_id="adm-plot-videos")  # fmt: skip
        times = lines(x=ADMIN["day"], y=ADMIN["seconds"], color=ADMIN["percentile"],
                      label=ADMIN["plot_times"], elem_id="adm-plot-times")  # fmt: skip
    outputs: list[Any] = [board, plots, videos, times]

    def opened(me: Identity, query: str) -> tuple[Any, ...]:
        return _shown(me, desk.studio, View.of(str(query or "")))

    def pressed(me: Identity, event: gr.EventData) -> tuple[Any, ...]:
        press: Press = press_of(event)
        return _shown(me, desk.studio, View.of(press.at, press.text("hour_price")))

    on_load(desk.guard(opened), [board], outputs, js=READ_ADDRESS)
    board.act(desk.guard(pressed), None, outputs, **QUIET)


def _shown(me: Identity, studio: Studio, view: View) -> tuple[Any, ...]:
    found = admin.figures(me, studio, view.days)
    has_days = any(day.succeeded + day.failed + day.cancelled for day in found.days)
    if not has_days:
        return tables(found, view), gr.Column(visible=False), None, None
    return (
        tables(found, view),
        gr.Column(visible=True),
        filled(gr.BarPlot, videos_by_day(found.days), ADMIN["day"], ADMIN["number"]),
        filled(gr.LinePlot, times_by_day(found.days), ADMIN["day"], ADMIN["seconds"]),
    )


def tables(found: admin.Figures, view: View) -> str:
    """Everything that is a number, as HTML."""
    cost = cost_per_video(found.kinds, view.hour_price)
    videos = sum(one.succeeded for one in found.kinds if one.kind == "video")
    machine_s = sum(one.machine_s for one in found.kinds)
    return render(
        "admin_figures.html",
        t=ADMIN,
        view=view,
        found=found,
        cost=None if cost is None else f"${cost:,.3f}",
        a_video=brief(machine_s / videos) if videos else NONE,
        percent=lambda share: NONE if share is None else f"{share:.1%}",
        brief=brief,
        grouped=grouped,
    )


def videos_by_day(days: list[Day]) -> pd.DataFrame:
    """How each day's videos ended."""
    rows = [(day.day, getattr(day, end), end) for day in days for end in _ENDS]
    frame_ = pd.DataFrame(rows, columns=[ADMIN["day"], ADMIN["number"], ADMIN["end"]])
    frame_[ADMIN["day"]] = pd.to_datetime(frame_[ADMIN["day"]])
    return frame_


def times_by_day(days: list[Day]) -> pd.DataFrame:
    """Median and slowest twentieth, of days with videos."""
    rows = [
        (day.day, seconds, name)
        for day in days
        for name, seconds in (("p50", day.run_p50_s), ("p95", day.run_p95_s))
        if seconds is not None
    ]
    frame_ = pd.DataFrame(rows, columns=[ADMIN["day"], ADMIN["seconds"], ADMIN["percentile"]])
    frame_[ADMIN["day"]] = pd.to_datetime(frame_[ADMIN["day"]])
    return frame_
