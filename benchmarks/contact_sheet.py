"""A picture of what was asked for, what came and what was read back, failures marked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLUMNS, FRAME, GAP, TEXT = 3, (168, 96), 10, 62
GOOD, BAD, INK, PAPER = (30, 120, 60), (200, 30, 40), (40, 40, 48), (250, 248, 244)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One clip. frames: (3, H, W, 3) uint8, first, middle and last.

    readings: (word that was read, whether it is what was asked for).
    """

    caption: str
    frames: np.ndarray
    readings: tuple[tuple[str, bool], ...]


def write_sheet(rows: Sequence[Row], path: Path, title: str) -> None:
    """Write a PNG with all rows; words that were read wrong are red and marked (!)."""
    cell = (3 * FRAME[0] + GAP, FRAME[1] + TEXT)
    lines = -(-len(rows) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell[0] + GAP, lines * cell[1] + 34), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, 8), title, INK, ImageFont.load_default(15))
    for number, row in enumerate(rows):
        at = (GAP + number % COLUMNS * cell[0], 34 + number // COLUMNS * cell[1])
        _draw(sheet, pen, row, at)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(255).save(path, optimize=True)


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, row: Row, at: tuple[int, int]) -> None:
    for i, frame in enumerate(row.frames):
        picture = Image.fromarray(frame).resize(FRAME, Image.Resampling.LANCZOS)
        sheet.paste(picture, (at[0] + i * FRAME[0], at[1]))
    font = ImageFont.load_default(11)
    y = at[1] + FRAME[1] + 3
    for line in textwrap.wrap(row.caption, 88, max_lines=3, placeholder=" ..."):
        pen.text((at[0], y), line, INK, font)
        y += 13
    x = float(at[0])
    for word, right in row.readings:
        text = word if right else f"{word} (!)"
        pen.text((x, y), text, GOOD if right else BAD, font)
        x += pen.textlength(f"{text}   ", font)
