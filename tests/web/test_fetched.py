"""What pages fetch by themselves: pictures lead to their owner, by addresses that stay good."""

from __future__ import annotations

import gc
import re
import time

import gradio as gr
import pytest
from starlette.requests import Request
from starlette.responses import Response

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.studio import projects
from ourvidz.web.api import Api
from ourvidz.web.film_api import FilmApi
from ourvidz.web.static_files import versioned
from ourvidz.web.widgets.board import Board
from ourvidz.web.widgets.cards import Cards
from ourvidz.web.widgets.job import Job
from ourvidz.web.widgets.place import Place
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.film_scenes import illustrated, written
from tests.web.wizard import with_choice, with_stills


def by(me: Identity) -> Request:
    return Request({"type": "http", "headers": [], "state": {"me": me}})


def outlives_what_is_kept(answer: Response) -> bool:
    """Whether the link works for longer than a browser keeps the way to it."""
    expires = re.search(r"exp=(\d+)", answer.headers["location"])
    kept = re.fullmatch(r"private, max-age=(\d+)", answer.headers["cache-control"])
    assert expires and kept
    return int(expires[1]) - time.time() > int(kept[1])


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_script_of_before_an_update_runs_in_a_page_of_after_it() -> None:
    with gr.Blocks():
        parts = (Cards(), Place(), Job(), Board(script="film.js"))
    heads = "".join(str(one.head) for one in parts)
    sources = re.findall(r'src="(.*?)"', heads)
    assert set(sources) == {versioned(name) for name in ("studio.js", "board.js", "film.js")}
    gc.collect()  # Gradio leaves event loops open


def test_a_picture_on_offer_and_the_chosen_one_are_shown_to_their_owner(town: Town) -> None:  # noqa: F811
    me = town.person()
    where, keys = with_stills(town, me)
    for key in keys:
        answer = Api(town.studio).still(where.project_id, by(me), key)
        assert answer.headers["location"].startswith(f"/m/{key}?")
        assert outlives_what_is_kept(answer)


def test_the_chosen_picture_is_shown_when_others_are_on_offer(town: Town) -> None:  # noqa: F811
    me = town.person()
    where = with_choice(town, me)
    chosen = projects.project(me, town.studio, where.project_id).image_key
    assert chosen is not None
    projects.change_project(me, town.studio, where.project_id, {"prompt": "a dog"})
    town.root.execute(
        "update public.projects set preview_job_id = null where id = %s", (where.project_id,)
    )
    assert Api(town.studio).still(where.project_id, by(me), chosen).status_code == 303


def test_nobody_is_led_to_pictures_of_others(town: Town) -> None:  # noqa: F811
    me, mallory = town.person(), town.person()
    mine, keys = with_stills(town, me)
    theirs, _ = with_stills(town, mallory)
    api = Api(town.studio)
    for project_id in (mine.project_id, theirs.project_id, "1' or 1=1", ""):
        for key in (keys[0], "videos-preview/../x", ""):
            with pytest.raises(NotAllowed):
                api.still(project_id, by(mallory), key)
    with pytest.raises(NotAllowed):
        api.still(mine.project_id, by(me), "videos-final/x")


def test_the_way_to_a_films_picture_is_not_kept_for_longer_than_its_link_works(
    town: Town,  # noqa: F811
) -> None:
    me = town.person()
    board = written(town, me)
    illustrated(town, me, board)
    answer = FilmApi(town.studio).still(str(board.id), "sea", "0", by(me))
    assert outlives_what_is_kept(answer)
