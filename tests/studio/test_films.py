"""A film in the studio: from a storyboard, by its pictures, to one file, whatever goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits, PolicyRefused
from ourvidz.domain.scene import Scene
from ourvidz.studio import account, characters, film_orders, films, keyframes, library, orders
from ourvidz.studio.film_status import clip_links, film_status
from ourvidz.studio.retention import sweep, tidy
from tests.studio.conftest import Town
from tests.studio.film_scenes import SEA, broken, illustrated, make, taken, written
from tests.studio.scenes import REFUSED


def test_from_a_storyboard_to_one_file(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    assert [one.state for one in keyframes.stills(me, studio, board.id)] == ["missing"] * 5
    illustrated(town, me, board)
    assert [one.state for one in keyframes.stills(me, studio, board.id)] == ["approved"] * 5
    links = keyframes.picture_links(me, studio, board.id, ["sea/0", "coast/1", "none/0"])
    assert sorted(links) == ["coast/1", "sea/0"]
    quote = film_orders.quote_film(me, studio, board.id)
    assert (quote.credits, quote.have, quote.shots, quote.missing) == (2, 10, 3, 3)
    assert quote.unapproved == ()
    assert film_status(me, studio, board.id) is None
    job = film_orders.render_film(me, studio, board.id)
    assert job.cost == quote.credits
    make(town, me, 2)
    status = film_status(me, studio, board.id)
    assert status is not None
    assert (status.state, status.finished, status.video) == ("rendering", 2, None)
    assert [one.state for one in status.shots] == ["finished", "finished", "waiting"]
    assert 0.6 < status.progress < 0.7
    assert status.workers == 1
    assert status.eta_s is not None
    assert sorted(clip_links(me, studio, board.id, ["sea/0", "coast/0"])) == ["sea/0"]
    *_, join = make(town, me)
    assert join.job.params["seams"] == [["cut", 0], ["cut", 0]]
    done = film_status(me, studio, board.id)
    assert done is not None
    assert (done.state, done.progress, done.finished) == ("finished", 1.0, 3)
    assert done.video is not None
    (piece,) = library.pieces(me, studio)
    assert (piece.shelf, piece.video) == ("finished", done.video)
    assert library.links(me, studio, done.video.id).watch
    assert town.ledger(me) == [("grant", 10), ("reserve", -2), ("settle", 0)]


def test_shots_are_rendered_between_the_approved_pictures(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    images = {one.key: one.image_key for one in keyframes.stills(me, studio, board.id)}
    film_orders.render_film(me, studio, board.id)
    leases = make(town, me, 3)
    between = [(one.job.params["image_key"], one.job.params["last_image_key"]) for one in leases]
    assert between == [
        (images["sea/0"], images["sea/1"]),
        (images["sea/1"], images["sea/2"]),
        (images["coast/0"], images["coast/1"]),
    ]
    assert len({one.job.params["seed"] for one in leases}) == 3
    assert all(
        lease.reads(key) for lease, pair in zip(leases, between, strict=True) for key in pair
    )


def test_a_refused_scene_is_named_and_the_others_are_kept(town: Town) -> None:
    me, studio = town.person(), town.studio
    scenes = [*SEA, {"id": "bad", "prompt": REFUSED}]
    draft = films.create_film(me, studio, {"title": "Sea", "scenes": scenes})
    assert [scene.id for scene in draft.film.scenes] == ["sea", "coast"]
    (refused,) = draft.refused
    assert refused.scene_id == "bad"
    assert refused.reason.startswith("Scene 3: ")
    changed = [{**SEA[0], "prompt": REFUSED}, {**SEA[1], "prompt": "a lighthouse at night"}]
    draft = films.change_film(me, studio, draft.film.id, {"scenes": changed})
    assert [one.scene_id for one in draft.refused] == ["sea"]
    assert [scene.prompt for scene in draft.film.scenes] == [
        SEA[0]["prompt"],
        "a lighthouse at night",
    ]
    with pytest.raises(PolicyRefused):
        films.change_film(me, studio, draft.film.id, {"title": REFUSED})
    assert films.film(me, studio, draft.film.id).title == "Sea"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"scenes": [{"id": "a", "prompt": "a cat", "seconds": 0}]}, "scenes[0].seconds"),
        ({"scenes": [{"id": "a", "prompt": "a cat", "seconds": 1805}]}, "scenes[0].seconds"),
        (
            {"scenes": [{"id": i, "prompt": "a cat", "seconds": 930} for i in ("a", "b")]},
            "scenes",
        ),
        ({"scenes": [{"id": "a", "prompt": "a cat"}] * 2}, "scenes[1].id"),
        ({"scenes": [{"id": "a", "prompt": "a\x00cat"}]}, "scenes[0].prompt"),
        ({"scenes": "a cat"}, "scenes[0]"),
        ({"scenes": [{"id": "a", "prompt": "a cat"}] * 361}, "scenes"),
        ({"continuity": "glued"}, "continuity"),
        ({"seed": None}, "seed"),
        ({"retakes": {"a/0": 1}}, "film"),
        ({"film_job_id": None}, "film"),
    ],
)
def test_what_could_never_be_a_film_is_refused(
    town: Town, values: dict[str, Any], field: str
) -> None:
    me = town.person()
    with pytest.raises(InvalidRequest) as refused:
        films.create_film(me, town.studio, values)
    assert refused.value.field == field
    assert films.films(me, town.studio) == []


def test_a_scene_may_wait_for_its_words_but_not_be_rendered_without(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me, [*SEA, {"id": "new", "prompt": ""}])
    for order in (keyframes.keyframes, film_orders.render_film, film_orders.quote_film):
        with pytest.raises(InvalidRequest, match=r"scenes\[2\].prompt"):
            order(me, studio, board.id)
    assert town.ledger(me) == [("grant", 10)]


def test_nothing_is_rendered_before_its_pictures_are_approved(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    with pytest.raises(NotAllowed, match="5 pictures are not approved"):
        film_orders.render_film(me, studio, board.id)
    illustrated(town, me, board)
    keyframes.approve(me, studio, board.id, ["sea/1"], approved=False)
    with pytest.raises(NotAllowed, match="sea/1"):
        film_orders.render_film(me, studio, board.id)
    assert town.ledger(me) == [("grant", 10)]


def test_a_film_that_is_being_made_is_not_another_one(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    first = film_orders.render_film(me, studio, board.id)
    assert film_orders.render_film(me, studio, board.id).id == first.id
    films.change_film(me, studio, board.id, {"scenes": [SEA[0]]})
    with pytest.raises(NotAllowed, match="Cancel it first"):
        film_orders.render_film(me, studio, board.id)
    assert town.ledger(me)[1:] == [("reserve", -2)]


def test_a_cancelled_film_keeps_its_clips_and_goes_on_for_the_rest(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    make(town, me, 1)
    running = taken(town, me)
    assert running is not None
    cancelled = film_orders.cancel_film(me, studio, board.id)
    with pytest.raises(NotAllowed, match="from its storyboard"):
        orders.retry(me, studio, cancelled.id)
    assert studio.live.cancel_requested(running.job.id)
    assert town.queue.finish(running, "cancelled")
    status = film_status(me, studio, board.id)
    assert status is not None
    assert (status.state, status.finished, status.eta_s) == ("cancelled", 1, None)
    assert account.balance(me, studio) == 10
    quote = film_orders.quote_film(me, studio, board.id)
    assert (quote.credits, quote.missing) == (2, 2)
    film_orders.render_film(me, studio, board.id)
    make(town, me)
    assert account.balance(me, studio) == 8


def test_a_film_that_needs_its_owner_says_so(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    broken(town, me)
    make(town, me)
    status = film_status(me, studio, board.id)
    assert status is not None
    assert (status.state, status.finished) == ("needs_you", 2)
    assert (status.shots[0].state, status.shots[0].error) == ("failed", "It broke. Try again.")
    film_orders.take_film(me, studio, board.id)
    make(town, me)
    status = film_status(me, studio, board.id)
    assert status is not None
    assert (status.state, status.video is not None) == ("finished", True)
    assert account.balance(me, studio) == 9


def test_another_take_costs_a_clip_and_stays_in_the_next_order(town: Town) -> None:
    me, studio = town.person(credits=3), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    make(town, me)
    again = film_orders.redo_shot(me, studio, board.id, "sea/1")
    assert film_orders.redo_shot(me, studio, board.id, "sea/1").id == again.id
    status = film_status(me, studio, board.id)
    assert status is not None
    assert (status.state, status.shots[1].again, status.finished) == ("rendering", True, 3)
    assert [one.job.kind for one in make(town, me)] == ["video", "stitch"]
    assert account.balance(me, studio) == 0
    with pytest.raises(NotEnoughCredits):
        film_orders.redo_shot(me, studio, board.id, "sea/0")
    with pytest.raises(NotAllowed):
        film_orders.redo_shot(me, studio, board.id, "sea/9")
    quote = film_orders.quote_film(me, studio, board.id)
    assert (quote.credits, quote.missing) == (0, 0)


def test_chained_films_need_one_picture_a_scene_and_wait_for_each_shot(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me, continuity="chained")
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    made = make(town, me)
    clips = [one.job.params.get("clip_key") for one in made if one.job.kind == "video"]
    assert [key is not None for key in clips] == [False, True, False]
    status = film_status(me, studio, board.id)
    assert status is not None
    assert clips[1] == status.shots[0].media_key


def test_a_chain_that_its_model_can_not_make_is_none(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me, continuity="chained", model="wan2.1-1.3b")
    assert film_orders.render_film(me, studio, board.id).params["continuity"] == "independent"


def test_characters_are_introduced_in_the_scenes_that_name_them(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    characters.create_character(me, studio, "Mara", "a woman with red hair", ["green coat"])
    board = written(town, me, [SEA[0], {**SEA[1], "characters": ["Mara"]}])
    prompts = [job.params["prompt"] for job in keyframes.keyframes(me, studio, board.id)]
    assert prompts == [
        SEA[0]["prompt"],
        "Mara: a woman with red hair, green coat. " + SEA[1]["prompt"],
    ]
    make(town, me)
    films.change_film(me, studio, board.id, {"scenes": [{**SEA[0], "characters": ["Nobody"]}]})
    with pytest.raises(InvalidRequest, match="no character 'Nobody'"):
        keyframes.keyframes(me, studio, board.id)


def test_an_idea_becomes_scenes_that_can_be_kept(town: Town) -> None:
    me, studio = town.person(), town.studio
    scenes = films.split(me, studio, "a red car in the desert", 60)
    assert sum(scene.seconds for scene in scenes) == 60
    assert all(isinstance(scene, Scene) and "red car" in scene.prompt for scene in scenes)
    assert written(town, me, scenes).scenes == scenes
    with pytest.raises(PolicyRefused):
        films.split(me, studio, REFUSED, 60)
    for seconds in (0, 7, 1805, 2.5, True):
        with pytest.raises(InvalidRequest):
            films.split(me, studio, "a cat", seconds)  # type: ignore[arg-type]


def test_nothing_is_left_of_a_deleted_film(town: Town) -> None:
    me, studio = town.person(credits=10), town.studio
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    make(town, me)
    film_orders.redo_shot(me, studio, board.id, "sea/0")
    make(town, me)
    (video,) = library.videos(me, studio)
    films.delete_film(me, studio, board.id)
    library.delete(me, studio, video.id)
    town.root.execute("update public.videos set deleted_at = now() - interval '2 h'"
                      " where deleted_at is not null")  # fmt: skip
    town.root.execute("update public.jobs set finished_at = now() - interval '40 days'"
                      " where user_id = %s and finished_at is not null", (me.user_id,))  # fmt: skip
    sweep(studio.administration, studio.media)
    tidy(studio.administration, studio.media, datetime.now(UTC) + timedelta(days=40))
    assert account.files_of(me, studio) == []
    assert town.count("videos", user_id=me.user_id) == 0
    assert town.count("keyframes", user_id=me.user_id) == 0
