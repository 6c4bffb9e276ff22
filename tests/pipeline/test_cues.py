"""What a prompt says is read from everyday words; what is added never contradicts it."""

from __future__ import annotations

import pytest

from ourvidz.domain.cinema import LIGHTS, TIMES, WEATHERS
from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.wording import read


@pytest.mark.parametrize(
    ("prompt", "times", "weathers"),
    [
        ("a cat on a skateboard", (), ()),
        ("a cabin at midnight", ("night",), ()),
        ("palm trees as the sun goes down", ("sunset", "day"), ("clear",)),
        ("old man fishing, rainy", (), ("rain",)),
        ("a city at night without rain", ("night",), ()),
        ("kids building a snowman", (), ("snow",)),
        ("early morning fog", ("day",), ("cloudy",)),
    ],
)
def test_time_and_weather_are_read(
    prompt: str, times: tuple[str, ...], weathers: tuple[str, ...]
) -> None:
    cues = read_cues(prompt)
    assert (cues.times, cues.weathers) == (times, weathers)


@pytest.mark.parametrize(
    "prompt",
    [
        "drone shot over a forest",
        "slow zoom in on a candle",
        "pan left across a market",
        "a flower, macro",
        "the camera follows a dog",
        "a street seen from above",
        "handheld, an alley",
    ],
)
def test_a_named_camera_is_seen(prompt: str) -> None:
    assert read_cues(prompt).names_camera


@pytest.mark.parametrize(
    "prompt", ["a cat not looking at the camera", "eggs in a pan", "a shot of espresso"]
)
def test_a_camera_or_a_pan_in_the_picture_is_no_camera_move(prompt: str) -> None:
    assert not read_cues(prompt).names_camera


def test_a_prompt_with_its_own_light_gets_no_other() -> None:
    assert read_cues("a face lit by a single lamp").lights() == []


def test_night_rain_and_snow_come_only_from_the_user() -> None:
    lights = read_cues("a dog running").lights()
    assert lights
    for light in lights:
        assert not {"night", "rain", "snow"} & {word.text for word in read(light.text)}


@pytest.mark.parametrize("prompt", ["a lake on a rainy night", "an inn in a storm at midnight"])
def test_no_sun_shines_in_a_rainy_night(prompt: str) -> None:
    texts = [light.text for light in read_cues(prompt).lights()]
    assert texts
    assert not any("sun" in text.lower() or "day" in text.lower() for text in texts)


def test_indoors_gets_indoor_light() -> None:
    assert {light.setting for light in read_cues("a chef in a kitchen").lights()} == {"indoors"}


def test_every_time_and_weather_has_an_outdoor_light() -> None:
    for time in TIMES:
        for weather in WEATHERS:
            assert any(
                light.suits(time, weather) for light in LIGHTS if light.setting == "outdoors"
            )


def test_no_listed_light_contradicts_the_scenes_it_suits() -> None:
    for light in LIGHTS:
        for time in light.times:
            for weather in light.weathers:
                scene = read_cues(f"a lake, {time}, {weather}")
                assert scene.contradiction(read_cues(light.text)) is None, light
