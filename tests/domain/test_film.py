"""What follows from a storyboard: shots, keyframes, seams, timing, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import SHOT_FRAMES, Film, Scene

SEA = Scene(id="sea", prompt="a red sailboat at sea", seconds=15)
CITY = Scene(id="city", prompt="a yellow bus in the city", seconds=10)
SNOW = Scene(id="snow", prompt="a dog in the snow")
FILM = Film(title="Away", scenes=(SEA, CITY, SNOW), seed=7)


@st.composite
def films(draw: st.DrawFn) -> Film:
    count = draw(st.integers(1, 8))
    scenes = tuple(
        Scene(
            id=f"s{index}",
            prompt="a cat",
            seconds=5 * draw(st.integers(1, 5)),
            transition=draw(st.sampled_from(("cut", "crossfade", "fade"))),
            transition_s=draw(st.integers(1, 16)) / 16,
        )
        for index in range(count)
    )
    continuity = draw(st.sampled_from(("anchored", "chained", "independent")))
    return Film(title="Any", scenes=scenes, continuity=continuity, seed=draw(st.integers(0, 9)))


@given(films())
def test_shots_keyframes_and_seams_fit_together(film: Film) -> None:
    keys = [keyframe.key for keyframe in film.keyframes]
    assert len(set(keys)) == len(keys)
    used = [key for shot in film.shots for key in (shot.first_keyframe, shot.last_keyframe)]
    assert list(dict.fromkeys(key for key in used if key)) == keys, "in order, and none for nothing"
    assert [shot.index for shot in film.shots] == list(range(len(film.shots)))
    assert [(seam.before, seam.after) for seam in film.seams] == [
        (i, i + 1) for i in range(len(film.shots) - 1)
    ]
    overlap = sum(seam.overlap for seam in film.seams)
    assert film.num_frames == len(film.shots) * SHOT_FRAMES - overlap
    assert film.seconds * 16 == film.num_frames
    assert len({shot.seed for shot in film.shots}) == len(film.shots), "each draws its own noise"


@given(films())
def test_neighbours_of_one_scene_share_a_keyframe_and_their_seam_is_no_transition(
    film: Film,
) -> None:
    film = film.replace(continuity="anchored")
    for (before, after), seam in zip(pairwise(film.shots), film.seams, strict=True):
        assert seam.shared == (before.scene_id == after.scene_id)
        assert seam.shared == (before.last_keyframe == after.first_keyframe)
        if seam.shared:
            assert (seam.transition, seam.frames) == ("cut", 0)


def test_chained_shots_have_one_picture_a_scene_and_independent_ones_no_end() -> None:
    chained, alone = (FILM.replace(continuity=mode) for mode in ("chained", "independent"))
    assert [k.key for k in chained.keyframes] == ["sea/0", "city/0", "snow/0"]
    assert [shot.first_keyframe for shot in chained.shots[:3]] == ["sea/0", None, None]
    assert [k.key for k in alone.keyframes[:3]] == ["sea/0", "sea/1", "sea/2"]
    assert all(shot.last_keyframe is None for shot in (*chained.shots, *alone.shots))


def test_a_scene_put_first_changes_no_seed_of_the_others() -> None:
    longer = FILM.replace(scenes=(replace(SNOW, id="new"), *FILM.scenes))
    assert [shot.seed for shot in longer.shots[1:]] == [shot.seed for shot in FILM.shots]
    assert longer.keyframes[2:] == FILM.keyframes
    assert FILM.replace(seed=8).shots[0].seed != FILM.shots[0].seed


def test_requests_say_what_the_model_is_asked() -> None:
    film = FILM.replace(scenes=(replace(SEA, enhanced_prompt="A red sailboat. Golden hour."),))
    still, shot = film.still_request(film.keyframes[1]), film.shot_request(film.shots[1])
    assert (still.num_frames, shot.num_frames, shot.sampled_frames) == (1, 80, 81)
    assert still.model_prompt == shot.model_prompt == "A red sailboat. Golden hour."
    assert shot.prompt == SEA.prompt


def test_the_longest_film_is_thirty_minutes() -> None:
    scene = Scene(id="all", prompt="a cat", seconds=1_800)
    film = Film(title="Long", scenes=(scene,))
    assert (len(film.shots), film.num_frames, film.seconds) == (360, 28_800, 1_800)
    with pytest.raises(InvalidRequest, match=r"scenes: are 30\.0833 minutes together"):
        film.replace(scenes=(scene, SNOW))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": " "}, r"scenes\[1\]\.prompt: is empty"),
        ({"prompt": "a\ud800"}, r"scenes\[1\]\.prompt: contains half a character"),
        ({"seconds": 0}, r"scenes\[1\]\.seconds: must be 5, 10"),
        ({"seconds": 7}, r"scenes\[1\]\.seconds: must be 5, 10"),
        ({"seconds": 31 * 60}, r"scenes\[1\]\.seconds: must be 5, 10"),
        ({"transition": "wipe"}, r"scenes\[1\]\.transition: must be cut"),
        ({"transition_s": 0.51}, r"scenes\[1\]\.transition_s: must be 1/16"),
        ({"transition_s": float("nan")}, r"scenes\[1\]\.transition_s"),
        ({"transition_s": 2}, r"scenes\[1\]\.transition_s"),
        ({"id": "sea"}, r"scenes\[1\]\.id: is another scene's too"),
        ({"id": "../sea"}, r"scenes\[1\]\.id: must be 1 to 32"),
        ({"characters": ("Mara\nElla",)}, r"scenes\[1\]\.characters: must be names"),
        ({"characters": ("Mara",) * 9}, r"scenes\[1\]\.characters: are too many"),
    ],
)
def test_the_scene_that_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        FILM.replace(scenes=(SEA, replace(CITY, **change), SNOW))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: FILM.replace(title=" "), "title"),
        (lambda: FILM.replace(scenes=()), "scenes"),
        (lambda: FILM.replace(model="sora"), "model"),
        (lambda: FILM.replace(profile="best"), "profile"),
        (lambda: FILM.replace(seed=-1), "seed"),
        (lambda: FILM.replace(continuity="looped"), "continuity"),
        (lambda: FILM.scene("desert"), "scene"),
    ],
)
def test_the_field_of_the_film_that_is_wrong_is_named(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert caught.value.field == field
