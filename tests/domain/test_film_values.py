"""A film goes through JSON and comes back; hostile JSON does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ourvidz.domain.errors import InvalidRequest, OurVidzError
from ourvidz.domain.film import Film, Scene
from ourvidz.domain.film_values import film_of, film_values, scene_of, scene_values

FILM = Film(
    title="Away",
    scenes=(
        Scene(
            id="sea",
            prompt="a sailboat",
            seconds=15,
            transition="crossfade",
            transition_s=0.25,
            characters=("Mara",),
            enhanced_prompt="A sailboat. Golden hour.",
        ),
        Scene(id="snow", prompt="ein Hund, 雪"),
    ),
    profile="fast",
    seed=2**63 - 1,
    continuity="chained",
    negative_prompt="text",
)
GOOD = film_values(FILM)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_a_film_comes_back_as_it_was() -> None:
    assert film_of(json.loads(json.dumps(GOOD))) == FILM
    assert [scene_of(scene_values(scene)) for scene in FILM.scenes] == list(FILM.scenes)


@given(st.sampled_from(sorted(GOOD)), ANYTHING)
def test_anything_in_place_of_a_value_is_refused_or_makes_a_film(name: str, value: Any) -> None:
    try:
        film = film_of({**GOOD, name: value})
    except OurVidzError:
        return
    assert film_of(json.loads(json.dumps(film_values(film)))) == film


@given(st.sampled_from(sorted(GOOD["scenes"][0])), ANYTHING)
def test_anything_in_place_of_a_scenes_value_is_refused_or_makes_one(name: str, value: Any) -> None:
    try:
        film = film_of({**GOOD, "scenes": [{**GOOD["scenes"][0], name: value}]})
    except OurVidzError:
        return
    assert film_of(json.loads(json.dumps(film_values(film)))) == film


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**GOOD, "sudo": True}, "film: 'sudo' is not known here"),
        ({**GOOD, "seed": True}, "seed: must be a whole number"),
        ({**GOOD, "scenes": {}}, "scenes: must be a list"),
        ({**GOOD, "scenes": [{}] * 361}, "scenes: are more than 360"),
        ({**GOOD, "scenes": ["a cat"]}, r"scenes\[0\]: must be an object"),
        ({**GOOD, "scenes": [{"id": "a", "price": 0}]}, r"scenes\[0\]: 'price' is not known"),
        ({**GOOD, "scenes": [{"id": "a"}]}, r"scenes\[0\]\.prompt: is empty"),
        ({**GOOD, "scenes": [{"prompt": "a" * 5_000}]}, r"scenes\[0\]\.prompt: is longer"),
        ({**GOOD, "scenes": [{"prompt": "\ud800"}]}, r"scenes\[0\]\.prompt: contains half"),
        ({**GOOD, "scenes": [{"characters": [1]}]}, r"scenes\[0\]\.characters: must be a text"),
        ({}, "title: is empty"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        film_of(values)
