"""A scene: every attribute of one picture-book clip, and how to draw one at random."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from ourvidz.starter.world import vocabulary as v


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One clip of the world; the renderer is a pure function of this value.

    Every field but `seed` is ground truth in the words of `vocabulary`; `seed` lays out hills,
    trees, clouds and the start of the movement. `color` is that of the clothes, the coat, the
    body or the sail; `hair` and `skin` show on people only.
    """

    place: str
    time: str
    weather: str
    subject: str
    color: str
    action: str
    direction: str
    speed: str = "slow"
    camera: str = "static"
    hair: str = "brown"
    skin: str = "light"
    seed: int = 0

    @property
    def kind(self) -> v.Kind:
        """Kind of the subject: how it moves and where it stands."""
        return v.SUBJECTS[self.subject].kind


def sample_scene(rng: random.Random) -> Scene:
    """A random scene whose parts suit each other.

    >>> sample_scene(random.Random(1)) == sample_scene(random.Random(1))
    True
    """
    name = rng.choice(tuple(v.SUBJECTS))
    subject = v.SUBJECTS[name]
    place = rng.choice(subject.places)
    action = rng.choice(subject.actions)
    still = action in ("stand", "dance")
    return Scene(
        place=place,
        time="night" if place == "space" else rng.choice(v.TIMES),
        weather=_weather(place, rng),
        subject=name,
        color=rng.choice(tuple(v.COLORS)),
        action=action,
        direction=rng.choice(v.HEADINGS.get(action, v.SIDEWAYS)),
        speed="slow" if still else rng.choice(v.SPEEDS),
        camera=rng.choice(("static", *v.CAMERAS)),
        hair="grey" if name.startswith("grand") else rng.choice(tuple(v.HAIR)),
        skin=rng.choice(tuple(v.SKIN)),
        seed=rng.getrandbits(32),
    )


def _weather(place: str, rng: random.Random) -> str:
    if place == "space":
        return "clear"
    dry = place in ("desert", "beach")
    return rng.choice(("clear", "clear", "cloudy", "rain") if dry else ("clear", *v.WEATHERS))


def is_held_out(scene: Scene) -> bool:
    """True for one in twelve combinations of subject, colour and place: never trained on."""
    key = f"{scene.subject}/{scene.color}/{scene.place}".encode()
    return hashlib.sha256(key).digest()[0] % 12 == 0
