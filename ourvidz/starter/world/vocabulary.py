"""What exists in the world and what may go together, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

RGB = tuple[int, int, int]
Kind = Literal["person", "animal", "bird", "wheels", "ball", "boat", "floater", "flyer"]

PLACES = ("beach", "forest", "city", "mountains", "desert", "snow", "sea", "space", "meadow")
TIMES = ("day", "sunset", "night")
WEATHERS = ("clear", "cloudy", "rain", "snow")
CAMERAS = ("static", "pan_left", "pan_right", "zoom_in", "zoom_out")
SPEEDS = ("slow", "fast")
DIRECTIONS = ("left", "right", "up", "down", "none")

COLORS: Mapping[str, RGB] = MappingProxyType(
    {
        "red": (222, 44, 48),
        "orange": (247, 140, 32),
        "yellow": (252, 220, 60),
        "green": (52, 168, 83),
        "blue": (48, 104, 230),
        "purple": (138, 66, 196),
        "pink": (248, 138, 186),
        "white": (246, 246, 246),
        "black": (38, 38, 44),
        "brown": (134, 84, 48),
    }
)
HAIR: Mapping[str, RGB] = MappingProxyType(
    {
        "black": (40, 34, 40),
        "brown": (112, 68, 40),
        "blond": (240, 206, 110),
        "red": (196, 84, 36),
        "grey": (196, 196, 204),
    }
)
SKIN: Mapping[str, RGB] = MappingProxyType(
    {
        "light": (250, 214, 186),
        "tan": (226, 176, 132),
        "brown": (166, 112, 76),
        "dark": (104, 68, 50),
    }
)

_LAND = ("beach", "forest", "city", "mountains", "desert", "snow", "meadow")
_ROADS = ("beach", "city", "mountains", "desert", "snow", "meadow")
_AIR = ("beach", "forest", "city", "mountains", "desert", "snow", "sea", "meadow")


@dataclass(frozen=True)
class Subject:
    """A thing that can be the hero of a scene. hair: people only."""

    kind: Kind
    places: tuple[str, ...]
    actions: tuple[str, ...]


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "woman": Subject("person", _LAND, ("walk", "run", "dance", "stand")),
        "man": Subject("person", _LAND, ("walk", "run", "dance", "stand")),
        "grandmother": Subject("person", _LAND, ("walk", "stand")),
        "grandfather": Subject("person", _LAND, ("walk", "stand")),
        "chef": Subject("person", _LAND, ("walk", "run", "dance", "stand")),
        "astronaut": Subject("person", (*_LAND, "space", "space"), ("walk", "float", "stand")),
        "dog": Subject("animal", (*_LAND, "space"), ("walk", "run", "jump", "stand")),
        "cat": Subject("animal", (*_LAND, "space"), ("walk", "run", "jump", "stand")),
        "horse": Subject("animal", _LAND, ("walk", "run", "jump", "stand")),
        "bird": Subject("bird", _AIR, ("fly",)),
        "butterfly": Subject("bird", ("forest", "meadow", "beach", "city", "mountains"), ("fly",)),
        "car": Subject("wheels", (*_ROADS, "space"), ("drive", "stand")),
        "bus": Subject("wheels", _ROADS, ("drive", "stand")),
        "ball": Subject("ball", (*_LAND, "space"), ("roll", "bounce")),
        "sailboat": Subject("boat", ("sea", "sea", "sea", "beach"), ("sail",)),
        "balloon": Subject("floater", _AIR, ("float",)),
        "airplane": Subject("flyer", _AIR, ("fly",)),
        "rocket": Subject("flyer", ("space", "space", "desert", "mountains", "sea"), ("fly",)),
        "ufo": Subject("floater", ("space", "space", "desert", "city", "forest"), ("float",)),
    }
)
ADULTS = tuple(name for name, subject in SUBJECTS.items() if subject.kind == "person")
#: Directions that an action can take.
HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stand": ("none",),
        "dance": ("none",),
        "float": ("left", "right", "up", "down"),
        "bounce": ("left", "right"),
    }
)
SIDEWAYS = ("left", "right")
