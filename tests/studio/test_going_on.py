"""Going on where a video ended: once, at no cost, and only from what is one's own."""

from __future__ import annotations

from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.library import Video
from ourvidz.studio import characters, jobs, library, orders, projects
from ourvidz.studio.going_on import go_on
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_stills, deliver_video, fail


def finished(town: Town, me: Identity, **values: Any) -> Video:
    project = projects.create_project(me, town.studio, {"prompt": "a red sailboat", **values})
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    return library.videos(me, town.studio)[0]


def test_the_new_project_has_the_words_and_the_last_frame(town: Town) -> None:
    me = town.person(credits=1)
    who = characters.create_character(me, town.studio, "Mia", "a girl with red hair", ())
    video = finished(
        town, me, enhanced_prompt="A red sailboat. Soft light.", seed=7, seconds=1,
        character_id=str(who.id),
    )  # fmt: skip
    project = go_on(me, town.studio, video.id)
    assert project.id != video.project_id
    assert (project.prompt, project.enhanced_prompt) == ("a red sailboat", None)
    assert (project.character_id, project.seconds, project.seed) == (who.id, 1, None)
    (job,) = jobs.jobs(me, town.studio, project_id=project.id)
    assert (job.kind, job.params["clip_key"], job.cost) == ("preview", video.media_key, 0)
    assert town.take(job).reads(video.media_key)


def test_a_second_click_leads_to_the_same_project_until_it_goes_on(town: Town) -> None:
    me = town.person(credits=1)
    video = finished(town, me)
    first = go_on(me, town.studio, video.id)
    assert go_on(me, town.studio, video.id).id == first.id
    (job,) = jobs.jobs(me, town.studio, project_id=first.id)
    (key,) = deliver_stills(town, me, job)
    assert go_on(me, town.studio, video.id).id == first.id
    projects.approve(me, town.studio, first.id, key)
    assert go_on(me, town.studio, video.id).id != first.id


def test_a_lost_picture_is_cut_again(town: Town) -> None:
    me = town.person(credits=1)
    video = finished(town, me)
    first = go_on(me, town.studio, video.id)
    fail(town, jobs.jobs(me, town.studio, project_id=first.id)[0])
    assert go_on(me, town.studio, video.id).id != first.id


def test_nobody_goes_on_with_what_is_someone_elses_or_deleted(town: Town) -> None:
    me, other = town.person(credits=1), town.person()
    video = finished(town, me)
    with pytest.raises(NotAllowed):
        go_on(other, town.studio, video.id)
    library.delete(me, town.studio, video.id)
    with pytest.raises(NotAllowed, match="still there"):
        go_on(me, town.studio, video.id)
    assert projects.projects(other, town.studio) == []
