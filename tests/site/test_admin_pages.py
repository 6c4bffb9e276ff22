"""The administration, as admins use it and as others attack it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from ourvidz.domain.account import Identity
from ourvidz.studio import account, admin, orders, projects
from ourvidz.web.pages.admin import figures, jobs, overview, people
from ourvidz.web.pages.markup import Press
from tests.site.browsers import Browser, Visit
from tests.site.events import handlers, press
from tests.studio.conftest import CARD, Town, identity
from tests.studio.scenes import deliver_video, fail

EVIL = "<img src=x onerror=alert(1)>${1+1}{{7*7}}"
PAGES = ("/admin/", "/admin/jobs", "/admin/people", "/admin/figures")


@pytest.fixture(scope="module")
def boss(visit: Visit, town: Town) -> Browser:
    browser = visit().signed_up()
    found = town.studio.administration.user_by_email(browser.email)
    town.studio.administration.set_role(found.user_id, "admin")
    return browser


@pytest.fixture(scope="module")
def mallory(visit: Visit) -> Browser:
    return visit().signed_up()


@pytest.fixture
def me(town: Town) -> Identity:
    one = town.person()
    town.studio.administration.set_role(one.user_id, "admin")
    return one


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_there_for_admins_only(boss: Browser, mallory: Browser, path: str) -> None:
    assert boss.get(path).status_code == 200
    assert mallory.get(path).status_code == 404
    assert mallory.client.get(path).status_code == 404


def test_a_user_reaches_no_handler_by_its_number(boss: Browser, mallory: Browser) -> None:
    number = handlers(boss, "/admin/people", "adm-people")["act"]
    said = {"act": "search", "fields": {"search": ["@"]}}
    status, answer = press(boss, "/admin", number, said)
    assert (status, mallory.email in answer) == (200, True)
    assert press(mallory, "/admin", number, said)[0] == 404
    for other in range(number + 20):
        status, answer = press(mallory, "/app", other, said)
        assert boss.email not in answer


def test_a_role_taken_away_ends_an_open_page(visit: Visit, town: Town) -> None:
    browser = visit().signed_up()
    found = town.studio.administration.user_by_email(browser.email)
    town.studio.administration.set_role(found.user_id, "admin")
    number = handlers(browser, "/admin/", "adm-overview")["act"]
    tab = uuid4().hex
    assert press(browser, "/admin", number, {"act": "show"}, tab=tab)[0] == 200
    town.studio.administration.set_role(found.user_id, "user")
    assert press(browser, "/admin", number, {"act": "show"}, tab=tab)[0] == 404


def test_an_admins_tab_is_nobody_elses(boss: Browser, visit: Visit, town: Town) -> None:
    other = visit().signed_up()
    found = town.studio.administration.user_by_email(other.email)
    town.studio.administration.set_role(found.user_id, "admin")
    number = handlers(boss, "/admin/", "adm-overview")["act"]
    tab = uuid4().hex
    assert press(boss, "/admin", number, {"act": "show"}, tab=tab)[0] == 200
    assert press(other, "/admin", number, {"act": "show"}, tab=tab)[0] == 403


def test_a_press_of_an_admin_is_refused_from_another_site(boss: Browser, town: Town) -> None:
    number = handlers(boss, "/admin/people", "adm-people")["act"]
    user = town.person()
    fields = {"amount": ["9"], "note": ["x"], "key": [str(uuid4())]}
    said = {"act": "grant", "id": str(user.user_id), "fields": fields}
    answer = boss.client.post(
        "/admin/gradio_api/queue/join",
        json={"fn_index": number, "data": [], "event_data": said, "session_hash": "x1"},
        headers={"origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert press(boss, "/admin", number, said)[0] == 200
    assert press(boss, "/admin", number, said)[0] == 200
    assert account.balance(user, town.studio) == 9


def test_a_grant_and_a_role_are_shown_where_the_search_was(town: Town, me: Identity) -> None:
    user = town.person()
    fields = {"search": (user.email[:12],), "amount": ("7",), "note": ("sorry",)}
    key = {"key": (str(uuid4()),)}
    for _ in range(2):
        sent = Press(act="grant", id=str(user.user_id), fields=fields | key)
        answer = people.acted(me, town.studio, sent)
        assert answer.said == "Done. The balance is 7 now."
    assert answer.markup.count("adm-person") == 1
    sent = Press(act="role", id=str(user.user_id), fields=fields | {"role": ("admin",)})
    assert "Take the role away" in people.acted(me, town.studio, sent).markup
    log = overview.acted(me, town.studio, Press()).markup
    assert f"gave 7 credits to {user.email}: sorry" in log
    assert f"made {user.email} admin" in log


def test_texts_of_others_stay_text(town: Town, me: Identity) -> None:
    email = f'"{EVIL}"{uuid4()}@example.com'
    user_id = uuid4()
    town.root.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, email))
    user = identity(user_id, email)
    account.verify_age(user, town.studio, is_adult=True)
    town.studio.administration.add_credits(user_id, 2, EVIL, str(user_id))
    project = projects.create_project(user, town.studio, {"prompt": "a cat"})
    job = orders.render(user, town.studio, project.id)
    lease = town.take(job)
    town.queue.finish(lease, "failed", error=EVIL, error_family="internal")
    town.root.execute(
        "insert into public.workers (id, hostname, device, loaded) values (%s, %s, %s, %s)",
        (EVIL, EVIL, EVIL, EVIL),
    )
    town.studio.administration.record_refusal(user_id, EVIL, "0" * 64)
    grant = Press(
        act="grant",
        id=str(user_id),
        fields={"search": (EVIL,), "amount": ("1",), "note": (EVIL,), "key": (str(uuid4()),)},
    )
    for markup in (
        people.acted(me, town.studio, grant).markup,
        jobs.acted(me, town.studio, Press()).markup,
        overview.acted(me, town.studio, Press(at=f"?state={EVIL}")).markup,
        figures.tables(admin.figures(me, town.studio, 30), figures.View()),
    ):
        assert "<img" not in markup
        assert "&lt;img src=x" in markup
        assert "{{7*7}}" in markup


@pytest.mark.parametrize("act", [overview.acted, jobs.acted, people.acted])
def test_acts_that_are_not_known_only_show(
    town: Town, me: Identity, act: Callable[..., object]
) -> None:
    for nonsense in ("", "delete", "__class__", "retry\x00", EVIL):
        act(me, town.studio, Press(act=nonsense, id="x", at="?state=x&page=-1"))


def test_workers_are_drained_and_alerts_closed(town: Town, me: Identity) -> None:
    town.queue.register(CARD)
    drained = overview.acted(me, town.studio, Press(act="drain", id=CARD.id))
    assert "Draining" in drained.markup
    working = overview.acted(me, town.studio, Press(act="undrain", id=CARD.id))
    assert working.said == "It takes jobs again."
    assert "Draining" not in working.markup
    town.root.execute("insert into public.alerts (kind, text) values ('disk', 'nearly full')")
    shown = overview.acted(me, town.studio, Press()).markup
    assert "nearly full" in shown
    (alert, *_) = town.studio.administration.alerts()
    closed = overview.acted(me, town.studio, Press(act="close", id=str(alert.id))).markup
    assert "nearly full" not in closed


def test_jobs_are_listed_by_state_and_tried_again(town: Town, me: Identity) -> None:
    user = town.person(credits=2)
    project = projects.create_project(user, town.studio, {"prompt": "a very secret cat"})
    deliver_video(town, user, orders.render(user, town.studio, project.id))
    job = orders.render(user, town.studio, project.id, seed=3)
    fail(town, job)
    listed = jobs.acted(me, town.studio, Press(at="?state=failed")).markup
    assert f'data-act="retry" data-id="{job.id}"' in listed
    assert "secret" not in jobs.acted(me, town.studio, Press(at="?state=all")).markup
    again = jobs.acted(me, town.studio, Press(act="retry", id=str(job.id), at="?state=failed"))
    assert "on the house" in again.said
    assert f'data-act="retry" data-id="{job.id}"' not in again.markup
    assert str(job.id) not in jobs.acted(me, town.studio, Press(at="?state=succeeded")).markup


def test_figures_say_what_a_video_costs(town: Town, me: Identity) -> None:
    user = town.person(credits=1)
    project = projects.create_project(user, town.studio, {"prompt": "a cat"})
    deliver_video(town, user, orders.render(user, town.studio, project.id))
    shown = figures.tables(admin.figures(me, town.studio, 7), figures.View(hour_price=0.0))
    assert "$0.000" in shown
    assert 'value="0.0"' in shown
    assert len(figures.videos_by_day(town.studio.administration.daily(7))) == 21
