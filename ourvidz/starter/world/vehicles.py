"""Things that drive, sail, roll, float, fly; wheels and hulls on the origin, facing right."""

from __future__ import annotations

import math

from ourvidz.starter.world.creatures import shaded
from ourvidz.starter.world.pen import Pen
from ourvidz.starter.world.people import DARK, WHITE
from ourvidz.starter.world.vocabulary import COLORS, RGB

GLASS: RGB = (186, 222, 244)


def draw_vehicle(pen: Pen, name: str, color: str, turn: float) -> None:
    """Draw a vehicle of `color`; `turn` is the angle of its wheels in radians."""
    drawers = {
        "car": _car, "bus": _bus, "ball": _ball, "sailboat": _sailboat,
        "balloon": _balloon, "airplane": _airplane, "rocket": _rocket, "ufo": _ufo,
    }  # fmt: skip
    drawers[name](pen, COLORS[color], turn)


def _wheel(pen: Pen, x: float, r: float, turn: float) -> None:
    pen.oval((x, -r), r, r, DARK)
    pen.oval((x, -r), r * 0.5, r * 0.5, (188, 192, 200))
    dx, dy = r * 0.42 * math.cos(turn), r * 0.42 * math.sin(turn)
    pen.line([(x - dx, -r - dy), (x + dx, -r + dy)], 2.2, (96, 100, 110))


def _car(pen: Pen, body: RGB, turn: float) -> None:
    pen.polygon([(-19, -23), (-12, -37), (13, -37), (22, -23)], body)
    pen.polygon([(-14, -24), (-9.5, -33.5), (-1, -33.5), (-1, -24)], GLASS)
    pen.polygon([(3, -24), (3, -33.5), (11, -33.5), (17, -24)], GLASS)
    pen.box((-34, -25), (68, 17), body, 7)
    pen.box((-34, -13), (68, 5), shaded(body, 0.72), 2.5)
    pen.oval((31, -18), 3.4, 3.4, (255, 240, 170))
    pen.oval((-32, -18), 2.6, 3.2, (150, 30, 30))
    _wheel(pen, -19, 9, turn)
    _wheel(pen, 19, 9, turn)


def _bus(pen: Pen, body: RGB, turn: float) -> None:
    pen.box((-46, -50), (92, 42), body, 6)
    for x in (-40, -20, 0):
        pen.box((x, -44), (16, 14), GLASS, 2.5)
    pen.box((22, -44), (20, 18), GLASS, 2.5)
    pen.box((-46, -20), (92, 6), shaded(body, 0.7), 0)
    pen.oval((43, -13), 3.4, 3.4, (255, 240, 170))
    _wheel(pen, -27, 9, turn)
    _wheel(pen, 27, 9, turn)


def _ball(pen: Pen, body: RGB, turn: float) -> None:
    pen.oval((0, -17), 17, 17, body)
    stripe = WHITE if sum(body) < 640 else (170, 170, 180)
    for k in range(3):
        a = turn + k * 2 * math.pi / 3
        pen.oval((9.5 * math.cos(a), -17 + 9.5 * math.sin(a)), 4.4, 4.4, stripe)


def _sailboat(pen: Pen, sail: RGB, turn: float) -> None:
    with pen.placed((0, 0), degrees=2.5 * math.sin(turn / 3)):
        pen.line([(0, -8), (0, -68)], 3.2, (92, 60, 40))
        pen.polygon([(3, -66), (3, -17), (30, -17)], sail)
        pen.polygon([(-3, -60), (-3, -17), (-22, -17)], shaded(sail, 0.82))
        pen.polygon([(-32, -13), (34, -13), (24, 2), (-23, 2)], (138, 88, 54))
        pen.polygon([(-32, -13), (34, -13), (32, -9), (-30, -9)], (186, 130, 84))


def _balloon(pen: Pen, body: RGB, turn: float) -> None:
    with pen.placed((0, 0), degrees=2.0 * math.sin(turn / 3)):
        pen.line([(-13, 4), (-6, 26)], 1.8, (110, 84, 60))
        pen.line([(13, 4), (6, 26)], 1.8, (110, 84, 60))
        pen.oval((0, -14), 25, 27, body)
        pen.oval((0, -14), 12, 27, shaded(body, 0.78))
        pen.oval((0, -14), 4.5, 27, body)
        pen.polygon([(-13, 8), (13, 8), (7, 16), (-7, 16)], shaded(body, 0.7))
        pen.box((-8, 24), (16, 11), (150, 98, 56), 3)


def _airplane(pen: Pen, body: RGB, turn: float) -> None:
    pen.polygon([(-36, -2), (-44, -20), (-33, -20), (-22, -3)], shaded(body, 0.75))
    pen.polygon([(-2, 0), (-20, -17), (-11, -17), (14, 0)], shaded(body, 0.62))
    pen.oval((0, 0), 39, 10, body)
    pen.polygon([(24, -8.5), (31, -6.5), (35, -3), (22, -3)], GLASS)
    for x in (-16, -4, 8):
        pen.oval((x, -2.5), 3, 3, GLASS)
    pen.polygon([(-4, 3), (-24, 20), (-13, 20), (12, 3)], shaded(body, 0.8))


def _rocket(pen: Pen, body: RGB, turn: float) -> None:
    flame = 9 + 4 * math.sin(turn * 2)
    pen.polygon([(-27, -7), (-27, 7), (-34 - flame, 0)], (252, 150, 40))
    pen.polygon([(-27, -4), (-27, 4), (-32 - flame / 2, 0)], (255, 232, 130))
    pen.polygon([(-14, -10), (-30, -20), (-28, -6)], shaded(body, 0.65))
    pen.polygon([(-14, 10), (-30, 20), (-28, 6)], shaded(body, 0.65))
    pen.oval((0, 0), 32, 11.5, body)
    pen.oval((11, 0), 6, 6, WHITE)
    pen.oval((11, 0), 4, 4, (84, 150, 220))


def _ufo(pen: Pen, body: RGB, turn: float) -> None:
    with pen.placed((0, 0), degrees=4 * math.sin(turn / 2)):
        pen.oval((0, -8), 15, 14, GLASS)
        pen.oval((0, 0), 35, 10.5, body)
        pen.oval((0, -4), 22, 4.5, shaded(body, 0.72))
        for x in (-20, 0, 20):
            pen.oval((x, 4), 3.2, 2.8, (255, 244, 150))
