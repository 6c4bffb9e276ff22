"""The embedded sign-in service: what only its own tables can show."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ourvidz.backends.embedded.auth import embedded_auth
from ourvidz.backends.embedded.mailbox import FileMailbox
from ourvidz.backends.embedded.passwords import Passwords
from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.backends.postgres.auth_store import AuthStore
from ourvidz.domain.errors import NotAllowed, Unavailable
from tests.backends.gotrue.sites import (
    OTHER_PASSWORD,
    PASSWORD,
    EmbeddedSite,
    code_in,
    embedded_site,
    joined,
    letter,
    letters,
    somebody,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def allow(what: str, who: str, *, limit: int, per_s: int) -> float:
    return 0.0


@pytest.fixture
async def site(module_endpoints: Endpoints, tmp_path: Path) -> AsyncIterator[EmbeddedSite]:
    async with embedded_site(module_endpoints.auth_database_url, tmp_path, allow) as one:
        yield one


async def test_codes_work_ten_minutes(site: EmbeddedSite) -> None:
    email, _ = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    site.execute(
        "update auth.one_time_tokens set expires_at = expires_at - interval '601 s'"
        f" where relates_to = '{email}'"
    )
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.recover(email, code, OTHER_PASSWORD)


async def test_five_wrong_tries_kill_a_code(site: EmbeddedSite) -> None:
    email, _ = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    wrong = str((int(code) + 1) % 10**8).zfill(8)
    for _ in range(5):
        with pytest.raises(NotAllowed, match="code is wrong"):
            await site.auth.recover(email, wrong, OTHER_PASSWORD)
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.recover(email, code, OTHER_PASSWORD)


async def test_a_new_code_replaces_the_one_before(site: EmbeddedSite) -> None:
    email, _ = await joined(site)
    await site.auth.send_recovery(email)
    first = code_in(await letter(site.outbox, email))
    await site.auth.send_recovery(email)
    second = code_in(await letter(site.outbox, email, number=2))
    assert first.isdigit() and len(first) == len(second) == 8
    with pytest.raises(NotAllowed):
        await site.auth.recover(email, first, OTHER_PASSWORD)
    await site.auth.recover(email, second, OTHER_PASSWORD)


async def test_a_recovery_code_is_no_code_for_another_purpose(site: EmbeddedSite) -> None:
    email, tokens = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.confirm_email_change(tokens, email, code)


async def test_nobody_else_gets_a_letter(site: EmbeddedSite) -> None:
    email, _ = await joined(site)
    taken, tokens = await joined(site)
    await site.auth.send_recovery(unknown := somebody(site))
    await site.auth.send_email_change(tokens, email)
    await site.auth.send_recovery(taken)
    await letter(site.outbox, taken)  # letters go one after the other: this one was the last
    assert letters(site.outbox, unknown) == letters(site.outbox, email) == []


async def test_somebody_elses_code_signs_nobody_in_and_changes_nothing(site: EmbeddedSite) -> None:
    old, hers = await joined(site)
    _, his = await joined(site)
    new = somebody(site)
    await site.auth.send_email_change(hers, new)
    code = await site.change_code("", new)
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.confirm_email_change(his, new, code)
    await site.auth.sign_in(old, PASSWORD)
    changed = await site.auth.confirm_email_change(hers, new, code)
    assert changed.identity.email == new


async def test_suspended_people_stay_outside(site: EmbeddedSite) -> None:
    email, tokens = await joined(site)
    site.execute(
        f"update auth.users set banned_until = now() + interval '1 day' where email = '{email}'"
    )
    for attempt in (
        site.auth.sign_in(email, PASSWORD),
        site.auth.refresh(tokens.refresh_token),
        site.auth.verify_live(tokens.access_token),
    ):
        with pytest.raises(NotAllowed, match="suspended"):
            await attempt
    with pytest.raises(NotAllowed, match="E-mail or password"):  # learns nothing
        await site.auth.sign_in(email, OTHER_PASSWORD)
    site.execute(f"update auth.users set banned_until = null where email = '{email}'")
    await site.auth.refresh(tokens.refresh_token)


async def test_a_session_nobody_uses_ends_by_itself(site: EmbeddedSite) -> None:
    email, tokens = await joined(site)
    session = tokens.identity.session_id
    site.execute(f"update auth.sessions set not_after = now() where id = '{session}'")
    with pytest.raises(NotAllowed, match="sign in again"):
        await site.auth.refresh(tokens.refresh_token)
    with pytest.raises(NotAllowed, match="sign in again"):
        await site.auth.verify_live(tokens.access_token)
    await site.auth.sign_in(email, PASSWORD)
    with pytest.raises(NotAllowed):
        await site.auth.verify_live(tokens.access_token)


async def test_tokens_outlive_a_restart(
    site: EmbeddedSite, module_endpoints: Endpoints, tmp_path: Path
) -> None:
    email, tokens = await joined(site)
    async with embedded_site(module_endpoints.auth_database_url, tmp_path, allow) as again:
        assert (await again.auth.verify_live(tokens.access_token)).email == email
        await again.auth.refresh(tokens.refresh_token)


async def test_password_and_address_changes_need_time_left(site: EmbeddedSite) -> None:
    _, tokens = await joined(site)
    keys = SigningKeys(site.outbox.parent / "secrets" / "signing_keys.json")
    soon = datetime.now(UTC) + timedelta(seconds=9)
    claims = {**tokens.identity.claims, "exp": int(soon.timestamp())}
    last = type(tokens)(
        access_token=keys.sign(claims), refresh_token=tokens.refresh_token, expires_at=soon,
        identity=tokens.identity,
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="about to end"):
        await site.auth.change_password(last, OTHER_PASSWORD)
    await site.auth.refresh(tokens.refresh_token)  # it was not used up behind our back


async def test_nothing_that_opens_a_session_is_in_the_database(
    site: EmbeddedSite, module_endpoints: Endpoints
) -> None:
    email, tokens = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    store = AuthStore(module_endpoints.auth_database_url)
    kept = ""
    with store._database.plain() as connection:  # pyright: ignore[reportPrivateUsage]
        for table in ("users", "sessions", "refresh_tokens", "one_time_tokens"):
            rows = connection.execute(f"select t::text from auth.{table} t".encode()).fetchall()
            kept += str(rows)
    store.close()
    assert email in kept and "$argon2id$v=19$m=19456,t=2,p=1$" in kept
    for secret in (tokens.refresh_token, tokens.access_token, code, PASSWORD):
        assert secret not in kept


async def test_a_database_that_is_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.backends.postgres.connection.WAIT_S", 0.1)
    nowhere = f"postgresql://ourvidz_auth:x@/postgres?host={tmp_path}"
    outbox = FileMailbox(tmp_path / "outbox")
    auth = embedded_auth(nowhere, tmp_path, outbox, allow)
    with pytest.raises(Unavailable, match="sign-in: the service does not answer now"):
        await auth.refresh("anything")
    await auth.aclose()


async def test_a_letter_that_can_not_be_sent_is_logged_without_its_address(
    module_endpoints: Endpoints, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outbox").write_text("in the way")
    async with embedded_site(module_endpoints.auth_database_url, tmp_path, allow) as site:
        email, _ = await joined(site)
        with caplog.at_level(logging.ERROR):
            await site.auth.send_recovery(email)  # says nothing: it would tell who is known
    assert "outbox can not be written" in caplog.text
    assert email not in caplog.text


def test_an_unknown_address_costs_a_hash_too() -> None:
    passwords = Passwords()
    assert not passwords.fits(None, PASSWORD)
    kept = passwords.hash(PASSWORD)
    assert passwords.fits(kept, PASSWORD)
    assert not passwords.fits(kept, PASSWORD + "!")
    assert not passwords.fits("no hash", PASSWORD)


def test_an_id_that_is_none_deletes_nobody(module_endpoints: Endpoints) -> None:
    store = AuthStore(module_endpoints.auth_database_url)
    assert store.delete_user(UUID(int=0)) is False
    store.close()
