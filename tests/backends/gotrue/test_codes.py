"""The contract of `ports.Auth` where codes are sent: recovery, and a new address."""

from __future__ import annotations

import asyncio

import pytest

from ourvidz.domain.errors import NotAllowed
from ourvidz.ports import Tokens
from tests.backends.gotrue.sites import OTHER_PASSWORD, PASSWORD, Site, joined, somebody

pytestmark = pytest.mark.anyio


async def test_a_recovery_code_sets_a_password_once(site: Site) -> None:
    email, before = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    tokens = await site.auth.recover(email, f" {code[:3]} {code[3:]} ", OTHER_PASSWORD)
    assert tokens.identity.user_id == before.identity.user_id
    await site.auth.verify_live(tokens.access_token)
    await site.auth.sign_in(email, OTHER_PASSWORD)
    with pytest.raises(NotAllowed, match="E-mail or password"):
        await site.auth.sign_in(email, PASSWORD)
    with pytest.raises(NotAllowed, match="sign in again"):  # whoever was inside is out
        await site.auth.refresh(before.refresh_token)
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.recover(email, code, "yet 1 more password")


async def test_recovering_with_the_present_password_works(site: Site) -> None:
    email, before = await joined(site)
    await site.auth.send_recovery(email)
    await site.auth.recover(email, await site.recovery_code(email), PASSWORD)
    with pytest.raises(NotAllowed):
        await site.auth.refresh(before.refresh_token)
    await site.auth.sign_in(email, PASSWORD)


@pytest.mark.parametrize("code", ["", "letters", "12345", "0" * 30, "12\0345", "١٢٣٤٥٦", "000000"])
async def test_a_wrong_code_gets_the_answer_of_an_unknown_address(site: Site, code: str) -> None:
    email, _ = await joined(site)
    await site.auth.send_recovery(email)
    for address in (email, somebody(site)):
        with pytest.raises(NotAllowed, match="code is wrong or no longer valid"):
            await site.auth.recover(address, code, OTHER_PASSWORD)


async def test_asking_for_a_code_does_not_tell_who_is_known(site: Site) -> None:
    email, _ = await joined(site)
    for address in (email, somebody(site)):
        await site.auth.send_recovery(address)
        with pytest.raises(NotAllowed, match=r"Too many attempts. Wait \d+ seconds"):
            await site.auth.send_recovery(address)


async def test_an_address_changes_when_the_new_one_confirms(site: Site) -> None:
    old, tokens = await joined(site)
    new = somebody(site)
    await site.auth.send_email_change(tokens, new)
    code = await site.change_code(old, new)
    await site.auth.sign_in(old, PASSWORD)  # nothing has changed yet
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.confirm_email_change(tokens, new, "00000000")
    changed = await site.auth.confirm_email_change(tokens, new, code)
    assert (changed.identity.email, changed.identity.user_id) == (new, tokens.identity.user_id)
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.confirm_email_change(changed, new, code)
    await site.auth.sign_in(new, PASSWORD)
    with pytest.raises(NotAllowed, match="E-mail or password"):
        await site.auth.sign_in(old, PASSWORD)
    with pytest.raises(NotAllowed):
        await site.auth.verify_live(tokens.access_token)


async def test_the_address_of_somebody_else_stays_theirs_and_secret(site: Site) -> None:
    taken, _ = await joined(site)
    _, tokens = await joined(site)
    await site.auth.send_email_change(tokens, taken)  # says nothing
    with pytest.raises(NotAllowed, match="code is wrong"):
        await site.auth.confirm_email_change(tokens, taken, "12345678")


async def test_one_code_used_five_times_at_once_works_once(site: Site) -> None:
    email, _ = await joined(site)
    await site.auth.send_recovery(email)
    code = await site.recovery_code(email)
    tries = [site.auth.recover(email, code, OTHER_PASSWORD) for _ in range(5)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Tokens) for one in ended) == 1
    assert sum(isinstance(one, NotAllowed) for one in ended) == 4
