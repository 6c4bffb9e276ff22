"""Sky, light of the hour and weather. World units: 224 wide, 128 high, y down, horizon at 84."""

from __future__ import annotations

import math
import random

from ourvidz.starter.world.pen import Pen
from ourvidz.starter.world.scene import Scene
from ourvidz.starter.world.vocabulary import RGB

WIDTH, HEIGHT, HORIZON = 224, 128, 84
#: Layers are drawn this far beyond both edges, so that a panning camera never runs out of world.
OVERHANG = 64

_SKY = {
    "day": ((84, 164, 240), (204, 232, 252)),
    "sunset": ((92, 58, 132), (255, 158, 84)),
    "night": ((12, 14, 44), (46, 54, 112)),
}
_GREY = {"day": (176, 188, 202), "sunset": (150, 116, 124), "night": (44, 48, 66)}
_VEIL = {"clear": 0.0, "cloudy": 0.55, "rain": 0.8, "snow": 0.7}
_LIGHT = {"day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.82, 0.70), "night": (0.44, 0.50, 0.78)}
_DIM = {"clear": 1.0, "cloudy": 0.92, "rain": 0.78, "snow": 0.96}


def light(scene: Scene) -> tuple[float, float, float]:
    """What the hour and the weather leave of every colour of the landscape."""
    if scene.place == "space":
        return (0.92, 0.92, 1.0)
    r, g, b = _LIGHT[scene.time]
    k = _DIM[scene.weather]
    return (r * k, g * k, b * k)


def hero_light(scene: Scene) -> tuple[float, float, float]:
    """Light on the subject: nearer to white, so that its colour can still be named at night."""
    r, g, b = light(scene)
    return (0.4 * r + 0.6, 0.4 * g + 0.6, 0.4 * b + 0.6)


def mix(a: RGB, b: RGB, k: float) -> RGB:
    """a when k = 0, b when k = 1."""
    r, g, c = (round(x + (y - x) * k) for x, y in zip(a, b, strict=True))
    return (r, g, c)


def draw_sky(pen: Pen, scene: Scene) -> None:
    """Gradient, sun or moon, stars: everything that never moves with the camera."""
    if scene.place == "space":
        top, bottom = (16, 8, 40), (66, 32, 98)
    else:
        veil, grey = _VEIL[scene.weather], _GREY[scene.time]
        top, bottom = (mix(c, grey, veil) for c in _SKY[scene.time])
    pen.gradient((-OVERHANG, 0), (WIDTH + 2 * OVERHANG, HEIGHT), top, bottom)
    rng = random.Random(f"sky {scene.seed}")
    if scene.weather == "clear":
        if scene.time == "night":
            for _ in range(9):
                at = (rng.uniform(4, 220), rng.uniform(5, 64))
                pen.oval(at, 2.1, 2.1, (250, 246, 214))
        if scene.place != "space":
            _sun(pen, scene.time, rng.uniform(36, 188))


def _sun(pen: Pen, time: str, x: float) -> None:
    if time == "day":
        pen.glow((x, 22), 34, (255, 248, 200), 0.75)
        pen.oval((x, 22), 12, 12, (255, 242, 150))
    elif time == "sunset":
        pen.glow((x, 70), 62, (255, 226, 130), 0.8)
        pen.oval((x, 70), 18, 18, (255, 222, 104))
    else:
        pen.glow((x, 24), 30, (220, 226, 255), 0.5)
        pen.oval((x, 24), 11, 11, (246, 244, 222))


def draw_clouds(pen: Pen, scene: Scene, t: float) -> None:
    """Clouds that drift with t (0 to 1 over five seconds)."""
    if scene.place == "space":
        return
    count = {"clear": 1 if scene.time == "day" else 0, "cloudy": 5, "rain": 6, "snow": 4}
    shade = {"clear": 255, "cloudy": 236, "rain": 150, "snow": 240}[scene.weather]
    rng = random.Random(f"clouds {scene.seed}")
    lit = pen.lit(light(scene))
    for i in range(count[scene.weather]):
        x = (i + rng.uniform(0.1, 0.9)) * (WIDTH + 60) / max(1, count[scene.weather]) - 30
        x, y, s = x + 14 * t, rng.uniform(10, 34), rng.uniform(0.8, 1.25)
        rgb = (shade, shade, min(255, shade + 6))
        for dx, dy, r in ((-14, 3, 8), (0, -2, 11), (13, 3, 8.5)):
            lit.oval((x + dx * s, y + dy * s), r * 1.5 * s, r * s, rgb)


def draw_weather(pen: Pen, scene: Scene, t: float) -> None:
    """Rain or snow in front of everything; t is 0 to 1 over five seconds."""
    rng = random.Random(f"weather {scene.seed}")
    if scene.weather == "rain":
        for _ in range(11):
            x, y = rng.uniform(0, WIDTH + 20), rng.uniform(0, 150)
            y = (y + 2 * 150 * t) % 150 - 12
            x -= 0.25 * y
            pen.line([(x, y), (x - 3.6, y + 14)], 2.6, (206, 222, 244), 0.6)
    elif scene.weather == "snow":
        for _ in range(13):
            x, y, sway = rng.uniform(0, WIDTH), rng.uniform(0, 136), rng.uniform(0, 6.28)
            y = (y + 136 * t) % 136 - 4
            x += 5 * math.sin(sway + 6.28 * t)
            pen.oval((x, y), 3.0, 3.0, (255, 255, 255), 0.92)
