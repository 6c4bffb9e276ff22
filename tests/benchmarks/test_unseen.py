"""Captions of the quality benchmark: new words, and nothing but the scene's truth."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from benchmarks import unseen
from benchmarks.starter_quality import held_out_scenes, wishes
from ourvidz.starter.world import caption, names, phrases, sample_scene
from ourvidz.starter.world import vocabulary as v

TABLES = {
    "SUBJECT": names, "HUE": names,
    "PLACE": phrases, "TIME": phrases, "WEATHER": phrases, "DIRECTION": phrases,
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_none_of_its_phrases_is_one_of_training(name: str) -> None:
    trained = {p.lower() for some in getattr(TABLES[name], name).values() for p in some}
    new = [p.lower() for some in getattr(unseen, name).values() for p in some if p]
    assert not trained & set(new)
    assert len(set(new)) == len(new)


def test_every_word_of_the_world_can_be_said() -> None:
    assert set(unseen.SUBJECT) == set(v.SUBJECTS)
    assert set(unseen.WEARS) == set(v.ADULTS)
    assert set(unseen.HUE) == set(v.COLORS)
    assert set(unseen.PLACE) == set(v.PLACES)
    assert set(unseen.TIME) == set(v.TIMES) and set(unseen.WEATHER) == set(v.WEATHERS)
    assert set(unseen.DIRECTION) == set(v.DIRECTIONS)
    assert set(unseen.ACTION) == {a for s in v.SUBJECTS.values() for a in s.actions}


def test_a_caption_says_all_that_is_read_back() -> None:
    for one in wishes(200):
        scene, text = one.scene, one.text
        assert any(phrase in text for phrase in unseen.PLACE[scene.place])
        assert any(phrase in text for phrase in unseen.DIRECTION[scene.direction])
        assert scene.color in text or any(hue in text for hue in unseen.HUE[scene.color])
        if scene.place != "space":
            assert any(phrase in text for phrase in unseen.TIME[scene.time])
            assert any(phrase in text for phrase in unseen.WEATHER[scene.weather])
        assert "{" not in text and "  " not in text


def test_no_caption_is_one_that_training_could_have_written() -> None:
    rng = random.Random(0)
    trained = {caption(sample_scene(rng), rng) for _ in range(2000)}
    assert not trained & {one.text for one in wishes(200)}


def test_the_run_is_always_the_same_and_no_two_captions_are() -> None:
    assert wishes(200) == wishes(200)
    assert len({one.text for one in wishes(200)}) == 200
    assert wishes(20) == wishes(200)[:20]


def test_half_of_the_subjects_and_colours_have_new_names() -> None:
    for flag in ("new_noun", "new_hue"):
        assert sum(getattr(one, flag) for one in wishes(200)) == pytest.approx(100, abs=25)


def test_all_attributes_are_asked_for() -> None:
    scenes = list(islice(held_out_scenes(3), 200))
    for name, values in (("place", v.PLACES), ("time", v.TIMES), ("weather", v.WEATHERS)):
        assert {getattr(s, name) for s in scenes} == set(values)
    assert {s.color for s in scenes} == set(v.COLORS)
    assert {s.direction for s in scenes} == set(v.DIRECTIONS)
    assert len({s.subject for s in scenes}) >= 17
