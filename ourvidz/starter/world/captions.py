"""Words for a scene: short, plain, turned round, or long like an enhanced prompt."""

from __future__ import annotations

import random

from ourvidz.domain import cinema
from ourvidz.starter.world import names as n
from ourvidz.starter.world import phrases as p
from ourvidz.starter.world.scene import Scene
from ourvidz.starter.world.vocabulary import ADULTS

#: How often an attribute that is *not* what everybody expects (day, clear, static) is said.
_SAID = 0.94


def caption(scene: Scene, rng: random.Random) -> str:
    """One of the many ways to describe `scene`. What goes unsaid is mostly the expected.

    >>> s = Scene(place="beach", time="night", weather="clear", subject="car", color="red",
    ...           action="drive", direction="right", seed=1)
    >>> 10 < len(caption(s, random.Random(1))) < 600
    True
    """
    style = rng.random()
    if style < 0.12:
        return _keywords(scene, rng)
    if style < 0.35:
        return _spoken(scene, rng)
    text = _sentence(scene, rng)
    if style < 0.72:
        camera = _maybe(p.CAMERA, scene.camera, "static", rng)
        return _ended(text, rng) + (f" {camera.capitalize()}." if camera else "")
    return " ".join((_ended(text, rng), *_cinematic(scene, rng)))


def movement_caption(scene: Scene, rng: random.Random) -> str:
    """What happens and hardly more, as people say it of a picture that shows all the rest.

    Few words leave one that says where to most of the attention: in long captions alone nobody
    learns left from right, see benchmarks/LOG.md.

    >>> s = Scene(place="beach", time="night", weather="clear", subject="car", color="red",
    ...           action="drive", direction="right", seed=1)
    >>> "right" in movement_caption(s, random.Random(1))
    True
    """
    way = rng.choice(p.DIRECTION[scene.direction])
    hasty = scene.action not in ("stand", "dance") and rng.random() < 0.4
    speed = rng.choice(p.SPEED[scene.speed]) if hasty else ""
    does, doing = rng.choice(p.DOES[scene.action]), rng.choice(p.DOING[scene.action])
    who = _article(rng.choice(n.SUBJECT[scene.subject]), rng)
    named = f"{who} {does} {way}"
    text = rng.choice((way or doing, f"{doing} {way}", f"it {does} {way}", named, named))
    return _ended(" ".join(f"{text} {speed}".split()), rng)


def hero(scene: Scene, rng: random.Random) -> str:
    """The subject with its colour (and hair), without an article."""
    name = rng.choice(n.SUBJECT[scene.subject])
    hue = _hue(scene.color, rng) if rng.random() < 0.95 else ""
    if scene.subject in ADULTS:
        parts = [rng.choice(n.WEARS[scene.subject]).format(hue)] if hue else []
        if scene.subject in ("woman", "man") and rng.random() < 0.4:
            look = rng.choice(n.HAIR[scene.hair])
            if look.startswith("with"):
                parts.insert(0, look)
            else:
                name = f"{look} {name}"
        return " ".join((name, *parts))
    if scene.subject == "sailboat" and hue and rng.random() < 0.4:
        return f"{name} with {rng.choice(('a ', ''))}{hue} sail"
    return f"{rng.choice(n.ADJECTIVES)}{hue} {name}".replace("  ", " ").strip()


def _hue(color: str, rng: random.Random) -> str:
    """A name of the colour; one in four plain ones has a word before it that changes nothing."""
    name = rng.choice(n.HUE[color])
    plain = name == color and rng.random() < 0.25
    return f"{rng.choice(n.SHADES)} {name}" if plain else name


def _article(noun: str, rng: random.Random) -> str:
    if rng.random() < 0.12:
        return f"the {noun}"
    return f"{'an' if noun[0] in 'aeioAEIO' else 'a'} {noun}"


def _maybe(words: n.Words, value: str, expected: str, rng: random.Random) -> str:
    said = rng.random() < (0.3 if value == expected else _SAID)
    return rng.choice(words[value]) if said else ""


def _setting(scene: Scene, rng: random.Random) -> list[str]:
    """Place, time and weather phrases in a random order; space has neither hour nor weather."""
    parts = [rng.choice(p.PLACE[scene.place]) if rng.random() < 0.97 else ""]
    if scene.place != "space":
        parts.append(_maybe(p.TIME, scene.time, "day", rng))
        parts.append(_maybe(p.WEATHER, scene.weather, "clear", rng))
    rng.shuffle(parts)
    return [part for part in parts if part]


def _movement(scene: Scene, rng: random.Random) -> str:
    still = scene.direction == "none"
    way = rng.choice(p.DIRECTION[scene.direction]) if rng.random() < 0.85 else ""
    speed = "" if still or rng.random() < 0.5 else rng.choice(p.SPEED[scene.speed])
    if scene.action in ("stand", "dance"):
        speed = ""
    return " ".join(part for part in rng.sample([way, speed], 2) if part)


def _sentence(scene: Scene, rng: random.Random) -> str:
    owner = "" if scene.subject in ADULTS else rng.choice(n.OWNERS)
    noun = hero(scene, rng)
    who = f"{owner}{noun}" if owner else _article(noun, rng)
    move, setting = _movement(scene, rng), _setting(scene, rng)
    doing = rng.random() < 0.35
    does = rng.choice((p.DOING if doing else p.DOES)[scene.action])
    core = " ".join(part for part in (who, does, move) if part)
    if setting and rng.random() < 0.2:
        first = setting.pop(0)
        return ", ".join((first, " ".join((core, *setting))))
    return " ".join((core, *setting))


def _spoken(scene: Scene, rng: random.Random) -> str:
    """Several short sentences, as people talk; the hour and the weather in one of their own."""
    where, *rest = _setting(scene, rng) or [""]
    air = f" It is {', '.join(rest)}." if rest else ""
    does = f"{rng.choice(p.DOING[scene.action])} {_movement(scene, rng)}".strip()
    who = _article(hero(scene, rng), rng)
    text = rng.choice(p.SPOKEN).format(who=who, does=does, place=where, air=air)
    return " ".join(text.replace(" .", ".").replace(" ,", ",").split())


def _keywords(scene: Scene, rng: random.Random) -> str:
    words = [hero(scene, rng), *_setting(scene, rng)]
    if rng.random() < 0.6:
        words.insert(
            1, " ".join((rng.choice(p.DOING[scene.action]), _movement(scene, rng))).strip()
        )
    return rng.choice((", ", " ", ", ")).join(words)


def _ended(text: str, rng: random.Random) -> str:
    return (text[0].upper() + text[1:] if rng.random() < 0.7 else text) + "."


def _cinematic(scene: Scene, rng: random.Random) -> list[str]:
    """Light, camera and mood as the prompt enhancer would add them."""
    lights = [
        light.text
        for light in cinema.LIGHTS
        if light.setting in ("outdoors", scene.place)
        and scene.time in light.times
        and scene.weather in light.weathers
    ]
    moves = {scene.camera} | ({"follow"} if scene.camera == "static" else set())
    cameras = [camera.text for camera in cinema.CAMERAS if camera.move in moves]
    out = []
    if lights and rng.random() < 0.9:
        out.append(rng.choice(lights))
    if cameras and rng.random() < 0.9:
        out.append(rng.choice(cameras))
    if rng.random() < 0.8:
        out.append(f"{rng.choice(cinema.MOODS).capitalize()} mood, {cinema.TAIL}.")
    return out
