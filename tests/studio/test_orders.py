"""Orders: one job and one charge, whatever is clicked how often, and nothing for a refusal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits, PolicyRefused
from ourvidz.domain.library import Project
from ourvidz.domain.orders import request_of
from ourvidz.pipeline.budget import CPU, Calibration, Rate
from ourvidz.studio import account, jobs, orders, projects
from ourvidz.studio.door import LIMITS
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED, deliver_video, fail


def draft(town: Town, me: Identity, **values: Any) -> Project:
    return projects.create_project(me, town.studio, {"prompt": "a red sailboat", **values})


def test_a_double_click_is_one_job_and_one_charge(town: Town) -> None:
    me = town.person(credits=5)
    project = draft(town, me)
    for order in (orders.enhance, orders.preview, orders.render):
        with ThreadPoolExecutor(4) as clicks:
            made = [clicks.submit(order, me, town.studio, project.id) for _ in range(4)]
        assert len({job.result().id for job in made}) == 1, order.__name__
    assert len(jobs.jobs(me, town.studio)) == 3
    assert town.ledger(me) == [("grant", 5), ("reserve", -1)]


def test_the_same_order_after_the_first_has_ended_is_a_new_one(town: Town) -> None:
    me = town.person(credits=5)
    project = draft(town, me, seed=7)
    first = orders.render(me, town.studio, project.id)
    deliver_video(town, me, first)
    second = orders.render(me, town.studio, project.id)
    assert second.id != first.id
    assert second.params == first.params


def test_the_callers_key_decides_when_there_is_one(town: Town) -> None:
    me = town.person(credits=5)
    project, other = draft(town, me), draft(town, me)
    first = orders.render(me, town.studio, project.id, key="tab 1, click 1")
    deliver_video(town, me, first)
    assert orders.render(me, town.studio, project.id, key="tab 1, click 1").id == first.id
    assert orders.render(me, town.studio, project.id, key="tab 1, click 2").id != first.id
    assert orders.render(me, town.studio, other.id, key="tab 1, click 1").id != first.id


@pytest.mark.parametrize("key", ["", "  ", "a\x00b", "x" * 101, 7, ["x"]], ids=repr)
def test_a_key_that_can_not_be_kept_is_refused(town: Town, key: Any) -> None:
    me = town.person(credits=5)
    with pytest.raises(InvalidRequest, match="key: "):
        orders.render(me, town.studio, draft(town, me).id, key=key)
    assert jobs.jobs(me, town.studio) == []


def test_the_last_credit_is_spent_once_from_two_tabs_at_once(town: Town) -> None:
    me = town.person(credits=1)
    tabs = [draft(town, me), draft(town, me)]

    def spend(project: Project) -> str:
        try:
            return orders.render(me, town.studio, project.id).state
        except NotEnoughCredits as error:
            return str(error)

    with ThreadPoolExecutor(2) as both:
        outcomes = sorted(both.map(spend, tabs))
    assert outcomes == [
        "This costs 1 credit and you have 0. Nothing was spent: add credits, or ask for less.",
        "queued",
    ]
    assert account.balance(me, town.studio) == 0
    assert town.ledger(me) == [("grant", 1), ("reserve", -1)]


def test_the_price_is_told_before_and_is_what_is_charged(town: Town) -> None:
    me = town.person(credits=9)
    project = draft(town, me, seconds=5, profile="quality")  # nobody else has had one of these
    quote = orders.quote(me, town.studio, project.id)
    assert (quote.credits, quote.have, quote.seconds) == (1, 9, None)
    slow = tuple(Rate(work=work, precision="fp32", tflops=0.1) for work in ("denoise", "decode"))
    here = replace(CPU, calibration=Calibration(machine="CPU", rates=slow))
    planned = orders.quote(me, replace(town.studio, machine=lambda: here), project.id).seconds
    assert planned is not None and planned > 1
    job = orders.render(me, town.studio, project.id)
    assert job.cost == quote.credits
    deliver_video(town, me, job)
    took = orders.quote(me, town.studio, project.id).seconds
    assert took is not None
    assert 0 < took < 60
    newcomer = town.person()
    theirs = draft(town, newcomer, seconds=5, profile="quality")
    assert orders.quote(newcomer, town.studio, theirs.id).seconds == took
    projects.change_project(me, town.studio, project.id, {"seconds": 60})
    assert orders.quote(me, town.studio, project.id).credits == 5


def test_a_refused_order_costs_nothing_and_leaves_a_hash(town: Town) -> None:
    me = town.person(credits=5)
    project = draft(town, me)
    # As if it had been kept by an older version, with a milder policy.
    town.root.execute("update public.projects set prompt = %s where id = %s", (REFUSED, project.id))
    for order in (orders.enhance, orders.preview, orders.render):
        with pytest.raises(PolicyRefused):
            order(me, town.studio, project.id)
    assert jobs.jobs(me, town.studio) == []
    assert town.ledger(me) == [("grant", 5)]
    assert town.count("refusals", user_id=me.user_id) == 3


def test_cancelling_gives_the_credits_back_once(town: Town) -> None:
    me = town.person(credits=2)
    job = orders.render(me, town.studio, draft(town, me).id)
    assert account.balance(me, town.studio) == 1
    for _ in range(2):
        assert jobs.cancel(me, town.studio, job.id).state == "cancelled"
    assert town.ledger(me) == [("grant", 2), ("reserve", -1), ("refund", 1)]


def test_cancelling_what_runs_reaches_the_worker(town: Town) -> None:
    me = town.person(credits=2)
    lease = town.take(orders.render(me, town.studio, draft(town, me).id))
    assert jobs.cancel(me, town.studio, lease.job.id).cancel_requested
    assert town.studio.live.cancel_requested(lease.job.id)
    assert town.queue.heartbeat(lease, 60, 0.5, "denoise", 1.0) == "cancel"
    town.queue.finish(lease, "cancelled")
    assert account.balance(me, town.studio) == 2


def test_what_failed_can_be_tried_again_as_it_was(town: Town) -> None:
    me = town.person(credits=2)
    first = orders.render(me, town.studio, draft(town, me).id)
    with pytest.raises(NotAllowed, match="Only what failed or was cancelled"):
        orders.retry(me, town.studio, first.id)
    fail(town, first)
    second = orders.retry(me, town.studio, first.id)
    assert orders.retry(me, town.studio, first.id).id == second.id
    assert (second.id != first.id, second.params) == (True, first.params)
    fail(town, second)
    third = orders.retry(me, town.studio, first.id)
    assert third.id not in (first.id, second.id)
    assert account.balance(me, town.studio) == 1


def test_a_job_says_all_that_the_worker_needs(town: Town) -> None:
    me = town.person(credits=2)
    project = draft(town, me, profile="fast", seconds=2, negative_prompt="text", seed=7)
    projects.change_project(me, town.studio, project.id, {"enhanced_prompt": "A red boat."})
    request = request_of("video", orders.render(me, town.studio, project.id).params)
    assert (request.prompt, request.model_prompt) == ("a red sailboat", "A red boat.")
    assert (request.num_frames, request.seed, request.profile) == (32, 7, "fast")
    projects.change_project(me, town.studio, project.id, {"use_enhanced": False})
    request = request_of("video", orders.render(me, town.studio, project.id).params)
    assert request.model_prompt == "a red sailboat"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"seconds": 15}, "seconds"),
        ({"model": "wan2.1-1.3b", "seconds": 60}, "seconds"),
    ],
)
def test_what_can_not_be_made_is_not_queued(town: Town, values: dict[str, Any], field: str) -> None:
    me = town.person(credits=50)
    project = draft(town, me, **values)
    with pytest.raises(InvalidRequest) as refused:
        orders.render(me, town.studio, project.id)
    assert refused.value.field == field
    assert town.ledger(me) == [("grant", 50)]


@pytest.mark.parametrize("seed", [-1, 2**63, 10**400, "7", 1.5, True], ids=lambda s: str(s)[:20])
def test_a_seed_from_a_browser_is_checked(town: Town, seed: Any) -> None:
    me = town.person()
    project = draft(town, me)
    for order in (orders.enhance, orders.preview):
        with pytest.raises(InvalidRequest, match="seed: "):
            order(me, town.studio, project.id, seed=seed)


@pytest.mark.parametrize("count", [0, 5, "4", 1.5], ids=repr)
def test_one_to_four_stills(town: Town, count: Any) -> None:
    me = town.person()
    with pytest.raises(InvalidRequest, match="num_images: "):
        orders.preview(me, town.studio, draft(town, me).id, num_images=count)


def test_nothing_is_made_for_someone_whose_age_is_not_known(town: Town) -> None:
    me = town.person(credits=5, adult=False)
    project = draft(town, me)
    for order in (orders.enhance, orders.preview, orders.render):
        with pytest.raises(NotAllowed, match="18 or older"):
            order(me, town.studio, project.id)
    account.verify_age(me, town.studio, is_adult=True)
    assert orders.render(me, town.studio, project.id).state == "queued"


def test_what_is_free_is_limited_and_says_when_to_come_back(town: Town) -> None:
    me, other = town.person(), town.person()
    project = draft(town, me)
    limit, per_s = LIMITS["enhance"][0]
    for _ in range(limit):
        orders.enhance(me, town.studio, project.id)
    with pytest.raises(NotAllowed, match=rf"That was {limit} times in a minute, .* in \d+ second"):
        orders.enhance(me, town.studio, project.id)
    assert (limit, per_s) == (30, 60)
    orders.preview(me, town.studio, project.id)
    orders.enhance(other, town.studio, draft(town, other).id)
