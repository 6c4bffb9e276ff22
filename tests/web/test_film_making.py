"""The Films page while a film is made: pictures, approval, progress, retries, stopping."""

from __future__ import annotations

import json
import re

from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.film_scenes import broken, make
from tests.web.film_board import Page


class TestMaking:
    """From pictures to a film, with a worker that takes no time."""

    def test_the_page_leads_from_step_to_step(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=5)
        board = Page(town, me, boat=5, cat=10)
        markup = board.press("pictures").markup
        assert "Drawing the pictures" in markup
        assert "data-moving" in markup
        make(town, me)
        markup = board.press().markup
        assert "Approve all (5)" in markup
        assert f"/api/films/{board.id}/stills/boat/0" in markup
        markup = board.press("approve", "cat/0").markup
        assert "Approve all (4)" in markup
        markup = board.press("take_back", "cat/0").markup
        assert "Approve all (5)" in markup
        markup = board.press("approve").markup
        assert "Make the film · 2 credits" in markup
        answer = board.press("render")
        assert answer.said.startswith("The film is being made.")
        assert "0 of 3 shots" in answer.markup
        make(town, me, most=1)
        markup = board.press().markup
        assert "1 of 3 shots" in markup
        assert f'data-play="/api/films/{board.id}/shots/' in markup
        (clips,) = re.findall("data-clips='(.*?)'", markup)
        assert len(json.loads(clips)) == 1
        make(town, me)
        markup = board.press().markup
        assert "The film is ready." in markup
        assert 'id="fl-download"' in markup
        markup = board.press("redo", "cat/0").markup
        assert "Making the shots" in markup

    def test_one_shot_is_no_shots_and_joining_alone_takes_no_unknown_time(
        self,
        town: Town,  # noqa: F811
    ) -> None:
        me = town.person(credits=5)
        board = Page(town, me, boat=5)
        for act in ("pictures", "approve"):
            board.press(act)
            make(town, me)
        markup = board.press("render").markup
        assert "0 of 1 shot<" in markup and 'data-done="{} of {} shot"' in markup
        make(town, me, most=1)
        markup = board.press("cancel").markup
        assert "its shot is there already" in markup
        assert "time not known yet" not in markup

    def test_who_can_not_pay_is_told_and_spends_nothing(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        board = Page(town, me, boat=5, cat=10)
        board.press("pictures")
        make(town, me)
        markup = board.press("approve").markup
        assert "This film costs 2 and you have 1." in markup
        assert 'id="fl-render"' not in markup

    def test_what_failed_waits_for_its_owner(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=5)
        board = Page(town, me, boat=5, cat=10)
        board.press("pictures")
        make(town, me)
        board.press("approve")
        board.press("render")
        broken(town, me)
        make(town, me)
        markup = board.press().markup
        assert "Some shots failed; the others are kept." in markup
        assert "It broke. Try again." in markup
        assert 'id="fl-retry"' in markup
        board.press("retry")
        make(town, me)
        assert "The film is ready." in board.press().markup

    def test_a_stopped_film_keeps_what_was_made(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=5)
        board = Page(town, me, boat=5, cat=10)
        board.press("pictures")
        make(town, me)
        board.press("approve")
        board.press("render")
        make(town, me, most=1)
        markup = board.press("cancel").markup
        assert "1 of 3 shots are there already" in markup
