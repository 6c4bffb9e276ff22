"""The Films page: storyboards written, changed and undone there, pictures approved, films made."""

from __future__ import annotations

import re
from html import unescape

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.studio import films
from ourvidz.web.film.acts import acted
from ourvidz.web.pages.markup import Press
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.scenes import REFUSED
from tests.web.film_board import Page, begin

EVIL = '"></textarea><img src=x onerror=alert(1)>${alert(2)}{{alert}}'


@pytest.fixture
def board(town: Town) -> Page:  # noqa: F811
    return Page(town, town.person(), boat=5, cat=10)


def test_one_idea_becomes_a_storyboard(town: Town) -> None:  # noqa: F811
    me = town.person()
    answer = begin(town, me, idea="A red sailboat at sunset", seconds="30")
    (film,) = films.films(me, town.studio)
    assert f'data-goto="/app/films?film={film.id}"' in answer.markup
    assert film.title == "A red sailboat at sunset"
    assert sum(scene.seconds for scene in film.scenes) == 30
    assert all("red sailboat" in scene.prompt for scene in film.scenes)


def test_a_storyboard_can_be_written_from_nothing(town: Town) -> None:  # noqa: F811
    me = town.person()
    answer = begin(town, me)
    (film,) = films.films(me, town.studio)
    assert f"film={film.id}&amp;text=1" in answer.markup


@pytest.mark.parametrize("seconds", ["", "0", "7", "-15", "1e3", "9" * 5000, "\u0663\u0660"])
def test_a_length_that_is_none_begins_no_film(town: Town, seconds: str) -> None:  # noqa: F811
    me = town.person()
    with pytest.raises(InvalidRequest):
        begin(town, me, idea="A red sailboat", seconds=seconds)
    assert films.films(me, town.studio) == []


def test_films_are_listed_with_where_they_stand(board: Page) -> None:
    markup = acted(board.me, board.town.studio, Press(act="show")).markup
    assert f'href="/app/films?film={board.id}"' in markup
    assert "<strong" in markup
    assert "Sea" in markup
    assert "2 scenes" in markup
    assert "Storyboard" in markup


def test_no_film_is_out_of_reach(town: Town) -> None:  # noqa: F811
    me = town.person()
    ids = [
        str(films.create_film(me, town.studio, {"title": f"Sea {chr(97 + n)}"}).film.id)
        for n in range(26)
    ]

    def listed(at: str) -> tuple[list[str], list[str]]:
        markup = acted(me, town.studio, Press(act="show", at=at)).markup
        shown = re.findall(r'href="/app/films\?film=([\w-]+)"', markup)
        return shown, re.findall(r'href="/app/films(\?[^"]*)">(?:Newer|Older)<', markup)

    assert listed("") == (ids[:1:-1], ["?page=2"])
    assert listed("?page=2") == (ids[1::-1], ["?"])
    assert listed("?page=3") == ([], ["?page=2"])


def test_price_and_time_are_always_there(board: Page) -> None:
    markup = board.press().markup
    bar = markup[markup.index('id="fl-price"') :]
    assert "15 s" in bar
    assert "2 credits" in bar
    assert "you have 0" in bar
    assert 'data-idle="No worker is running.' in markup
    assert 'id="fl-draw"' in bar


class TestEditing:
    def test_a_scene_is_changed(self, board: Page) -> None:
        answer = board.press("scene", "cat", prompt="a dog", seconds="15", transition="fade")
        assert answer.said == "Scene 2 was changed."
        assert board.scenes == [("a boat", 5), ("a dog", 15)]

    @pytest.mark.parametrize(
        ("act", "id", "after"),
        [
            ("up", "cat", [("a cat", 10), ("a boat", 5)]),
            ("down", "boat", [("a cat", 10), ("a boat", 5)]),
            ("duplicate", "boat", [("a boat", 5), ("a boat", 5), ("a cat", 10)]),
            ("split", "cat", [("a boat", 5), ("a cat", 5), ("a cat", 5)]),
            ("delete", "boat", [("a cat", 10)]),
        ],
    )
    def test_a_press_changes_the_scenes_and_can_be_undone(
        self, board: Page, act: str, id: str, after: list[tuple[str, int]]
    ) -> None:
        before = board.scenes
        answer = board.press(act, id)
        assert board.scenes == after
        (kept,) = re.findall(r'name="scenes" value="(.*?)"', answer.markup)
        assert board.press("restore", scenes=unescape(kept)).said == "It is as it was before."
        assert board.scenes == before

    def test_what_undo_needs_is_no_longer_than_it_was_written(self, board: Page) -> None:
        board.press("scene", "boat", prompt="a boat by a café", seconds="5", transition="cut")
        answer = board.press("delete", "cat")
        (kept,) = re.findall(r'name="scenes" value="(.*?)"', answer.markup)
        assert "a boat by a café" in unescape(kept)

    def test_a_scene_is_added_at_the_end(self, board: Page) -> None:
        board.press("add", prompt="a lighthouse", seconds="5")
        assert board.scenes[2:] == [("a lighthouse", 5)]

    def test_the_first_scene_stays_first(self, board: Page) -> None:
        answer = board.press("up", "boat")
        assert (answer.said, board.scenes[0][0]) == ("", "a boat")
        assert 'id="fl-undo"' not in answer.markup

    def test_the_text_is_the_same_storyboard(self, board: Page) -> None:
        at = f"?film={board.id}&text=1"
        markup = acted(board.me, board.town.studio, Press(act="show", at=at)).markup
        (text,) = re.findall(r"<textarea.*?>\n(.*?)</textarea>", markup, re.S)
        assert text == "a boat [5s]\n\na cat [10s]"
        board.press("text", storyboard=f"{text}\n\nA lighthouse. [15s]")
        assert board.scenes == [("a boat", 5), ("a cat", 10), ("A lighthouse.", 15)]

    @pytest.mark.parametrize(
        ("act", "fields", "said"),
        [
            ("scene", {"prompt": "a cat", "seconds": "7", "transition": "cut"}, "must be 5, 10"),
            ("scene", {"prompt": "a cat", "seconds": "x", "transition": "cut"}, "must be 5, 10"),
            ("scene", {"prompt": "a", "seconds": "5", "transition": "wipe"}, "cut, crossfade"),
            ("add", {"prompt": " ", "seconds": "5"}, "is empty"),
            ("text", {"storyboard": "a cat [0s]"}, "line 1"),
            ("text", {"storyboard": "a cat [31 min]"}, "30 minutes"),
            ("split", {}, "can not be split"),
            ("restore", {"scenes": "{"}, "nothing was changed"),
            ("restore", {"scenes": '[{"sudo": 1}]'}, "not known here"),
        ],
    )
    def test_what_makes_no_scene_is_refused_with_what_to_do(
        self, board: Page, act: str, fields: dict[str, str], said: str
    ) -> None:
        before = board.scenes
        with pytest.raises(InvalidRequest, match=said):
            board.press(act, "boat", **fields)
        assert board.scenes == before

    def test_a_refused_scene_is_named_and_the_others_are_kept(self, board: Page) -> None:
        text = f"a dog [5s]\n\n{REFUSED} [5s]"
        answer = board.press("text", storyboard=text)
        assert answer.said.startswith("Not kept: Scene 2")
        assert board.scenes == [("a dog", 5)]

    def test_settings_are_kept_and_judged(self, board: Page) -> None:
        board.press("settings", title="The sea", profile="fast", continuity="chained")
        found = films.film(board.me, board.town.studio, board.id)
        assert (found.title, found.profile, found.continuity) == ("The sea", "fast", "chained")
        with pytest.raises(PolicyRefused):
            board.press("settings", title=REFUSED)


def test_what_is_missing_is_said_where_it_is_missing(board: Page) -> None:
    board.press("scene", "cat", prompt="", seconds="10", transition="cut")
    markup = board.press().markup
    assert "Scene 2: what happens is empty" in markup
    assert 'class="ov-card fl-scene bad" id="scene-cat"' in markup
    assert 'id="fl-price"' not in markup


def test_what_people_wrote_is_text(board: Page) -> None:
    scenes = [{"id": "cat", "prompt": EVIL, "seconds": 5, "characters": [EVIL]}]
    board.town.studio.records.change_storyboard(
        board.me, board.id, {"title": EVIL, "negative_prompt": EVIL, "scenes": scenes}
    )
    for at in ("", f"?film={board.id}", f"?film={board.id}&text=1"):
        markup = acted(board.me, board.town.studio, Press(act="show", at=at)).markup
        assert "<img src=x" not in markup
        assert "&lt;img src=x" in markup


@pytest.mark.parametrize("act", ["delete_film", "pictures", "approve", "render", "cancel", "up",
                                 "settings", "restore", "redo", "take", "retry"])  # fmt: skip
def test_nobody_touches_the_films_of_others(town: Town, board: Page, act: str) -> None:  # noqa: F811
    mallory = town.person()
    mine, board.me = board.me, mallory
    with pytest.raises(NotAllowed):
        board.press(act, "cat", title="Mine", scenes="[]")
    board.me = mine
    assert board.scenes == [("a boat", 5), ("a cat", 10)]


def test_an_address_of_nothing_shows_ones_films(town: Town, board: Page) -> None:  # noqa: F811
    mallory = town.person()
    for at in (f"?film={board.id}", "?film=1' or 1=1"):
        assert 'id="fl-new"' in acted(mallory, town.studio, Press(act="show", at=at)).markup


def test_a_film_is_deleted(board: Page) -> None:
    answer = board.press("delete_film")
    assert 'data-goto="/app/films"' in answer.markup
    assert films.films(board.me, board.town.studio) == []


def test_words_of_a_video_begin_a_film(town: Town) -> None:  # noqa: F811
    answer = acted(town.person(), town.studio, Press(act="show", at="?idea=a+cat+%3Cb%3E"))
    assert "a cat &lt;b&gt;</textarea>" in answer.markup
