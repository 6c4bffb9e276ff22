"""Animals of the world; walkers have their feet at the origin, flyers their middle. Face right."""

from __future__ import annotations

import math

from ourvidz.starter.world.pen import Pen
from ourvidz.starter.world.people import DARK, Gait
from ourvidz.starter.world.vocabulary import COLORS, RGB


def shaded(rgb: RGB, k: float) -> RGB:
    """The same hue, darker (k < 1) or lighter (k > 1)."""
    r, g, b = (min(255, round(c * k)) for c in rgb)
    return (r, g, b)


def draw_animal(pen: Pen, name: str, color: str, gait: Gait) -> None:
    """A dog, cat or horse with a coat of `color`."""
    coat = COLORS[color]
    {"dog": _dog, "cat": _cat, "horse": _horse}[name](pen, coat, gait)


def _paws(pen: Pen, coat: RGB, gait: Gait, xs: tuple[float, float], top: float) -> None:
    for x in xs:
        for side in (-1, 1):
            far = shaded(coat, 0.72) if side < 0 else coat
            foot = x + side * (2.5 + 7.0 * gait.swing)
            pen.line([(x, top), (foot, -2.5)], 5.0, far)


def _dog(pen: Pen, coat: RGB, gait: Gait) -> None:
    pen.line([(-17, -24), (-26, -35 - 4 * gait.swing)], 5.0, coat)
    _paws(pen, coat, gait, (-13, 12), -18)
    pen.oval((0, -21), 20, 9.5, coat)
    pen.oval((20, -33), 10.5, 9, coat)
    pen.oval((28, -30), 6.5, 4.8, shaded(coat, 1.12))
    pen.oval((14, -32), 4.6, 9, shaded(coat, 0.6))
    pen.oval((33, -31), 2.6, 2.4, DARK)
    pen.oval((22, -36), 1.8, 2.2, DARK if sum(coat) > 200 else (240, 240, 240))
    pen.line([(11, -26), (16, -23)], 3.0, (220, 60, 60) if coat[0] < 200 else (60, 90, 200))


def _cat(pen: Pen, coat: RGB, gait: Gait) -> None:
    sway = 5 * gait.swing
    pen.line([(-15, -20), (-23, -28), (-22, -40), (-28 + sway, -47)], 4.4, coat)
    _paws(pen, coat, gait, (-11, 9), -15)
    pen.oval((-1, -18), 17, 8.5, coat)
    pen.polygon([(8, -34), (9, -48), (18, -39)], coat)
    pen.polygon([(17, -39), (26, -48), (27, -34)], coat)
    pen.oval((17.5, -31), 11, 10, coat)
    pen.oval((17.5, -27), 5, 3.6, (248, 240, 232))
    for x in (13.5, 22.0):
        pen.oval((x, -33), 2.2, 2.8, (250, 230, 90))
        pen.oval((x + 0.6, -33), 1.0, 2.4, DARK)


def _horse(pen: Pen, coat: RGB, gait: Gait) -> None:
    mane = shaded(coat, 0.5) if sum(coat) > 200 else (120, 110, 110)
    pen.line([(-21, -36), (-30, -28), (-30, -18)], 6.0, mane)
    for x, flip in ((-16, 1), (15, -1)):
        for side in (-1, 1):
            far = shaded(coat, 0.72) if side < 0 else coat
            foot = x + flip * side * (3.0 + 9.0 * gait.swing)
            pen.line([(x, -28), (foot, -3)], 5.6, far)
    pen.oval((0, -34), 23, 11, coat)
    pen.polygon([(10, -40), (26, -62), (34, -56), (22, -30)], coat)
    pen.line([(12, -44), (25, -63)], 6.0, mane)
    pen.oval((34, -57), 11, 6, coat)
    pen.oval((42, -55), 4.5, 4.5, shaded(coat, 0.8))
    pen.polygon([(26, -61), (28, -70), (32, -62)], coat)
    pen.oval((33, -59), 1.9, 2.2, DARK if sum(coat) > 200 else (240, 240, 240))


def draw_winged(pen: Pen, name: str, color: str, phase: float) -> None:
    """A bird or a butterfly of `color`, wings beating with `phase` (cycles)."""
    body, beat = COLORS[color], math.sin(2 * math.pi * phase)
    if name == "butterfly":
        reach = 15 + 5 * beat
        for y, r in ((-7, 1.0), (7, 0.72)):
            pen.oval((-reach * 0.62, y), reach * 0.72 * r, 11 * r, body)
            pen.oval((reach * 0.62, y), reach * 0.72 * r, 11 * r, body)
            pen.oval((-reach * 0.66, y), reach * 0.3 * r, 4.6 * r, shaded(body, 0.6))
            pen.oval((reach * 0.66, y), reach * 0.3 * r, 4.6 * r, shaded(body, 0.6))
        pen.line([(0, -12), (0, 13)], 4.6, DARK)
        return
    pen.polygon([(-14, 0), (-31, -7), (-29, 6)], shaded(body, 0.75))
    pen.polygon([(-9, -3), (9, -3), (-6, -3 - 24 * beat)], shaded(body, 0.62))
    pen.oval((0, 0), 18, 9, body)
    pen.oval((16, -6), 8, 7.5, body)
    pen.polygon([(22, -9), (33, -5), (22, -2)], (250, 176, 40))
    pen.oval((18, -8), 1.9, 2.2, DARK if sum(body) > 200 else (240, 240, 240))
    pen.polygon([(-11, -1), (8, -1), (-8, -1 - 22 * beat)], shaded(body, 0.8))
