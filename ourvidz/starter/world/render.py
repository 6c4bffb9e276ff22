"""From a scene to frames: layers drawn once, moved by the camera, with the subject on its path."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import skia

from ourvidz.starter.world import places, sky
from ourvidz.starter.world.creatures import draw_animal, draw_winged
from ourvidz.starter.world.pen import Pen, Point
from ourvidz.starter.world.people import Gait, draw_person
from ourvidz.starter.world.scene import Scene
from ourvidz.starter.world.vehicles import draw_vehicle

#: Frames of a whole clip: five seconds at 16 fps and the first frame.
CLIP_FRAMES = 81

#: kind or name -> (height of the origin, size, half width that must stay in the picture)
_STANCE = {
    "person": (117, 1.12, 30), "animal": (117, 1.12, 46), "wheels": (117, 1.12, 48),
    "bus": (118, 0.95, 52), "ball": (117, 1.1, 28), "boat": (112, 1.05, 42),
    "bird": (56, 1.15, 44), "butterfly": (66, 1.3, 30), "balloon": (52, 1.05, 34),
    "airplane": (48, 1.1, 56), "rocket": (50, 1.1, 54), "ufo": (52, 1.1, 48),
}  # fmt: skip


def render_scene(
    scene: Scene,
    width: int = 224,
    height: int = 128,
    frames: Iterable[int] | None = None,
) -> np.ndarray:
    """Draw a scene. Returns (T, height, width, 3) uint8 RGB.

    frames: which of the clip's 81 frames to draw, default all of them.

    >>> s = Scene(place="beach", time="day", weather="clear", subject="car", color="red",
    ...           action="drive", direction="right", seed=1)
    >>> render_scene(s, frames=[0, 80]).shape
    (2, 128, 224, 3)
    """
    wanted = range(CLIP_FRAMES) if frames is None else list(frames)
    layers = _layers(scene)
    out = np.empty((len(wanted), height, width, 4), np.uint8)
    for image, index in zip(out, wanted, strict=True):
        surface = skia.Surface(image)
        canvas = surface.getCanvas()
        canvas.scale(width / sky.WIDTH, height / sky.HEIGHT)
        _draw_frame(canvas, scene, layers, index / (CLIP_FRAMES - 1))
        surface.flushAndSubmit()
    return np.ascontiguousarray(out[..., :3])


def render_frame(scene: Scene, index: int = 0, width: int = 224, height: int = 128) -> np.ndarray:
    """One frame of a scene, (height, width, 3) uint8 RGB."""
    return render_scene(scene, width, height, [index])[0]


def portrait(scene: Scene, width: int = 128, height: int = 128) -> np.ndarray:
    """The subject alone on a plain ground, a reference picture: (height, width, 3) uint8."""
    image = np.full((height, width, 4), 232, np.uint8)
    surface = skia.Surface(image)
    canvas = surface.getCanvas()
    canvas.scale(width / sky.HEIGHT, height / sky.HEIGHT)
    standing = 1.0 if _stance(scene)[0] > 100 else 0.0
    with Pen(canvas).placed((64, 64 + 46 * standing), 1.3 if standing else 1.15):
        _draw_subject(Pen(canvas), scene, 0.0)
    surface.flushAndSubmit()
    return np.ascontiguousarray(image[..., :3])


def _layers(scene: Scene) -> list[tuple[float, skia.Picture]]:
    """The still layers with their parallax, recorded once."""
    tint = sky.light(scene)

    def record(draw: Callable[[Pen], None]) -> skia.Picture:
        recorder = skia.PictureRecorder()
        span = sky.WIDTH + 2 * sky.OVERHANG
        bounds = skia.Rect.MakeXYWH(-sky.OVERHANG, 0, span, sky.HEIGHT)
        draw(Pen(recorder.beginRecording(bounds), tint))
        return recorder.finishRecordingAsPicture()

    far, near = (random.Random(f"{name} {scene.seed}") for name in ("far", "near"))
    return [
        (0.4, record(partial(places.draw_far, place=scene.place, rng=far))),
        (1.0, record(partial(places.draw_near, place=scene.place, rng=near))),
    ]


def _draw_frame(
    canvas: skia.Canvas, scene: Scene, layers: list[tuple[float, skia.Picture]], t: float
) -> None:
    pen = Pen(canvas)
    at = subject_at(scene, t)
    canvas.save()
    zoom, focus = _zoom(scene, t, at)
    canvas.translate(focus[0] * (1 - zoom), focus[1] * (1 - zoom))
    canvas.scale(zoom, zoom)
    pan = {"pan_left": 52.0, "pan_right": -52.0}.get(scene.camera, 0.0) * (t - 0.5)
    sky.draw_sky(pen, scene)
    sky.draw_clouds(pen, scene, t)
    for parallax, picture in layers:
        canvas.save()
        canvas.translate(pan * parallax, 0)
        canvas.drawPicture(picture)
        canvas.restore()
    scale, flip = _stance(scene)[1], scene.direction == "left"
    if scene.kind not in ("bird", "boat", "floater", "flyer") and scene.action != "float":
        pen.oval((at[0], _stance(scene)[0] + 0.5), 21 * scale, 3.6, (30, 34, 44), 0.28)
    with pen.placed(at, scale, _tilt(scene), flip):
        _draw_subject(pen.lit(sky.hero_light(scene)), scene, t)
    canvas.restore()
    sky.draw_weather(pen, scene, t)


def _zoom(scene: Scene, t: float, at: Point) -> tuple[float, Point]:
    """How much nearer the camera is, and the point that stays where it is."""
    zoom = {"zoom_in": 1 + 0.3 * t, "zoom_out": 1.3 - 0.3 * t}.get(scene.camera, 1.0)
    return zoom, (sky.WIDTH / 2, 92.0 if at[1] > 80 else 56.0)


def _stance(scene: Scene) -> tuple[float, float, float]:
    return _STANCE.get(scene.subject) or _STANCE[scene.kind]


def subject_at(scene: Scene, t: float) -> Point:
    """Where the subject's origin is at t (0 to 1 over five seconds), in world units."""
    rng = random.Random(f"path {scene.seed}")
    y, _, margin = _stance(scene)
    fast = scene.speed == "fast"
    if scene.action == "float" and scene.kind == "person":
        y -= 22
    if scene.camera.startswith("zoom"):
        margin += 20  # the picture's edges come nearer
    room = sky.WIDTH - 2 * margin
    go = min(room, 104 if fast else 46)
    x = margin + rng.random() * (room - go)
    if scene.direction == "right":
        x += go * t
    elif scene.direction == "left":
        x = x + go * (1 - t)
    else:
        x = margin + (0.2 + 0.6 * rng.random()) * room
        rise = (34 if fast else 20) * (t - 0.5)
        y += {"up": -rise, "down": rise}.get(scene.direction, 0.0)
    y += rng.uniform(-3, 3)
    return (x, y - _lift(scene, t))


def subject_box(scene: Scene, t: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box with the subject in it, world units, zoomed."""
    at = subject_at(scene, t)
    standing, size, half = _stance(scene)
    above, below = (66.0, 4.0) if standing > 100 else (34.0, 34.0)
    zoom, (x, y) = _zoom(scene, t, at)
    box = (at[0] - half, at[1] - above * size, at[0] + half, at[1] + below * size)
    return (
        x + zoom * (box[0] - x), y + zoom * (box[1] - y),
        x + zoom * (box[2] - x), y + zoom * (box[3] - y),
    )  # fmt: skip


def _lift(scene: Scene, t: float) -> float:
    """Height above the path: hops, bounces, waves and breaths of wind."""
    beats = 8.0 if scene.speed == "fast" else 4.5
    if scene.action == "jump":
        return 17 * abs(math.sin(math.pi * beats * 0.8 * t))
    if scene.action == "bounce":
        return 36 * abs(math.sin(math.pi * beats * 0.7 * t))
    if scene.kind in ("boat", "floater", "bird"):
        return 2.2 * math.sin(2 * math.pi * 2 * t)
    return 0.0


def _tilt(scene: Scene) -> float:
    if scene.subject == "rocket":
        return 8.0 if scene.direction == "left" else -8.0
    return 0.0


def _draw_subject(pen: Pen, scene: Scene, t: float) -> None:
    """Draw the subject around the pen's origin."""
    beats = 8.0 if scene.speed == "fast" else 4.5
    if scene.kind == "person":
        gait = Gait(scene.action, beats * t)
        with pen.placed((0, -gait.lift), degrees=gait.lean):
            draw_person(pen, scene.subject, scene.color, scene.hair, scene.skin, gait)
    elif scene.kind == "animal":
        action = "run" if scene.action == "jump" else scene.action
        draw_animal(pen, scene.subject, scene.color, Gait(action, beats * t))
    elif scene.kind == "bird":
        draw_winged(pen, scene.subject, scene.color, beats * 1.2 * t)
    else:
        rolling = 0.0 if scene.action == "stand" else 2 * math.pi * beats * 0.5 * t
        draw_vehicle(pen, scene.subject, scene.color, rolling)
