"""A thin pen over Skia: anti-aliased shapes in world units, tinted by the light of the hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import skia

from ourvidz.starter.world.vocabulary import RGB

Point = tuple[float, float]


class Pen:
    """Draws on a Skia canvas. `light` multiplies every colour, each channel 0 to 1."""

    def __init__(self, canvas: skia.Canvas, light: tuple[float, float, float] = (1, 1, 1)) -> None:
        self.canvas = canvas
        self.light = light

    def lit(self, light: tuple[float, float, float]) -> Pen:
        """The same canvas under another light."""
        return Pen(self.canvas, light)

    def _paint(self, rgb: RGB, alpha: float = 1.0) -> skia.Paint:
        r, g, b = (round(c * k) for c, k in zip(rgb, self.light, strict=True))
        return skia.Paint(AntiAlias=True, Color=skia.Color(r, g, b, round(255 * alpha)))

    def polygon(self, points: Sequence[Point], rgb: RGB, alpha: float = 1.0) -> None:
        """A filled polygon."""
        path = skia.Path.Polygon([skia.Point(*p) for p in points], True)
        self.canvas.drawPath(path, self._paint(rgb, alpha))

    def oval(self, at: Point, rx: float, ry: float, rgb: RGB, alpha: float = 1.0) -> None:
        """A filled ellipse around `at`."""
        rect = skia.Rect(at[0] - rx, at[1] - ry, at[0] + rx, at[1] + ry)
        self.canvas.drawOval(rect, self._paint(rgb, alpha))

    def box(self, at: Point, size: Point, rgb: RGB, radius: float = 0.0) -> None:
        """A filled (rounded) rectangle; `at` is its top left corner."""
        rect = skia.Rect.MakeXYWH(at[0], at[1], size[0], size[1])
        self.canvas.drawRoundRect(rect, radius, radius, self._paint(rgb))

    def line(self, points: Sequence[Point], width: float, rgb: RGB, alpha: float = 1.0) -> None:
        """A round-capped open line."""
        paint = self._paint(rgb, alpha)
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(width)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        paint.setStrokeJoin(skia.Paint.kRound_Join)
        path = skia.Path.Polygon([skia.Point(*p) for p in points], False)
        self.canvas.drawPath(path, paint)

    def gradient(self, at: Point, size: Point, top: RGB, bottom: RGB) -> None:
        """A rectangle that runs from `top` to `bottom`."""
        colors = [self._paint(top).getColor(), self._paint(bottom).getColor()]
        ends = [skia.Point(0, at[1]), skia.Point(0, at[1] + size[1])]
        paint = skia.Paint(AntiAlias=True, Shader=skia.GradientShader.MakeLinear(ends, colors))
        self.canvas.drawRect(skia.Rect.MakeXYWH(at[0], at[1], size[0], size[1]), paint)

    def glow(self, at: Point, radius: float, rgb: RGB, alpha: float) -> None:
        """A soft round light that fades to nothing at `radius`; not tinted."""
        colors = [skia.Color(*rgb, round(255 * alpha)), skia.Color(*rgb, 0)]
        shader = skia.GradientShader.MakeRadial(skia.Point(*at), radius, colors)
        self.canvas.drawCircle(skia.Point(*at), radius, skia.Paint(AntiAlias=True, Shader=shader))

    @contextmanager
    def placed(
        self, at: Point, scale: float = 1.0, degrees: float = 0.0, flip: bool = False
    ) -> Iterator[None]:
        """Draw around a new origin, scaled, rotated, optionally mirrored left to right."""
        self.canvas.save()
        self.canvas.translate(*at)
        self.canvas.rotate(degrees)
        self.canvas.scale(-scale if flip else scale, scale)
        try:
            yield
        finally:
            self.canvas.restore()
