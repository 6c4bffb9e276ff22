"""The way in and out, as browsers take it."""

from __future__ import annotations

import pytest

from tests.site.browsers import PASSWORD, Visit, code_sent_to
from tests.studio.conftest import Town


def test_a_first_visit_goes_from_age_to_the_app(visit: Visit) -> None:
    browser = visit()
    assert browser.get("/").headers["location"] == "/age?next=/"
    assert browser.get("/app/").headers["location"] == "/age?next=/app/"
    answer = browser.post("/age", answer="adult", next="/app/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    assert browser.get("/app/").headers["location"] == "/auth/sign-in?next=/app/"
    browser.signed_up()
    assert "OurVidz" in browser.get("/app/").text


def test_who_is_too_young_comes_no_further(visit: Visit) -> None:
    browser = visit()
    assert browser.post("/age", answer="minor").status_code == 403
    assert browser.get("/auth/sign-up").headers["location"].startswith("/age")


@pytest.mark.parametrize("cookie", ["1", "99999999999.0", "99999999999.", "x.y", "9" * 20 + ".a"])
def test_an_age_can_not_be_forged(visit: Visit, cookie: str) -> None:
    browser = visit()
    browser.client.cookies.set("ov_age", cookie)
    assert browser.get("/auth/sign-in").headers["location"].startswith("/age")


def test_a_newcomer_has_a_noted_age_and_credits_to_try_it(visit: Visit, town: Town) -> None:
    browser = visit().signed_up()
    account = town.studio.administration.user_by_email(browser.email)
    assert account.credits == town.wiring.settings.welcome_credits > 0
    assert account.age_policy_version is not None
    browser.post("/auth/sign-out")
    browser.post("/auth/sign-in", email=browser.email, password=PASSWORD)
    again = town.studio.administration.user_by_email(browser.email)
    assert again.credits == account.credits


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(visit: Visit) -> None:
    known = visit().signed_up()
    texts = set[str]()
    for email in (known.email, "nobody@example.com"):
        answer = visit().grown_up().post("/auth/sign-in", email=email, password="wrong one 1")
        assert answer.status_code == 400
        texts.add(answer.text.replace(email, "X"))
    assert len(texts) == 1


def test_signing_out_ends_the_cookie_here_and_nowhere_else(visit: Visit) -> None:
    phone, desktop = visit().signed_up(), visit().grown_up()
    desktop.post("/auth/sign-in", email=phone.email, password=PASSWORD)
    old = phone.session
    assert phone.post("/auth/sign-out").headers["location"] == "/auth/sign-in"
    assert not phone.session
    thief = visit().grown_up()
    thief.client.cookies.set("ov_session", old)
    assert thief.client.get("/api/jobs/x").status_code == 401
    assert desktop.get("/app/").status_code == 200


def test_signing_out_everywhere_ends_all_of_them(visit: Visit) -> None:
    phone, desktop = visit().signed_up(), visit().grown_up()
    desktop.post("/auth/sign-in", email=phone.email, password=PASSWORD)
    phone.post("/auth/sign-out", everywhere="yes")
    assert desktop.get("/app/").status_code == 303


def test_a_session_gets_a_new_cookie_with_every_sign_in(visit: Visit) -> None:
    browser = visit().signed_up()
    first = browser.session
    browser.post("/auth/sign-in", email=browser.email, password=PASSWORD)
    assert browser.session != first
    thief = visit().grown_up()
    thief.client.cookies.set("ov_session", first)
    assert thief.client.get("/api/jobs/x").status_code == 401


def test_a_forgotten_password_is_replaced_by_a_code(visit: Visit, town: Town) -> None:
    browser = visit().signed_up()
    browser.post("/auth/sign-out")
    assert "on its way" in browser.post("/auth/recover", email=browser.email).text
    code = code_sent_to(town, browser.email)
    wrong = browser.post(
        "/auth/new-password", email=browser.email, code="000000", password="another 1 sentence"
    )
    assert wrong.status_code == 400
    right = browser.post(
        "/auth/new-password", email=browser.email, code=code, password="another 1 sentence"
    )
    assert right.headers["location"] == "/app/"


@pytest.mark.parametrize(
    "next",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "//[",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(visit: Visit, next: str) -> None:
    browser = visit().signed_up()
    browser.post("/auth/sign-out")
    answer = browser.post("/auth/sign-in", email=browser.email, password=PASSWORD, next=next)
    assert answer.headers["location"] == "/app/"


def test_what_was_typed_is_shown_as_text(visit: Visit) -> None:
    browser = visit().grown_up()
    answer = browser.post("/auth/sign-in", email='"><script>alert(1)</script>', password="x")
    assert "<script>" not in answer.text
    assert PASSWORD not in browser.post("/auth/sign-in", email="a@b.c", password=PASSWORD).text


def test_the_forms_need_no_script_and_load_nothing_from_elsewhere(visit: Visit) -> None:
    browser = visit().grown_up()
    for path in ("/age", "/auth/sign-in", "/auth/sign-up", "/auth/recover", "/auth/new-password"):
        page = browser.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "http" not in page.text.replace("http-equiv", "")
        assert len(page.content) < 4096
