"""The words of light, camera and mood that describe a shot, as immutable lists.

The enhancer chooses from these lists and the starter model's captions are written with them, so
an enhanced prompt reads like the sentences that the model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Time = Literal["day", "sunset", "night"]
Weather = Literal["clear", "cloudy", "rain", "snow"]
Setting = Literal["outdoors", "indoors", "city", "space", "underwater", "fire"]
Move = Literal["static", "pan_left", "pan_right", "zoom_in", "zoom_out", "follow"]

TIMES: tuple[Time, ...] = get_args(Time)
WEATHERS: tuple[Weather, ...] = get_args(Weather)


@dataclass(frozen=True)
class Light:
    """One sentence of light and the scenes that it does not contradict.

    times, weathers: all that it suits. setting: where it may be used; every other setting than
    "outdoors" must be named by the scene.
    """

    text: str
    times: tuple[Time, ...]
    weathers: tuple[Weather, ...]
    setting: Setting = "outdoors"

    def suits(self, time: Time | None, weather: Weather | None) -> bool:
        """Whether it fits a scene; None stands for a scene that leaves it open.

        >>> LIGHTS[0].text, LIGHTS[0].suits("day", None), LIGHTS[0].suits("night", "rain")
        ('Bright midday sun.', True, False)
        """
        return (time is None or time in self.times) and (
            weather is None or weather in self.weathers
        )


@dataclass(frozen=True)
class Camera:
    """One sentence of camera work.

    move: how the picture travels over the scene. filmed: scenes that are often filmed so.
    """

    text: str
    move: Move
    filmed: tuple[str, ...]


#: Together the outdoor sentences suit every pair of a time and a weather.
LIGHTS: tuple[Light, ...] = (
    Light("Bright midday sun.", ("day",), ("clear",)),
    Light("Clear morning light.", ("day",), ("clear",)),
    Light("Soft overcast daylight.", ("day",), ("cloudy", "rain")),
    Light("Grey rainy light.", ("day", "sunset"), ("rain",)),
    Light("Bright crisp winter light.", ("day",), ("snow",)),
    Light("Golden hour sunlight with long soft shadows.", ("sunset",), ("clear",)),
    Light("Warm glow of the low sun.", ("sunset",), ("clear", "cloudy")),
    Light("Pale pink winter dusk.", ("sunset",), ("snow",)),
    Light("Cool silver moonlight.", ("night",), ("clear",)),
    Light("Deep blue night light.", ("night",), ("clear", "cloudy")),
    Light("Dark night with glistening rain.", ("night",), ("rain",)),
    Light("Quiet blue glow of snow at night.", ("night",), ("snow",)),
    Light("Soft window light.", ("day",), WEATHERS, "indoors"),
    Light("Warm lamp light.", ("sunset", "night"), WEATHERS, "indoors"),
    Light("Colorful neon light.", ("night",), WEATHERS, "city"),
    Light("Hard light with deep black shadows.", TIMES, WEATHERS, "space"),
    Light("Blue light falling through water.", TIMES, WEATHERS, "underwater"),
    Light("Warm firelight with flickering shadows.", ("sunset", "night"), WEATHERS, "fire"),
)

CAMERAS: tuple[Camera, ...] = (
    Camera(
        "Static wide shot.",
        "static",
        ("a man sitting and fishing", "a quiet lake", "an animal in the snow", "an empty stage"),
    ),
    Camera(
        "Macro close-up with shallow depth of field.",
        "static",
        (
            "pouring coffee",
            "a bee on a flower",
            "water drops",
            "a fish in a bowl",
            "an eye opening",
        ),
    ),
    Camera(
        "Gentle handheld shot.",
        "static",
        ("children playing in the garden", "friends laughing", "people dancing", "someone cooking"),
    ),
    Camera("Slow pan to the left.", "pan_left", ("a busy market", "a mountain range")),
    Camera("Slow pan to the right.", "pan_right", ("a city skyline", "a long beach with palms")),
    Camera(
        "Slow push-in.",
        "zoom_in",
        ("a musician playing guitar", "a couple holding hands", "an old castle in a storm"),
    ),
    Camera(
        "Slow zoom in.",
        "zoom_in",
        ("a burning candle", "a cat looking out of a window", "a bird on a branch"),
    ),
    Camera("Slow pull-back.", "zoom_out", ("a lonely person standing", "a camp fire at night")),
    Camera("Slow zoom out.", "zoom_out", ("a spaceship above a planet", "a tree on a hill")),
    Camera(
        "Aerial shot slowly pulling back.",
        "zoom_out",
        ("a dragon flying", "hot air balloons", "a sailboat at sea", "a forest from above"),
    ),
    Camera(
        "Low tracking shot that follows the movement.",
        "follow",
        (
            "a dog running",
            "horses galloping",
            "a car driving fast",
            "a fish swimming",
            "riding a skateboard",
        ),
    ),
    Camera(
        "Steady shot following from behind.",
        "follow",
        ("a woman walking down a street", "a man riding a bicycle", "a hiker on a path"),
    ),
)

#: Used as "<Mood> mood, <TAIL>."
MOODS: tuple[str, ...] = (
    "peaceful",
    "serene",
    "calm",
    "quiet",
    "relaxed",
    "gentle",
    "tender",
    "cozy",
    "romantic",
    "intimate",
    "nostalgic",
    "melancholic",
    "lonely",
    "somber",
    "gloomy",
    "mysterious",
    "eerie",
    "haunting",
    "suspenseful",
    "tense",
    "ominous",
    "dramatic",
    "epic",
    "majestic",
    "heroic",
    "powerful",
    "fierce",
    "energetic",
    "vibrant",
    "lively",
    "exciting",
    "thrilling",
    "adventurous",
    "festive",
    "joyful",
    "happy",
    "cheerful",
    "playful",
    "whimsical",
    "funny",
    "magical",
    "dreamy",
    "hopeful",
    "triumphant",
)

TAIL = "cinematic, natural colors, sharp detail, smooth motion"


def sentences(words: str, *more: str) -> str:
    """The words as a sentence of their own and those after it, empty ones left out.

    >>> sentences("a dog running,", "", "Static wide shot.")
    'A dog running. Static wide shot.'
    """
    words = words.strip()
    words = words[:1].upper() + words[1:]
    if words[-1:] not in tuple(".!?"):
        words = words.rstrip(",;: ") + "."
    return " ".join(part for part in (words, *more) if part)


def shot(words: str, light: str = "", camera: str = "", mood: str = "") -> str:
    """The sentences of one enhanced prompt in their fixed order, empty parts left out.

    >>> shot("a dog running", LIGHTS[0].text, CAMERAS[0].text, "happy")
    'A dog running. Bright midday sun. Static wide shot. Happy mood, cinematic, natural colors, \
sharp detail, smooth motion.'
    """
    closing = f"{mood.capitalize()} mood, {TAIL}." if mood else f"{TAIL.capitalize()}."
    return sentences(words, light, camera, closing)
