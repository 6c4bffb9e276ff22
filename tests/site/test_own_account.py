"""What changes an account for good, by its owner and by others."""

from __future__ import annotations

import pytest
import redis

from tests.servers import Endpoints
from tests.site.browsers import PASSWORD, Browser, Visit, code_sent_to
from tests.studio.conftest import Town

NEW = "another sentence to remember 8"
FORMS = {
    "/account/password": {"current": PASSWORD, "password": NEW},
    "/account/email": {"current": PASSWORD, "new_email": "mallory@example.com"},
    "/account/email/confirm": {"new_email": "mallory@example.com", "code": "123456"},
    "/account/delete": {"password": PASSWORD, "word": "DELETE"},
}


@pytest.fixture(autouse=True)
def counted_anew(site_endpoints: Endpoints) -> None:
    """All browsers of a test run come from one address, which may sign up thirty times an hour."""
    with redis.Redis.from_url(site_endpoints.redis_url) as client:
        client.flushall()


@pytest.fixture
def ann(visit: Visit) -> Browser:
    return visit().signed_up()


def beside(visit: Visit, ann: Browser) -> Browser:
    """Another browser of hers."""
    other = visit().grown_up()
    assert signs_in(other, ann.email, PASSWORD)
    return other


def signs_in(browser: Browser, email: str, password: str) -> bool:
    return browser.post("/auth/sign-in", email=email, password=password).status_code == 303


def thief_with(visit: Visit, cookie: str) -> Browser:
    thief = visit().grown_up()
    thief.client.cookies.set("ov_session", cookie)
    return thief


@pytest.mark.parametrize("path", [*FORMS, "/account/export"])
def test_visitors_are_sent_to_sign_in(visit: Visit, path: str) -> None:
    browser = visit().grown_up()
    assert browser.get(path).headers["location"].startswith("/auth/sign-in")
    assert browser.post(path, **FORMS.get(path, {})).status_code in (401, 405)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=str,
)
def test_other_sites_can_not_send_these_forms(
    ann: Browser, path: str, headers: dict[str, str]
) -> None:
    assert ann.client.post(path, data=FORMS[path], headers=headers).status_code == 403
    assert ann.get("/app/account").status_code == 200


@pytest.mark.parametrize("path", ["/account/password", "/account/email", "/account/delete"])
def test_no_form_changes_anything_without_the_password(ann: Browser, path: str) -> None:
    for password in ("", "a wrong password 1", "\x00"):
        sent = {
            name: password if value == PASSWORD else value for name, value in FORMS[path].items()
        }
        answer = ann.post(path, **sent)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert NEW not in answer.text
    ann.post("/auth/sign-out")
    assert signs_in(ann, ann.email, PASSWORD)


def test_a_new_password_ends_every_other_session_and_every_old_cookie(
    visit: Visit, ann: Browser
) -> None:
    other, old = beside(visit, ann), ann.session
    assert ann.post("/account/password", current=PASSWORD, password="short").status_code == 400
    answer = ann.post("/account/password", current=PASSWORD, password=NEW)
    assert answer.headers["location"] == "/app/account?said=password"
    assert ann.get("/app/account").status_code == 200
    assert ann.session != old
    assert other.get("/app/account").status_code == 303
    assert thief_with(visit, old).client.get("/account/export").status_code == 401
    assert not signs_in(visit().grown_up(), ann.email, PASSWORD)
    assert signs_in(visit().grown_up(), ann.email, NEW)


def test_a_recovered_password_ends_what_somebody_else_had_opened(
    visit: Visit, ann: Browser, town: Town
) -> None:
    thief = beside(visit, ann)
    browser = visit().grown_up()
    browser.post("/auth/recover", email=ann.email)
    code = code_sent_to(town, ann.email)
    done = browser.post("/auth/new-password", email=ann.email, code=code, password=NEW)
    assert done.status_code == 303
    for old in (thief, ann):
        assert old.get("/app/account").status_code == 303
    assert browser.get("/app/account").status_code == 200


def test_an_address_changes_by_a_code_sent_to_the_new_one(
    visit: Visit, ann: Browser, town: Town
) -> None:
    new = f"new-{ann.email}"
    answer = ann.post("/account/email", current=PASSWORD, new_email=new)
    assert new in answer.text
    assert town.studio.administration.user_by_email(ann.email).email == ann.email
    assert ann.post("/account/email/confirm", new_email=new, code="000000").status_code == 400
    done = ann.post("/account/email/confirm", new_email=new, code=code_sent_to(town, new))
    assert done.headers["location"] == "/app/account?said=email", done.text
    assert town.studio.administration.user_by_email(new).email == new
    assert new in ann.get("/account/email").text
    assert signs_in(visit().grown_up(), new, PASSWORD)
    assert not signs_in(visit().grown_up(), ann.email, PASSWORD)


def test_nobody_learns_whether_an_address_has_an_account(visit: Visit, ann: Browser) -> None:
    taken, free = visit().signed_up().email, f"free-{ann.email}"
    texts = {
        ann.post("/account/email", current=PASSWORD, new_email=email).text.replace(email, "X")
        for email in (taken, free)
    }
    assert len(texts) == 1


def test_what_was_typed_is_shown_as_text(ann: Browser) -> None:
    evil = '"><script>alert(1)</script>{{7*7}}@x.example'
    for path in ("/account/email", "/account/email/confirm"):
        answer = ann.post(path, current=PASSWORD, new_email=evil, code="1")
        assert "<script>" not in answer.text
        assert "49@x" not in answer.text


def test_an_export_is_a_file_of_ones_own_things_only(visit: Visit, ann: Browser) -> None:
    other = visit().signed_up()
    answer = ann.get("/account/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="ourvidz-my-data.json"'
    assert answer.headers["cache-control"] == "no-store"
    kept = answer.json()
    assert kept["account"]["email"] == ann.email
    assert [line["note"] for line in kept["ledger"]] == ["welcome"]
    assert other.email not in answer.text
    for _ in range(3):
        last = ann.get("/account/export")
    assert last.status_code == 400
    assert "Try again in" in last.text


def test_a_deleted_account_is_gone_with_all_its_cookies(
    visit: Visit, ann: Browser, town: Town
) -> None:
    other, old = beside(visit, ann), ann.session
    answer = ann.post("/account/delete", password=PASSWORD, word="yes")
    assert answer.status_code == 400
    assert "Nothing was deleted" in answer.text
    done = ann.post("/account/delete", password=PASSWORD, word=" delete ")
    assert done.headers["location"] == "/auth/goodbye"
    assert not ann.session
    assert "gone" in ann.get("/auth/goodbye").text
    assert town.count("users", email=ann.email) == 0
    for browser in (other, thief_with(visit, old)):
        assert browser.get("/app/account").status_code == 303
        assert browser.post("/account/delete", password=PASSWORD, word="DELETE").status_code == 401
    assert not signs_in(visit().grown_up(), ann.email, PASSWORD)


def test_a_signed_out_cookie_changes_nothing(visit: Visit, ann: Browser) -> None:
    old = ann.session
    ann.post("/auth/sign-out")
    for path, sent in FORMS.items():
        assert thief_with(visit, old).post(path, **sent).status_code == 401
    assert signs_in(ann, ann.email, PASSWORD)


def test_the_forms_need_no_script_and_load_nothing_from_elsewhere(ann: Browser) -> None:
    for path in FORMS:
        page = ann.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert "http" not in page.text
