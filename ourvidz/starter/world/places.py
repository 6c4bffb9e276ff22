"""The nine places, each as two still layers: far (slow parallax) and near (the ground)."""

from __future__ import annotations

import math
import random

from ourvidz.starter.world.pen import Pen
from ourvidz.starter.world.sky import HEIGHT, HORIZON, OVERHANG, WIDTH, mix
from ourvidz.starter.world.vocabulary import RGB

LEFT, RIGHT = -OVERHANG, WIDTH + OVERHANG


def draw_far(pen: Pen, place: str, rng: random.Random) -> None:
    """The layer between sky and ground."""
    {
        "beach": _far_beach, "forest": _far_forest, "city": _far_city,
        "mountains": _far_mountains, "desert": _far_desert, "snow": _far_snow,
        "sea": _far_sea, "space": _far_space, "meadow": _far_meadow,
    }[place](pen, rng)  # fmt: skip


def draw_near(pen: Pen, place: str, rng: random.Random) -> None:
    """Ground and what stands on it."""
    {
        "beach": _near_beach, "forest": _near_forest, "city": _near_city,
        "mountains": _near_mountains, "desert": _near_desert, "snow": _near_snow,
        "sea": _near_sea, "space": _near_space, "meadow": _near_meadow,
    }[place](pen, rng)  # fmt: skip


def _ridge(pen: Pen, rng: random.Random, y: float, swell: float, rgb: RGB) -> None:
    """Rolling ground whose top edge swings around `y`."""
    a, b = rng.uniform(0, 6.28), rng.uniform(0, 6.28)
    top = [
        (x, y + swell * (math.sin(x / 37 + a) + 0.5 * math.sin(x / 19 + b)) / 1.5)
        for x in range(LEFT, RIGHT + 1, 6)
    ]
    pen.polygon([*top, (RIGHT, HEIGHT), (LEFT, HEIGHT)], rgb)


def _spread(rng: random.Random, step: float) -> list[float]:
    """Places along the whole width, about `step` apart."""
    count = int((RIGHT - LEFT) / step)
    return [LEFT + (i + rng.uniform(0.15, 0.85)) * step for i in range(count)]


def _pine(pen: Pen, x: float, y: float, s: float, rgb: RGB, snowy: bool = False) -> None:
    pen.box((x - 2.5 * s, y - 8 * s), (5 * s, 9 * s), (96, 66, 46))
    for k, width in ((0, 15), (1, 11.5)):
        base = y - (6 + 15 * k) * s
        pen.polygon([(x - width * s, base), (x + width * s, base), (x, base - 26 * s)], rgb)
        if snowy:
            tip = base - 26 * s
            pen.polygon([(x - 6 * s, tip + 10 * s), (x + 6 * s, tip + 10 * s), (x, tip)],
                        (248, 250, 255))  # fmt: skip


def _round_tree(pen: Pen, x: float, y: float, s: float, rgb: RGB) -> None:
    pen.box((x - 3 * s, y - 16 * s), (6 * s, 17 * s), (104, 72, 48))
    pen.oval((x, y - 30 * s), 15 * s, 17 * s, rgb)
    pen.oval((x - 4 * s, y - 34 * s), 7 * s, 7 * s, mix(rgb, (255, 255, 255), 0.14))


def _far_beach(pen: Pen, rng: random.Random) -> None:
    pen.gradient((LEFT, HORIZON - 8), (RIGHT - LEFT, 30), (38, 112, 190), (78, 176, 214))
    pen.oval((rng.uniform(20, 200), HORIZON - 7), 30, 6, (86, 140, 96))


def _near_beach(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 97, 3.0, (236, 244, 248))
    _ridge(pen, rng, 100, 3.0, (238, 210, 150))
    for x in _spread(rng, 150):
        lean = rng.uniform(-8, 8)
        top = (x + lean, 48)
        pen.line([(x, 108), (x + lean * 0.5, 78), top], 5.0, (134, 96, 62))
        for a in (-2.9, -2.3, -0.85, -0.2, 0.35, 2.8):
            tip = (top[0] + 22 * math.cos(a), top[1] + 15 * math.sin(a) + 3)
            mid = (top[0] + 12 * math.cos(a), top[1] + 12 * math.sin(a) - 4)
            pen.line([top, mid, tip], 5.0, (46, 140, 72))


def _far_forest(pen: Pen, rng: random.Random) -> None:
    for x in _spread(rng, 17):
        _pine(pen, x, 92, rng.uniform(0.85, 1.15), (44, 104, 76))


def _near_forest(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 94, 2.5, (62, 122, 58))
    for x in _spread(rng, 62):
        _pine(pen, x, 104, rng.uniform(1.3, 1.6), (30, 124, 66))


def _far_city(pen: Pen, rng: random.Random) -> None:
    for x in _spread(rng, 26):
        h = rng.uniform(30, 58)
        pen.box((x - 14, 96 - h), (28, h), (150, 160, 184))


def _near_city(pen: Pen, rng: random.Random) -> None:
    for x in _spread(rng, 56):
        h, w = rng.uniform(38, 66), rng.uniform(32, 40)
        wall = rng.choice(((192, 120, 98), (214, 186, 146), (120, 140, 170), (168, 150, 176)))
        pen.box((x - w / 2, 98 - h), (w, h), wall, 1.5)
        for row in range(int((h - 12) // 14)):
            for col in (-1, 1):
                pen.box((x + col * w * 0.24 - 4, 104 - h + 14 * row), (8, 8), (255, 236, 160), 1)
    pen.box((LEFT, 96), (RIGHT - LEFT, 40), (186, 184, 186))
    pen.box((LEFT, 103), (RIGHT - LEFT, 40), (92, 94, 104))
    for x in range(LEFT, RIGHT, 36):
        pen.box((x, 121), (18, 4), (240, 232, 190), 1)


def _far_mountains(pen: Pen, rng: random.Random) -> None:
    for x in _spread(rng, 58):
        h, w = rng.uniform(46, 66), rng.uniform(44, 58)
        top = 96 - h
        pen.polygon([(x - w, 96), (x + w, 96), (x, top)], (112, 122, 156))
        k = 0.32
        pen.polygon([(x - w * k, top + h * k), (x - 5, top + h * k - 5), (x + 5, top + h * k + 2),
                     (x + w * k, top + h * k), (x, top)], (246, 248, 252))  # fmt: skip


def _near_mountains(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 93, 5, (116, 142, 96))
    _ridge(pen, rng, 102, 2.5, (142, 158, 108))
    for x in _spread(rng, 84):
        pen.oval((x, 104), 12, 7, (140, 138, 140))
        pen.oval((x + 9, 106), 8, 5, (164, 162, 164))


def _far_desert(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 80, 9, (222, 160, 96))


def _near_desert(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 94, 4, (238, 188, 118))
    for x in _spread(rng, 104):
        green = (66, 142, 84)
        pen.line([(x, 106), (x, 66)], 9, green)
        pen.line([(x, 88), (x - 13, 88), (x - 13, 74)], 6.5, green)
        pen.line([(x, 94), (x + 13, 94), (x + 13, 80)], 6.5, green)


def _far_snow(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 76, 8, (186, 206, 230))


def _near_snow(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 92, 4, (240, 246, 252))
    for x in _spread(rng, 70):
        _pine(pen, x, 103, rng.uniform(1.0, 1.35), (52, 120, 104), snowy=True)


def _far_sea(pen: Pen, rng: random.Random) -> None:
    pen.oval((rng.uniform(10, 214), HORIZON - 4), 34, 11, (104, 142, 130))


def _near_sea(pen: Pen, rng: random.Random) -> None:
    pen.gradient((LEFT, HORIZON - 6), (RIGHT - LEFT, 60), (34, 104, 180), (22, 66, 138))
    for y in (90, 101, 118):
        shift = rng.uniform(0, 6.28)
        points = [(x, y + 2.2 * math.sin(x / 11 + shift)) for x in range(LEFT, RIGHT, 5)]
        pen.line(points, 2.6, (120, 186, 226), 0.8)


def _far_space(pen: Pen, rng: random.Random) -> None:
    x, y = rng.uniform(30, 90), rng.uniform(22, 40)
    pen.oval((x, y), 17, 17, (226, 148, 92))
    pen.oval((x - 2, y - 4), 13, 4, (244, 184, 130))
    pen.line([(x - 29, y + 7), (x, y + 3), (x + 29, y - 7)], 4, (250, 222, 170))
    pen.oval((x + rng.uniform(80, 120), rng.uniform(20, 54)), 10, 10, (98, 190, 200))


def _near_space(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 100, 3, (164, 162, 178))
    for x in _spread(rng, 52):
        y = rng.uniform(108, 124)
        pen.oval((x, y), 13, 4.2, (124, 122, 140))
        pen.oval((x + 1, y + 1.2), 10, 3, (142, 140, 158))


def _far_meadow(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 82, 7, (118, 178, 106))
    for x in _spread(rng, 66):
        _round_tree(pen, x, 90, rng.uniform(0.8, 1.1), (66, 146, 74))


def _near_meadow(pen: Pen, rng: random.Random) -> None:
    _ridge(pen, rng, 95, 3, (134, 202, 92))
    for x in _spread(rng, 24):
        y = rng.uniform(106, 124)
        pen.oval((x, y), 3.4, 3.4, rng.choice(((250, 250, 250), (252, 214, 80), (240, 120, 150))))
