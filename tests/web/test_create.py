"""The Create page: every step is painted from what is kept, and a click is one order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.domain.library import Step
from ourvidz.studio import characters, jobs, orders, projects
from ourvidz.web.create import idea, previews, render, result, words
from ourvidz.web.create.screen import Where, fresh, look, opened
from ourvidz.web.pages import create
from ourvidz.web.texts_create import CREATE, EXAMPLES
from ourvidz.web.widgets.choice import Choice
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.scenes import REFUSED, deliver_video, fail
from tests.web.wizard import EVIL, begun, enhanced, fields, newest, shown, with_choice


class TestOpening:
    def test_a_newcomer_gets_one_empty_idea_however_often_they_come(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        first = opened(me, town.studio, Where.read(""))
        assert opened(me, town.studio, Where.read(None)).project_id == first.project_id
        assert fresh(me, town.studio).project_id == first.project_id
        assert shown(town, me, first)["at_idea"]["visible"] is True

    def test_the_idea_touched_last_goes_on_until_it_is_done(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        begun(town, me, "a dog")
        where = with_choice(town, me)
        assert opened(me, town.studio, Where.read("")).project_id == where.project_id
        deliver_video(town, me, orders.render(me, town.studio, where.project_id))
        empty = opened(me, town.studio, Where.read(""))
        assert empty.project_id != where.project_id
        assert "a dog" in shown(town, me, empty)["drafts"]["value"]

    @pytest.mark.parametrize(
        "query", ["?project=", f"?project={UUID(int=7)}", "?project=' or 1=1", 7]
    )
    def test_an_address_that_leads_nowhere_leads_to_ones_own(self, town: Town, query: Any) -> None:  # noqa: F811
        me = town.person()
        mine = begun(town, me)
        assert opened(me, town.studio, Where.read(query)).project_id == mine.project_id

    def test_nobody_sees_or_changes_what_is_someone_elses(self, town: Town) -> None:  # noqa: F811
        me, other = town.person(credits=1), town.person(credits=1)
        mine = begun(town, me)
        assert opened(other, town.studio, mine).project_id != mine.project_id
        for action, inputs in (
            (idea.go, fields("x")), (words.go, ["x"]), (words.again, []), (render.go, []),
            (previews.regenerate, [1]), (previews.acted, ["choose", "x"]), (result.take, []),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                action(other, town.studio, mine, *inputs)
        assert jobs.jobs(me, town.studio) == []

    @pytest.mark.parametrize("step", ["idea", "prompt", "preview", "render", "done"])
    def test_a_reload_leads_to_the_same_step(self, town: Town, step: Step) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = with_choice(town, me)
        deliver_video(town, me, orders.render(me, town.studio, where.project_id))
        there = Where(where.project_id, step)
        painted = shown(town, me, opened(me, town.studio, Where.read(there.query)))
        assert painted["place"] == there.query
        assert [s for s in create.STEPS if painted[f"at_{s}"]["visible"]] == [step]
        assert CREATE[f"{step}_title"] in painted["head"]

    def test_an_idea_that_was_typed_and_not_sent_is_still_an_idea(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = fresh(me, town.studio)
        idea.save(me, town.studio, where, *fields("a red sailboat"))
        assert look(me, town.studio, opened(me, town.studio, Where.read(""))).step == "idea"
        idea.go(me, town.studio, where, *fields("a red sailboat"))
        assert look(me, town.studio, opened(me, town.studio, Where.read(""))).step == "prompt"

    def test_a_step_that_is_not_there_yet_is_not_shown(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        assert look(me, town.studio, Where(begun(town, me).project_id, "done")).step == "prompt"


class TestIdea:
    def test_a_double_click_has_the_words_enhanced_once(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = fresh(me, town.studio)
        with ThreadPoolExecutor(3) as clicks:
            given = fields("a red sailboat", seed=7)
            ended = [clicks.submit(idea.go, me, town.studio, where, *given) for _ in range(3)]
        assert {one.result().where.step for one in ended} == {"prompt"}
        (job,) = jobs.jobs(me, town.studio)
        assert job.kind == "enhance"
        project = projects.project(me, town.studio, where.project_id)
        assert (project.prompt, project.profile, project.seed) == ("a red sailboat", "fast", 7)

    def test_nothing_to_see_is_asked_for(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        with pytest.raises(InvalidRequest, match="describe"):
            idea.go(me, town.studio, fresh(me, town.studio), *fields("  \n"))

    def test_a_refused_idea_is_not_kept(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = begun(town, me)
        for action in (idea.save, idea.go):
            with pytest.raises(PolicyRefused):
                action(me, town.studio, where, *fields(REFUSED))
        assert projects.project(me, town.studio, where.project_id).prompt == "a red sailboat"
        assert jobs.jobs(me, town.studio) == []

    def test_every_example_is_allowed_and_becomes_the_idea(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = fresh(me, town.studio)
        for index, text in enumerate(EXAMPLES):
            idea.example(me, town.studio, where, "example", str(index))
            assert projects.project(me, town.studio, where.project_id).prompt == text
        idea.example(me, town.studio, where, "example", "99")
        idea.example(me, town.studio, where, "example", "<script>")
        assert shown(town, me, Where(where.project_id, "idea"))["prompt"]["value"] == EXAMPLES[-1]

    def test_characters_are_offered_when_there_are_any(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = Where(begun(town, me).project_id, "idea")
        assert shown(town, me, where)["character_id"]["visible"] is False
        mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
        idea.save(me, town.studio, where, *fields("she walks", character_id=str(mia.id)))
        painted = shown(town, me, where)["character_id"]
        assert (painted["visible"], painted["value"]) == (True, str(mia.id))

    def test_a_page_from_before_a_restart_still_knows_who_was_chosen(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
        chooser = Choice(choices=[("Nobody", "")])  # as Gradio has it without that page's past
        assert chooser.preprocess(str(mia.id)) == str(mia.id)
        assert [chooser.preprocess(said) for said in (None, ["x"], 7)] == ["", "", ""]
        assert chooser.get_block_name() == "dropdown"

    def test_a_character_that_was_deleted_meanwhile_takes_no_words_along(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = Where(begun(town, me).project_id, "idea")
        mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
        idea.save(me, town.studio, where, *fields("she walks", character_id=str(mia.id)))
        characters.delete_character(me, town.studio, mia.id)
        for gone in (str(mia.id), "1' or 1=1"):
            idea.go(me, town.studio, where, *fields("she runs", character_id=gone))
        project = projects.project(me, town.studio, where.project_id)
        assert (project.prompt, project.character_id) == ("she runs", None)

    def test_the_price_and_the_time_are_told_before_anything_is_spent(self, town: Town) -> None:  # noqa: F811
        me = town.person(credits=1)
        where = with_choice(town, me)
        # Nobody else here has had one of these.
        projects.change_project(me, town.studio, where.project_id, {"profile": "quality"})
        facts = shown(town, me, Where(where.project_id, "idea"))["facts"]["value"]
        assert "1 credit" in facts
        assert CREATE["time_unknown"] in facts
        deliver_video(town, me, orders.render(me, town.studio, where.project_id))
        facts = shown(town, me, Where(where.project_id, "idea"))["facts"]["value"]
        assert "takes about <strong>5 s" in facts


class TestWords:
    def test_both_texts_stand_side_by_side(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        busy = shown(town, me, where)
        assert busy["enhance_job"]["value"] == str(newest(town, me, where, "enhance").id)
        assert busy["enhanced"]["visible"] is False
        enhanced(town, me, where, "A cat. Soft light.")
        painted = shown(town, me, where)
        assert painted["enhance_job"]["value"] == ""
        assert painted["enhanced"]["value"] == "A cat. Soft light."
        assert "a cat" in painted["mine"]["value"]
        assert painted["enhanced_card"]["elem_classes"] == ["ov-card", "chosen"]

    def test_keeping_ones_own_words_is_one_click_and_one_click_back(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = begun(town, me, enhanced_prompt="A red sailboat. Soft light.")
        words.use_mine(me, town.studio, where, "A red sailboat. Soft light.")
        assert shown(town, me, where)["mine_card"]["elem_classes"] == ["ov-card", "chosen"]
        assert projects.project(me, town.studio, where.project_id).use_enhanced is False
        words.use_enhanced(me, town.studio, where, "A red sailboat. Hard light.")
        project = projects.project(me, town.studio, where.project_id)
        assert (project.use_enhanced, project.enhanced_prompt) == (
            True, "A red sailboat. Hard light.",
        )  # fmt: skip

    def test_undo_goes_back_from_edits_and_from_a_new_text(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        enhanced(town, me, where, "first")
        words.again(me, town.studio, where)
        enhanced(town, me, where, "second")
        words.save(me, town.studio, where, "second, edited")

        def now() -> tuple[str, bool, bool]:
            painted = shown(town, me, where)
            names = ("undo", "redo")
            undo, redo = (painted[name]["visible"] for name in names)
            return painted["enhanced"]["value"], undo, redo

        assert now() == ("second, edited", True, False)
        words.undo(me, town.studio, where)
        assert now() == ("second", True, False)
        words.undo(me, town.studio, where)
        assert now() == ("first", False, True)
        words.undo(me, town.studio, where)
        words.redo(me, town.studio, where)
        assert now() == ("second", True, False)

    def test_written_again_it_has_the_next_seed_and_the_same_text_is_no_step_back(
        self,
        town: Town,  # noqa: F811
    ) -> None:
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        seed = newest(town, me, where, "enhance").params["seed"]
        for number in range(3):
            assert newest(town, me, where, "enhance").params["seed"] == seed + number
            enhanced(town, me, where, "the same")
            assert not shown(town, me, where)["undo"]["visible"]
            words.again(me, town.studio, where)

    @pytest.mark.parametrize(("source", "said"), [
        ("template", CREATE["from_template"]), ("original", CREATE["from_original"]),
    ])  # fmt: skip
    def test_a_worse_enhancement_says_so(self, town: Town, source: str, said: str) -> None:  # noqa: F811
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        reason = "The enhanced text was not used: it forgets <the cat>."
        enhanced(town, me, where, "a cat", source=source, reason=reason)
        note = shown(town, me, where)["enhance_note"]["value"]
        assert "it forgets &lt;the cat&gt;." in note
        assert said in note

    def test_a_failed_enhancement_says_so_and_holds_nobody_up(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        fail(town, newest(town, me, where, "enhance"))
        painted = shown(town, me, where)
        assert "It broke." in painted["enhance_note"]["value"]
        assert painted["again"]["value"] == CREATE["enhance"]
        assert words.go(me, town.studio, where, "").where.step == "preview"

    def test_too_many_enhancements_end_at_ones_own_words(
        self,
        town: Town,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        me = town.person()
        live = type(town.studio.live)
        monkeypatch.setattr(live, "allow", lambda self, act, *_, **__: 9.0 * act.startswith("enh"))
        done = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat"))
        assert done.where.step == "prompt"
        assert "Try again in 9 seconds" in done.say

    def test_other_words_are_enhanced_anew_and_the_same_are_not(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = idea.go(me, town.studio, fresh(me, town.studio), *fields("a cat")).where
        enhanced(town, me, where, "A cat. Soft light.")
        idea.go(me, town.studio, where, *fields("a cat"))
        assert len(jobs.jobs(me, town.studio)) == 1
        idea.go(me, town.studio, where, *fields("a dog"))
        assert newest(town, me, where, "enhance").params["prompt"] == "a dog"

    def test_hostile_words_are_shown_as_words(self, town: Town) -> None:  # noqa: F811
        me = town.person()
        where = begun(town, me, f"a cat {EVIL}")
        assert "&lt;b&gt;hat" in shown(town, me, where)["mine"]["value"]
        empty = shown(town, me, Where(fresh(me, town.studio).project_id, "idea"))
        assert "&lt;b&gt;hat" in empty["drafts"]["value"]
