"""The text of a storyboard, both ways, and one idea that becomes one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ourvidz.domain.cinema import CAMERAS
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Film, Scene
from ourvidz.domain.idea import LAST_VIEW, VIEWS, split_idea
from ourvidz.domain.storyboard_text import format_storyboard, parse_storyboard

TEXT = """\
A lighthouse on a cliff at dusk,
waves below. [15s] [crossfade 0.25]


Mara climbs the stairs. [character Mara] [fade]

[2 min] The sea \\[from above\\].
"""

words = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=40
).map(lambda text: " ".join(text.split()))
some_words = words.filter(bool)


@st.composite
def scenes(draw: st.DrawFn) -> list[Scene]:
    found: list[Scene] = []
    for index in range(draw(st.integers(1, 5))):
        transition = draw(st.sampled_from(("cut", "crossfade", "fade")))
        found.append(
            Scene(
                id=f"s{index}",
                prompt=draw(some_words),
                seconds=5 * draw(st.integers(1, 60)),
                transition=transition,
                transition_s=0.5 if transition == "cut" else draw(st.integers(1, 16)) / 16,
                characters=tuple(draw(st.lists(some_words, max_size=3))),
                enhanced_prompt=draw(st.none() | some_words),
            )
        )
    return found


@given(scenes())
def test_scenes_come_back_from_their_text(board: list[Scene]) -> None:
    text = format_storyboard(board)
    parsed = parse_storyboard(text, board)
    assert [replace(s, id="", enhanced_prompt=None) for s in parsed] == [
        replace(s, id="", enhanced_prompt=None) for s in board
    ]
    if len({scene.prompt for scene in board}) == len(board):
        assert list(parsed) == board, "ids and enhanced prompts are kept"
    assert format_storyboard(parsed) == text


@given(st.text(max_size=200))
def test_any_text_gives_scenes_or_says_where_it_is_wrong(text: str) -> None:
    try:
        Film(title="Any", scenes=parse_storyboard(text))
    except InvalidRequest as error:
        assert error.field.startswith("line ") or error.field in ("storyboard", "scenes")


def test_marks_are_read_wherever_they_stand() -> None:
    first, second, third = parse_storyboard(TEXT)
    assert first.prompt == "A lighthouse on a cliff at dusk, waves below."
    assert (first.seconds, first.transition, first.transition_s) == (15, "crossfade", 0.25)
    assert (second.seconds, second.transition, second.characters) == (5, "fade", ("Mara",))
    assert (third.seconds, third.prompt) == (120, "The sea [from above].")


def test_a_scene_keeps_its_id_when_others_are_put_before_it() -> None:
    before, after = parse_storyboard(TEXT), parse_storyboard("A new one.\n\n" + TEXT)
    assert after[1:] == before
    twice = parse_storyboard("A cat.\n\nA cat.\n\nA cat.")
    assert len({scene.id for scene in twice}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n\n ", "storyboard: is empty"),
        ("A cat.\n\n[10s]", "line 3: a scene without text"),
        ("A cat. [0s]", r"line 1: \[0s\] is no multiple of 5 s; write \[5s\]"),
        ("A cat. [12s]", r"line 1: .* write \[10s\]"),
        ("A cat. [31 min]", r"line 1: \[31 min\] is too long"),
        ("A cat.\nIt sleeps. [loud]", r"line 2: \[loud\] is no mark; write \[15s\]"),
        ("A cat. [character]", "line 1: .* is no mark"),
        ("A cat. [5s] [5s]", "line 1: a second length"),
        ("A cat. [cut] [fade]", "line 1: a second transition"),
        ("A cat. [fade 3]", r"line 1: .* write \[fade 0\.5\]"),
        ("A cat. [cut 1]", r"line 1: .* write \[cut\]"),
        ("A cat. [5s", "line 1: a bracket is not closed"),
        ("A cat.\n\n" + "a" * 2_001, "line 3: the prompt has 2001 characters"),
        ("A cat. [20 min]\n\nA dog. [20 min]", "scenes: are 40 minutes together"),
        ("a" * 1_000_001, "storyboard: has more than a million"),
        ("a cat\n\n" * 361, "storyboard: has 361 paragraphs, .* at most 360"),
        ("one\n\ntwo \\[\n\\\\\nthree [x]", r"line 5: \[x\] is no mark"),
    ],
)
def test_the_line_and_what_to_write_are_named(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        parse_storyboard(text)


@pytest.mark.parametrize("text", ["a" * 400_000, "a \\[b\n" * 90_000, "a cat\n\n" * 50_000])
def test_a_text_that_makes_no_film_is_refused_soon(text: str) -> None:
    begin = time.process_time()
    with pytest.raises(InvalidRequest):
        parse_storyboard(text)
    assert time.process_time() - begin < 5  # 20 s and more when each piece looks at all before it


@pytest.mark.parametrize("seconds", [5, 10, 15, 30, 60, 300, 1_800])
def test_one_idea_fills_the_length_and_keeps_its_words(seconds: int) -> None:
    board = split_idea("a red car drives through the desert", seconds)
    film = Film(title="Idea", scenes=board)
    assert film.seconds == seconds
    assert all("red car drives through the desert" in scene.prompt for scene in board)
    assert parse_storyboard(format_storyboard(board), board) == board
    if len(board) > 1:
        assert board[-1].prompt.endswith(LAST_VIEW)


def test_the_camera_of_an_enhanced_idea_gives_way_and_the_users_own_stays() -> None:
    enhanced = f"A red car. Golden hour. {CAMERAS[0].text} Calm mood."
    for scene in split_idea("a red car", 30, enhanced):
        view = scene.prompt.removeprefix("A red car. ")
        assert scene.enhanced_prompt == f"A red car. Golden hour. {view} Calm mood."
    own = split_idea("the camera zooms in on a red car", 30)
    assert {scene.prompt for scene in own} == {"the camera zooms in on a red car"}


def test_every_view_is_one_that_models_and_enhancers_know() -> None:
    assert {*VIEWS, LAST_VIEW} <= {camera.text for camera in CAMERAS}


@pytest.mark.parametrize("seconds", [0, 7, 31 * 60])
def test_a_length_that_no_film_has_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidRequest, match="seconds: must be 5, 10"):
        split_idea("a cat", seconds)
