"""What a prompt already says about time, weather, place, light and camera."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from ourvidz.domain.cinema import LIGHTS, Light, Setting, Time, Weather
from ourvidz.pipeline.wording import read

T = TypeVar("T", bound=str)

_TIME: Mapping[Time, str] = MappingProxyType(
    {
        "night": "night nights nighttime midnight moon moonlit moonlight star stars starry "
        "in_the_dark neon cyberpunk nightclub nocturnal fireworks aurora",
        "sunset": "sunset dusk twilight evening sundown golden_hour sun_goes_down sun_sets "
        "sun_going_down sun_setting setting_sun",
        "day": "day daytime daylight morning noon midday afternoon dawn sunrise sunny sun sunlight "
        "sunshine sunlit",
    }
)
_WEATHER: Mapping[Weather, str] = MappingProxyType(
    {
        "snow": "snow snowy snowing snowfall snowman snowflakes blizzard winter ski skiing skier "
        "snowboard icy frozen sledding",
        "rain": "rain rainy raining rainfall storm stormy thunderstorm drizzle downpour lightning "
        "puddle puddles monsoon wet",
        "cloudy": "cloud clouds cloudy overcast fog foggy mist misty haze hazy",
        "clear": "sunny sun sunshine sunlight sunlit moonlit starry stars clear_sky blue_sky",
    }
)
_SETTING: Mapping[Setting, str] = MappingProxyType(
    {
        "space": "space spaceship spacecraft astronaut astronauts orbit mars lunar galaxy "
        "asteroid planet spacewalk",
        "underwater": "underwater under_the_sea under_water seabed coral reef scuba submarine "
        "whale jellyfish octopus",
        "indoors": "kitchen room bedroom bathroom bathtub indoor indoors inside cafe coffee tea "
        "restaurant bar office library museum classroom gym studio stage theater theatre sofa "
        "couch bed desk table bowl candle candles chef cooking baking fireplace aquarium church "
        "hall hallway basement attic elevator shop laboratory",
        "fire": "fire campfire bonfire torch torches fireplace lava volcano dragon dragons forge "
        "candle candles flames burning",
        "city": "city neon alley downtown tokyo cyberpunk skyline nightclub skyscraper skyscrapers "
        "times_square street streets",
    }
)
_OPPOSITES = (("night", "day"), ("day", "night"), ("rain", "clear"), ("clear", "rain"))


def _phrases(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


_LIGHT = _phrases(
    r"light(?:s|ing)?|lit|(?:sun|moon|lamp|candle|spot|back|fire|star|day|torch)li(?:ght|t)",
    r"neon|(?:golden|blue) hour|silhouettes?|glow(?:s|ing)?|chiaroscuro|sunbeams?|shadows?",
)
_CAMERA = _phrases(
    r"zoom(?:s|ing|ed)?|dolly|drone|aerial|panning|steadicam|hand-?held|macro|fisheye|bokeh|pov",
    r"close[- ]?ups?|wide[- ]?angle|time[- ]?lapse|first[- ]person|selfie|(?:bird|worm).?s[- ]eye",
    r"(?:wide|long|medium|low|high|static|crane|establishing|angle|overhead|tracking|follow) shot",
    r"(?:low|high|overhead|aerial|top|side) (?:angle|view)|(?:seen|shot|viewed|filmed) from",
    r"push(?:es|ing)?[- ]in|pull(?:s|ing)?[- ](?:back|out)|from (?:above|below|behind)",
    r"pans?[- ](?:left|right|across|over|to|up|down|around|along)",
    r"(?:static|fixed|moving|tracking|shaky|gopro|security) camera",
    r"camera (?:pan|move|track|follow|circle|orbit|tilt|fl(?:y|ie)|glide|rise|stay|pull|push)\w*",
)


@dataclass(frozen=True, kw_only=True)
class Cues:
    """What a prompt says; None and empty where it leaves the choice open.

    times, weathers: all that it names, the surest first. settings: every place that its words
    can mean. ruled_out: stems that it negates.
    """

    times: tuple[Time, ...]
    weathers: tuple[Weather, ...]
    settings: frozenset[Setting]
    ruled_out: frozenset[str]
    names_light: bool
    names_camera: bool

    def allows(self, text: str) -> bool:
        """Whether a sentence shows nothing of what the prompt rules out.

        >>> read_cues("a street, no snow").allows("Quiet blue glow of snow at night.")
        False
        """
        return self.ruled_out.isdisjoint(word.stem for word in read(text))

    def contradiction(self, other: Cues) -> str | None:
        """What another text about this scene turns upside down, in words, or None.

        >>> read_cues("rain at night").contradiction(read_cues("bright sunlight on wet streets"))
        'night into day'
        """
        mine, told = {*self.times, *self.weathers}, {*other.times, *other.weathers}
        turned = (
            f"{was} into {becomes}"
            for was, becomes in _OPPOSITES
            if was in mine and becomes in told and becomes not in mine
        )
        return next(turned, None)

    def lights(self) -> list[Light]:
        """The lights that contradict nothing; empty when the prompt names its own.

        Night, rain and snow come only from the user; the default is a clear day or sunset.

        >>> [light.text for light in read_cues("an owl on a rainy night").lights()]
        ['Dark night with glistening rain.']
        """
        if self.names_light:
            return []
        times = self.times[:1] or ("day", "sunset")
        weathers = self.weathers[:1] or ("clear",)
        enclosed = self.settings & {"space", "underwater", "indoors"}
        places = enclosed | (self.settings & {"fire"}) if enclosed else self.settings | {"outdoors"}
        return [
            light
            for light in LIGHTS
            if light.setting in places
            and any(light.suits(time, weather) for time in times for weather in weathers)
            and self.allows(light.text)
        ]


def read_cues(prompt: str) -> Cues:
    """The cues of a prompt.

    >>> cues = read_cues("a cabin in the snow at night, slow zoom in")
    >>> cues.times, cues.weathers, cues.names_camera
    (('night',), ('snow',), True)
    """
    words = read(prompt)
    said = " " + " ".join(word.text for word in words if not word.negated) + " "
    return Cues(
        times=tuple(_said(said, _TIME)),
        weathers=tuple(_said(said, _WEATHER)),
        settings=frozenset(_said(said, _SETTING)),
        ruled_out=frozenset(word.stem for word in words if word.negated),
        names_light=bool(_LIGHT.search(prompt)),
        names_camera=bool(_CAMERA.search(prompt)),
    )


def _said(text: str, classes: Mapping[T, str]) -> Iterator[T]:
    """The classes that have a term in `text`, whose words stand between single spaces."""
    for name, terms in classes.items():
        if any(f" {term.replace('_', ' ')} " in text for term in terms.split()):
            yield name
