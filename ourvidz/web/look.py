"""One dark look for all of Gradio: its theme, and the style sheets that finish it."""

from __future__ import annotations

import gradio as gr
from gradio import component_meta

from ourvidz.web.static_files import SHEET, versioned

_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def write_no_stubs() -> None:
    """Keep Gradio from writing a type stub beside every component that is defined from now on.

    An installation may be read-only, or another process may be reading it.
    """
    component_meta.create_or_modify_pyi = lambda *described: None


def head() -> str:
    """What stands in the head of every page; own files only."""
    return (
        '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{versioned(SHEET)}">'
        '<meta name="color-scheme" content="dark"><meta name="robots" content="noindex">'
        '<meta name="theme-color" content="#0f0e14">'
    )


def theme() -> gr.themes.Base:
    """The same dark colours whatever the browser prefers."""
    colours = {
        "body_background_fill": "#0f0e14",
        "body_text_color": "#f4f4f8",
        "body_text_color_subdued": "#b9b4c8",
        "background_fill_primary": "#191722",
        "background_fill_secondary": "#191722",
        "block_background_fill": "#191722",
        "block_border_color": "#37324a",
        "block_label_background_fill": "#191722",
        "block_label_text_color": "#f4f4f8",
        "block_title_text_color": "#f4f4f8",
        "block_info_text_color": "#b9b4c8",
        "border_color_primary": "#37324a",
        "input_background_fill": "#0f0e14",
        "input_border_color": "#6b6480",
        "input_placeholder_color": "#9d96b0",
        "button_primary_background_fill": "#6d28d9",
        "button_primary_background_fill_hover": "#7c3aed",
        "button_primary_text_color": "#ffffff",
        "button_secondary_background_fill": "#232030",
        "button_secondary_background_fill_hover": "#2e2a3f",
        "button_secondary_text_color": "#f4f4f8",
        "button_cancel_background_fill": "#3b1d28",
        "button_cancel_text_color": "#fda4af",
        "link_text_color": "#c4b5fd",
        "link_text_color_hover": "#ddd6fe",
        "link_text_color_visited": "#c4b5fd",
        "panel_background_fill": "#191722",
        "checkbox_background_color": "#0f0e14",
        "checkbox_label_background_fill": "#232030",
        "checkbox_label_text_color": "#f4f4f8",
        "table_text_color": "#f4f4f8",
        "color_accent_soft": "#2a1e4a",
    }
    base = gr.themes.Base(
        primary_hue="violet",
        neutral_hue="slate",
        font=list(_FONT),
        font_mono=["ui-monospace", "monospace"],
        radius_size="lg",
        text_size="md",
    )
    known = {name for name in colours if hasattr(base, name)}
    return base.set(
        **{name: colours[name] for name in known},
        **{f"{name}_dark": colours[name] for name in known if hasattr(base, f"{name}_dark")},
    )
