"""Plots in the colours of the app; the words beside them say what they show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import gradio as gr
import pandas as pd

#: Ends of jobs and percentiles, in colours that can be told apart without hue as well.
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "succeeded": "#a78bfa", "failed": "#fda4af", "cancelled": "#8b8599",
        "p50": "#a78bfa", "p95": "#ff9f6b",
    }
)  # fmt: skip
_HEIGHT_PX = 240
#: With less at the top, whole numbers would stand between fractions.
_LEAST = 4


def bars(*, x: str, y: str, label: str, color: str | None = None, elem_id: str) -> gr.BarPlot:
    """Counts by day; fill it with `filled`."""
    return gr.BarPlot(None, x=x, y=y, color=color, label=label, elem_id=elem_id, **_look(color))


def lines(*, x: str, y: str, label: str, color: str | None = None, elem_id: str) -> gr.LinePlot:
    """Something measured by day; fill it with `filled`."""
    return gr.LinePlot(None, x=x, y=y, color=color, label=label, elem_id=elem_id, **_look(color))


def filled(kind: type[gr.BarPlot] | type[gr.LinePlot], rows: pd.DataFrame, x: str, y: str) -> Any:
    """An update with these rows. Its axis begins at 0: a bar's length is what it says."""
    per_day: Any = rows.groupby(x)[y]
    most = (per_day.sum() if kind is gr.BarPlot else per_day.max()).max()
    return kind(value=rows, y_lim=[0, max(_LEAST, float(most))])


def _look(color: str | None) -> dict[str, Any]:
    return {
        "height": _HEIGHT_PX,
        "x_title": " ",
        "y_title": " ",
        "color_title": " ",
        "color_map": dict(COLOURS) if color else None,
        "buttons": [],
        "elem_classes": ["ov-card", "ov-plot"],
    }
