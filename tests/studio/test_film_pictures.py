"""The pictures of a film: made, made again, approved, and out of date when words change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.studio import account, films, keyframes
from ourvidz.studio.retention import tidy
from tests.studio.conftest import Town
from tests.studio.film_scenes import SEA, broken, illustrated, make, taken, written


def test_pictures_of_changed_words_are_shown_and_must_be_approved_anew(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    changed = [{**SEA[0], "prompt": "a blue sailboat"}, SEA[1]]
    films.change_film(me, studio, board.id, {"scenes": changed})
    now = keyframes.stills(me, studio, board.id)
    assert [one.state for one in now] == ["offered"] * 3 + ["approved"] * 2
    assert [one.is_stale for one in now] == [True] * 3 + [False] * 2
    keyframes.keyframes(me, studio, board.id)
    assert [w.job.params["prompt"] for w in make(town, me)] == ["a blue sailboat"]
    assert not any(one.is_stale for one in keyframes.stills(me, studio, board.id))


def test_a_picture_is_made_anew_once_for_a_double_click(town: Town) -> None:
    me, studio = town.person(), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    before = {one.key: one for one in keyframes.stills(me, studio, board.id)}
    first = keyframes.keyframes(me, studio, board.id, ["sea/1"])
    assert len(first) == 1
    assert keyframes.keyframes(me, studio, board.id, ["sea/1"]) == []
    assert first[0].params["master_key"] == before["sea/0"].image_key
    making = {one.key: one for one in keyframes.stills(me, studio, board.id)}["sea/1"]
    assert (making.state, making.image_key) == ("making", before["sea/1"].image_key)
    keyframes.approve(me, studio, board.id)
    make(town, me)
    after = {one.key: one for one in keyframes.stills(me, studio, board.id)}["sea/1"]
    assert after.state == "offered"
    assert after.image_key != before["sea/1"].image_key
    assert after.seed != before["sea/1"].seed
    with pytest.raises(InvalidRequest, match="no keyframe"):
        keyframes.keyframes(me, studio, board.id, ["sea/9"])


def test_the_pictures_of_a_long_scene_wait_for_its_first_one(town: Town) -> None:
    me, studio = town.person(), town.studio
    board = written(town, me, [{"id": "sea", "prompt": "a red sailboat", "seconds": 55}])
    jobs = keyframes.keyframes(me, studio, board.id)
    assert [(one.state, len(one.params["stills"])) for one in jobs] == [
        ("queued", 6),
        ("waiting", 5),
        ("waiting", 1),
    ]
    made = make(town, me)
    master = keyframes.stills(me, studio, board.id)[0].image_key
    assert [one.job.params.get("master_key") for one in made] == [None, master, master]
    keyframes.keyframes(me, studio, board.id, ["sea/0", "sea/7"])
    broken(town, me)
    states = {one.key: one.state for one in keyframes.stills(me, studio, board.id)}
    assert (states["sea/0"], states["sea/7"]) == ("failed", "failed")
    assert taken(town, me) is None


def test_pictures_that_were_tidied_away_are_missing_again(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    town.root.execute("update public.jobs set finished_at = now() - interval '31 days'"
                      " where user_id = %s", (me.user_id,))  # fmt: skip
    tidy(studio.administration, studio.media, datetime.now(UTC))
    assert {one.state for one in keyframes.stills(me, studio, board.id)} == {"missing"}
    assert account.files_of(me, studio) == []
