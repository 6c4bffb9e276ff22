"""The contract of `ports.Auth`, through the real client: embedded, and hosted where configured."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed
from tests.backends.gotrue.sites import (
    OTHER_PASSWORD,
    PASSWORD,
    Site,
    joined,
    somebody,
    somewhere,
)

pytestmark = pytest.mark.anyio


async def test_signing_up_signs_in(site: Site) -> None:
    email, tokens = await joined(site)
    identity = site.auth.verify(tokens.access_token)
    assert identity == tokens.identity == await site.auth.verify_live(tokens.access_token)
    assert (identity.email, identity.claims["role"]) == (email, "authenticated")
    assert timedelta(0) < tokens.expires_at - datetime.now(UTC) <= timedelta(days=1)


async def test_an_address_is_the_same_in_capitals_and_with_spaces(site: Site) -> None:
    email, tokens = await joined(site)
    again = await site.auth.sign_in(f" {email.upper()} ", PASSWORD)
    assert again.identity.user_id == tokens.identity.user_id
    assert again.identity.session_id != tokens.identity.session_id


async def test_an_unknown_address_and_a_wrong_password_get_one_answer(site: Site) -> None:
    email, _ = await joined(site)
    with pytest.raises(NotAllowed) as wrong:
        await site.auth.sign_in(email, OTHER_PASSWORD)
    with pytest.raises(NotAllowed) as unknown:
        await site.auth.sign_in(somebody(site), OTHER_PASSWORD)
    assert str(wrong.value) == str(unknown.value)
    assert "E-mail or password" in str(wrong.value)


@pytest.mark.parametrize("password", ["", "nul\0inside", "half \ud800 pair", "x" * 100_000])
async def test_no_password_at_all_breaks_signing_in(site: Site, password: str) -> None:
    email, _ = await joined(site)
    with pytest.raises(NotAllowed, match="E-mail or password"):
        await site.auth.sign_in(email, password)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b", "a b@example.org", "a@example.org\r\nBcc: x@example.org",
     "nul\0@example.org", "a@@example.org", "a@exa\ud800mple.org", f"{'a' * 300}@example.org"],
)  # fmt: skip
async def test_what_is_no_address_is_told(site: Site, address: str) -> None:
    for attempt in (
        site.auth.sign_up(address, PASSWORD),
        site.auth.sign_in(address, PASSWORD),
        site.auth.send_recovery(address),
        site.auth.recover(address, "123456", PASSWORD),
    ):
        with pytest.raises(InvalidRequest, match="email: is not an e-mail address"):
            await attempt


@pytest.mark.parametrize(
    ("password", "rule"),
    [("short", "at least 8"), ("aaaaaaaaaa", "different characters"), ("é" * 40, "at most 72")],
)
async def test_a_weak_password_is_refused_by_its_rule(site: Site, password: str, rule: str) -> None:
    email, tokens = await joined(site)
    for attempt in (
        site.auth.sign_up(somebody(site), password),
        site.auth.change_password(tokens, password),
        site.auth.recover(email, "12345678", password),
    ):
        with pytest.raises(InvalidRequest, match=f"password: .*{rule}"):
            await attempt


async def test_an_address_opens_one_account(site: Site) -> None:
    email, _ = await joined(site)
    with pytest.raises(NotAllowed, match="can not be used for a new account"):
        await site.auth.sign_up(email, OTHER_PASSWORD)
    await site.auth.sign_in(email, PASSWORD)


async def test_refreshing_rotates_within_the_session(site: Site) -> None:
    _, first = await joined(site)
    second = await site.auth.refresh(first.refresh_token)
    third = await site.auth.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.identity.session_id == first.identity.session_id
    await site.auth.verify_live(third.access_token)


async def test_ten_refreshes_at_once_are_one_rotation(site: Site) -> None:
    _, tokens = await joined(site)
    got = await asyncio.gather(*(site.auth.refresh(tokens.refresh_token) for _ in range(10)))
    assert len({one.refresh_token for one in got}) == 1
    await site.auth.refresh(got[0].refresh_token)


async def test_a_refresh_token_that_comes_back_later_ends_its_family(site: Site) -> None:
    email, stolen = await joined(site)
    other_device = await site.auth.sign_in(email, PASSWORD)
    latest = await site.auth.refresh(stolen.refresh_token)
    latest = await site.auth.refresh(latest.refresh_token)
    await site.let_reuse_run_out()
    for token in (stolen.refresh_token, latest.refresh_token):
        with pytest.raises(NotAllowed, match="sign in again"):
            await site.auth.refresh(token)
    await site.auth.refresh(other_device.refresh_token)


@pytest.mark.parametrize("token", ["", "made-up", "nul\0inside", "\ud800", "é", "x" * 100_000])
async def test_what_was_never_a_refresh_token_is_refused(site: Site, token: str) -> None:
    with pytest.raises((NotAllowed, InvalidRequest)):
        await site.auth.refresh(token)


async def test_signing_out_ends_this_session_only(site: Site) -> None:
    email, here = await joined(site)
    there = await site.auth.sign_in(email, PASSWORD)
    await site.auth.sign_out(here.access_token)
    site.auth.verify(here.access_token)  # by its signature alone it is good until it expires
    with pytest.raises(NotAllowed, match="sign in again"):
        await site.auth.verify_live(here.access_token)
    with pytest.raises(NotAllowed, match="sign in again"):
        await site.auth.refresh(here.refresh_token)
    await site.auth.verify_live(there.access_token)
    await site.auth.sign_out(here.access_token)  # twice is no error


async def test_signing_out_everywhere_ends_all(site: Site) -> None:
    email, here = await joined(site)
    there = await site.auth.sign_in(email, PASSWORD)
    await site.auth.sign_out(here.access_token, everywhere=True)
    for tokens in (here, there):
        with pytest.raises(NotAllowed):
            await site.auth.verify_live(tokens.access_token)
        with pytest.raises(NotAllowed):
            await site.auth.refresh(tokens.refresh_token)
    with pytest.raises(NotAllowed):  # can not be promised without a session
        await site.auth.sign_out(here.access_token, everywhere=True)


async def test_changing_the_password_ends_the_other_sessions(site: Site) -> None:
    email, here = await joined(site)
    there = await site.auth.sign_in(email, PASSWORD)
    with pytest.raises(InvalidRequest, match="present one"):
        await site.auth.change_password(here, PASSWORD)
    await site.auth.change_password(here, OTHER_PASSWORD)
    await site.auth.verify_live(here.access_token)
    with pytest.raises(NotAllowed):
        await site.auth.refresh(there.refresh_token)
    await site.auth.sign_in(email, OTHER_PASSWORD)


async def test_nobody_tries_one_address_for_ever(site: Site) -> None:
    email, _ = await joined(site)
    for address in (email, somebody(site)):
        for _ in range(20):
            with pytest.raises(NotAllowed, match="E-mail or password"):
                await site.auth.sign_in(address, "")
        with pytest.raises(NotAllowed, match=r"Wait \d+ (minutes|seconds)"):
            await site.auth.sign_in(address, PASSWORD)


async def test_nobody_tries_all_addresses_from_one_place(site: Site) -> None:
    ip = somewhere()
    for _ in range(100):
        with pytest.raises(NotAllowed, match="E-mail or password"):
            await site.auth.sign_in(somebody(site), "", ip=ip)
    with pytest.raises(NotAllowed, match="Too many attempts"):
        await site.auth.sign_in(somebody(site), PASSWORD, ip=ip)


async def test_a_deleted_person_is_gone(site: Site) -> None:
    email, tokens = await joined(site)
    await site.auth.delete_user(tokens.identity.user_id)
    await site.auth.delete_user(tokens.identity.user_id)  # twice is no error
    with pytest.raises(NotAllowed, match="sign in again"):
        await site.auth.verify_live(tokens.access_token)
    with pytest.raises(NotAllowed, match="E-mail or password"):
        await site.auth.sign_in(email, PASSWORD)
