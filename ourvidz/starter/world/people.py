"""The people of the world: grown-ups, about 60 units tall, feet at the origin, facing right."""

from __future__ import annotations

import math

from ourvidz.starter.world.pen import Pen
from ourvidz.starter.world.vocabulary import COLORS, HAIR, RGB, SKIN

DARK: RGB = (48, 44, 56)
WHITE: RGB = (246, 246, 246)


def draw_person(pen: Pen, name: str, color: str, hair: str, skin: str, gait: Gait) -> None:
    """Draw a person in clothes of `color`; `gait` says how the limbs are held."""
    if name == "astronaut":
        _astronaut(pen, COLORS[color], gait)
        return
    body, tone, crown = COLORS[color], SKIN[skin], HAIR[hair]
    skirt = name in ("woman", "grandmother")
    _legs(pen, gait, tone if name == "woman" else DARK, 5.5)
    _arm(pen, -gait.arms, body if not skirt else tone)
    if skirt:
        hem = 20.0 if name == "woman" else 10.0
        pen.polygon([(-6, -44), (6, -44), (13.5, -hem), (-13.5, -hem)], body)
    else:
        pen.box((-8, -45), (16, 25), body, 5)
    if name == "chef":
        pen.polygon([(-6, -36), (6, -36), (7, -17), (-7, -17)], WHITE)
    _arm(pen, gait.arms, body if not skirt else tone)
    _head(pen, name, tone, crown)
    if name.startswith("grand"):
        pen.line([(14, -28), (16, 0)], 2.6, (96, 62, 40))


class Gait:
    """Angles of the limbs at one moment.

    swing: legs, -1 to 1. arms: radians from hanging down. lift: height above the ground.
    """

    def __init__(self, action: str, phase: float) -> None:
        wave = math.sin(2 * math.pi * phase)
        self.swing = {"walk": 0.7, "run": 1.0, "dance": 0.45, "float": 0.25}.get(action, 0.0) * wave
        self.arms = {"dance": 2.2 + 0.5 * wave, "float": 1.1 + 0.2 * wave}.get(
            action, 0.75 * self.swing
        )
        self.lift = {"run": 3.0, "dance": 5.0}.get(action, 0.0) * abs(wave)
        self.lean = 7.0 if action == "run" else 5.0 * wave if action == "dance" else 0.0


def _legs(pen: Pen, gait: Gait, rgb: RGB, width: float) -> None:
    for side in (-1, 1):
        foot = (side * (3.0 + 10.0 * gait.swing), -2.0)
        pen.line([(side * 3.0, -22), foot], width, rgb)
        pen.line([foot, (foot[0] + 3, -2.0)], 5.0, DARK)


def _arm(pen: Pen, angle: float, rgb: RGB) -> None:
    x, y = 17 * math.sin(angle), 17 * math.cos(angle)
    pen.line([(0, -41), (x, -41 + y)], 5.0, rgb)


def _head(pen: Pen, name: str, tone: RGB, crown: RGB) -> None:
    if name == "woman":
        pen.oval((-4, -52), 8.5, 11, crown)
        pen.oval((-6, -44), 5.5, 8, crown)
    if name == "grandmother":
        pen.oval((-5, -64), 5.5, 5.5, crown)
    pen.oval((0, -54), 8.5, 9, tone)
    if name in ("man", "woman", "grandmother"):
        pen.oval((-2.5, -59.5), 8.5, 5.0, crown)
    if name == "grandfather":
        pen.oval((2.5, -48.5), 6.5, 5.5, crown)
        pen.box((-9, -63), (18, 4.5), (88, 72, 60), 2)
        pen.box((-6.5, -69), (13, 8), (88, 72, 60), 2.5)
    if name == "chef":
        pen.box((-7, -68), (14, 9), WHITE, 2)
        pen.oval((0, -69), 10, 5.5, WHITE)
    pen.oval((4, -54.5), 1.7, 2.2, DARK)


def _astronaut(pen: Pen, suit: RGB, gait: Gait) -> None:
    pack = tuple(round(c * 0.6) for c in suit)
    pen.box((-14, -46), (10, 24), (pack[0], pack[1], pack[2]), 4)
    _legs(pen, gait, suit, 8.5)
    _arm(pen, -gait.arms, suit)
    pen.box((-10, -46), (20, 28), suit, 7)
    pen.box((-4, -38), (9, 7), (210, 214, 224), 2)
    pen.line([(0, -40), (16 * math.sin(gait.arms), -40 + 16 * math.cos(gait.arms))], 7.5, suit)
    pen.oval((0, -56), 12.5, 12.5, suit)
    pen.oval((3.5, -56), 8.5, 8, (62, 92, 132))
    pen.oval((6, -59), 3, 2.4, (190, 220, 245))
