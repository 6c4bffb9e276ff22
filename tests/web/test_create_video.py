"""The Create page from the pictures to the video, and what holds for all of it."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import gradio as gr
import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.studio import account, jobs, orders, projects
from ourvidz.web import nav
from ourvidz.web.create import idea, previews, render, result, words
from ourvidz.web.create.screen import Where
from ourvidz.web.guard import Desk, unguarded
from ourvidz.web.pages import create
from ourvidz.web.texts_create import CREATE
from ourvidz.web.widgets.cards import pressed
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.scenes import deliver_stills, deliver_video, fail
from tests.web.wizard import EVIL, begun, fields, newest, shown, with_choice, with_stills


class TestPreviews:
    def test_pictures_are_shown_with_their_seeds_and_one_is_chosen(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where, keys = with_stills(town, me, seed=7)
        painted = shown(town, me, where)
        assert all(f"Seed {seed}<" in painted["stills"]["value"] for seed in (7, 8, 9, 10))
        address = f'src="/api/projects/{where.project_id}/still?key=videos-preview%2F'
        assert painted["stills"]["value"].count(address) == 4, "the same at any time"
        assert painted["preview_go"]["interactive"] is False
        with pytest.raises(InvalidRequest, match="press the one"):
            previews.go(me, town.studio, where)
        previews.acted(me, town.studio, where, "choose", keys[2])
        painted = shown(town, me, where)
        assert painted["stills"]["value"].count('aria-pressed="true"') == 1
        assert painted["preview_go"]["interactive"] is True
        assert previews.go(me, town.studio, where).where.step == "render"

    def test_another_persons_picture_is_not_chosen(self, town: Town) -> None:  # noqa: F811
        me, other = town.person(), town.person()
        where, _ = with_stills(town, me)
        _, theirs = with_stills(town, other)
        for key in (theirs[0], "videos-preview/../x", EVIL, ""):
            with pytest.raises(NotAllowed):
                previews.acted(me, town.studio, where, "choose", key)
            previews.acted(me, town.studio, where, "like", key)
        assert projects.project(me, town.studio, where.project_id).seed is None

    def test_a_second_click_orders_no_second_set(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where, _ = with_stills(town, me)
        for _ in range(2):
            previews.regenerate(me, town.studio, where, 2)
        assert [job.params["num_images"] for job in jobs.jobs(me, town.studio)] == [2, 4]
        busy = shown(town, me, where)
        assert busy["preview_job"]["value"] == str(newest(town, me, where, "preview").id)
        assert busy["regenerate"]["visible"] is False

    def test_more_like_this_keeps_the_seed_and_new_pictures_go_on_from_it(
        self,
        town: Town,  # noqa: F811
    ) -> None:
        me = town.person()
        where, keys = with_stills(town, me)
        seed = newest(town, me, where, "preview").params["seed"]
        done = previews.acted(me, town.studio, where, "like", keys[1])
        assert (done.where.step, str(seed + 1) in done.say) == ("prompt", True)
        again = words.go(me, town.studio, done.where, "").where
        assert newest(town, me, again, "preview").params["seed"] == seed + 1
        deliver_stills(town, me, newest(town, me, again, "preview"))
        previews.regenerate(me, town.studio, again, 3)
        assert newest(town, me, again, "preview").params["seed"] == seed + 5

    def test_other_words_let_go_of_the_old_picture(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = with_choice(town, me)
        first = newest(town, me, where, "preview").id
        assert previews.begin(me, town.studio, where).where.step == "preview"
        assert newest(town, me, where, "preview").id == first, "nothing has changed"
        projects.change_project(me, town.studio, where.project_id, {"prompt": "a blue car"})
        assert (
            CREATE["stills_old"]
            in shown(town, me, Where(where.project_id, "preview"))["preview_note"]["value"]
        )
        previews.begin(me, town.studio, where)
        assert newest(town, me, where, "preview").id != first
        assert projects.project(me, town.studio, where.project_id).image_key is None

    def test_what_failed_says_why_and_can_be_asked_for_again(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = previews.begin(me, town.studio, begun(town, me)).where
        fail(town, newest(town, me, where, "preview"))
        painted = shown(town, me, where)
        assert "It broke." in painted["preview_note"]["value"]
        previews.regenerate(me, town.studio, where, 1)
        assert len(jobs.jobs(me, town.studio)) == 2


class TestRender:
    def test_the_price_stands_on_the_button_and_a_double_click_pays_once(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=3)
        where = with_choice(town, me)
        assert shown(town, me, where)["render_go"]["value"] == "Make it for 1 credit"
        with ThreadPoolExecutor(3) as clicks:
            list(clicks.map(lambda _: render.go(me, town.studio, where), range(3)))
        painted = shown(town, me, where)
        job = newest(town, me, where, "video")
        assert painted["render_job"]["value"] == str(job.id)
        assert painted["render_go"]["visible"] is False
        assert "2 credits" in painted["nav"]
        assert town.ledger(me) == [("grant", 3), ("reserve", -1)]

    def test_a_picture_of_other_words_is_named_before_it_is_paid_for(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = with_choice(town, me)
        assert shown(town, me, where)["render_note"]["value"] == ""
        projects.change_project(me, town.studio, where.project_id, {"prompt": "a blue car"})
        painted = shown(town, me, where)
        assert CREATE["picture_old"] in painted["render_note"]["value"]
        assert painted["render_go"]["interactive"] is True

    def test_not_enough_credits_explains_itself(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        painted = shown(town, me, with_choice(town, me))
        assert painted["render_go"]["interactive"] is False
        assert "This costs 1 and you have 0 left." in painted["render_note"]["value"]
        assert "/app/account" in painted["render_note"]["value"]

    def test_a_failure_says_why_and_that_it_is_paid_back(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = render.go(me, town.studio, with_choice(town, me)).where
        fail(town, newest(town, me, where, "video"))
        assert render.moved(me, town.studio, where).where.step == "render"
        painted = shown(town, me, where)
        assert "It broke. Try again. The credits have come back." in painted["render_note"]["value"]
        assert painted["render_go"]["interactive"] is True

    def test_a_cancelled_one_can_be_ordered_again(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = render.go(me, town.studio, with_choice(town, me)).where
        first = newest(town, me, where, "video")
        jobs.cancel(me, town.studio, first.id)
        assert CREATE["cancelled_paid"] in shown(town, me, where)["render_note"]["value"]
        render.go(me, town.studio, where)
        assert newest(town, me, where, "video").id != first.id


class TestResult:
    def finished(self, town: Town, me: Identity) -> Where:  # noqa: F811
        where = render.go(me, town.studio, with_choice(town, me)).where
        deliver_video(town, me, newest(town, me, where, "video"))
        return render.moved(me, town.studio, where).where

    def test_the_video_can_be_watched_and_kept(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = self.finished(town, me)
        assert where.step == "done"
        painted = shown(town, me, where)
        assert 'src="/media/' in painted["video"]["value"]
        assert "?download=1" in painted["video"]["value"]
        assert "<li>deleted in 30 days</li>" in painted["video"]["value"]
        assert painted["take"]["interactive"] is False, "no credits are left"
        assert "Another take costs 1 and you have 0 left." in painted["video"]["value"]
        assert "/app/account" in painted["video"]["value"]

    def test_another_take_has_another_seed_and_is_one_however_often_clicked(
        self,
        town: Town,  # noqa: F811
    ) -> None:
        me = town.person(credits=5)
        where = self.finished(town, me)
        first = newest(town, me, where, "video")
        with ThreadPoolExecutor(3) as clicks:
            list(clicks.map(lambda _: result.take(me, town.studio, where), range(3)))
        second = newest(town, me, where, "video")
        assert account.balance(me, town.studio) == 3
        assert second.params["seed"] != first.params["seed"]
        assert second.params["image_key"] == first.params["image_key"]
        assert shown(town, me, Where(where.project_id))["at_render"]["visible"] is True

    def test_a_new_video_starts_where_this_one_ended(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=2)
        done = result.onward(me, town.studio, self.finished(town, me))
        assert (done.where.step, done.say) == ("idea", CREATE["said_onward"])
        where = idea.go(me, town.studio, done.where, *fields("it sinks")).where
        (key,) = deliver_stills(town, me, newest(town, me, where, "preview"))
        there = words.go(me, town.studio, where, "").where
        painted = shown(town, me, there)
        assert CREATE["still_last"] in painted["preview_note"]["value"]
        assert painted["stills"]["value"].count('aria-pressed="true"') == 1
        assert 'data-act="like"' not in painted["stills"]["value"]
        render.go(me, town.studio, previews.go(me, town.studio, there).where)
        params = newest(town, me, where, "video").params
        assert (params["prompt"], params["image_key"]) == ("it sinks", key)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_handler_of_the_page_is_guarded_and_every_name_is_a_component(town: Town) -> None:  # noqa: F811
    with gr.Blocks() as blocks:
        create.build(
            Desk(studio=town.studio, sessions=cast("Any", None), cookies=cast("Any", None))
        )
    assert unguarded(blocks) == []
    me = town.person(credits=1)
    where = with_choice(town, me)
    deliver_video(town, me, orders.render(me, town.studio, where.project_id))
    with gr.Blocks():
        parts = {"nav", "place", "head", "loading", *(f"at_{step}" for step in create.STEPS)}
        for module in (idea, words, previews, render, result):
            parts |= set(module.build())
    for step in create.STEPS:
        assert set(shown(town, me, Where(where.project_id, step))) <= parts
    del blocks
    gc.collect()  # Gradio leaves event loops open, which are found here and not by another test


def test_what_a_browser_says_about_a_button_is_cut_to_size() -> None:
    def said(value: object) -> tuple[str, str]:
        return pressed(gr.EventData(None, value))

    assert said({"act": "a" * 99, "id": 7}) == ("a" * 40, "7")
    assert said(["act"]) == said(None) == said({}) == ("", "")


def test_the_bar_names_the_page_and_nothing_but_numbers() -> None:
    assert nav.markup("library", 1).count('aria-current="page"') == 1
    assert "1 credit<" in nav.markup("", 1)
