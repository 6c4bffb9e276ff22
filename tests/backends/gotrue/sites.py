"""Places to sign in: the embedded twin, and a hosted project where one is configured.

Hosted: set OURVIDZ_TEST_SUPABASE_URL, OURVIDZ_TEST_SUPABASE_ANON_KEY,
OURVIDZ_TEST_SUPABASE_SERVICE_KEY, OURVIDZ_TEST_EMAIL_DOMAIN (addresses there are made up, nothing
need receive them) and, for a project that signs with HS256, OURVIDZ_TEST_SUPABASE_JWT_SECRET. The
project must confirm addresses at once.
"""

from __future__ import annotations

import asyncio
import email.policy
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import Protocol

import httpx
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from supabase_auth import AsyncGoTrueAdminAPI

from ourvidz.backends.embedded.auth import embedded_auth
from ourvidz.backends.embedded.mailbox import FileMailbox
from ourvidz.backends.gotrue import Allow
from ourvidz.backends.hosted.auth import hosted_auth
from ourvidz.backends.postgres.connection import Database
from ourvidz.ports import Auth, Tokens

PASSWORD = "correct horse 7 battery"
OTHER_PASSWORD = "another 9 staple"


class HostedProject(BaseSettings):
    """The project to test against; all None where there is none."""

    model_config = SettingsConfigDict(env_prefix="OURVIDZ_TEST_", frozen=True)

    supabase_url: str | None = None
    supabase_anon_key: SecretStr | None = None
    supabase_service_key: SecretStr | None = None
    supabase_jwt_secret: SecretStr | None = None
    email_domain: str | None = None

    @property
    def configured(self) -> bool:
        given = (self.supabase_url, self.supabase_anon_key, self.supabase_service_key)
        return all(given) and self.email_domain is not None


class Site(Protocol):
    """Somewhere to sign in, and what a test must do behind its back."""

    auth: Auth
    domain: str

    async def recovery_code(self, to: str) -> str: ...
    async def change_code(self, old: str, to: str) -> str: ...
    async def let_reuse_run_out(self) -> None: ...


def somebody(site: Site) -> str:
    """An address that nobody has yet."""
    return f"person-{secrets.token_hex(6)}@{site.domain}"


def somewhere() -> str:
    """An address that nobody has tried from yet."""
    return f"test-{secrets.token_hex(6)}"


def letters(outbox: Path, to: str) -> list[str]:
    """The texts of all e-mails to this address, oldest first."""
    found: list[str] = []
    for path in sorted(outbox.glob("[!.]*.eml")):  # a letter that is being written has a dot
        message = BytesParser(policy=email.policy.default).parsebytes(path.read_bytes())
        body = message.get_body()
        if message["To"] == to and body is not None:
            found.append(body.get_content())
    return found


async def letter(outbox: Path, to: str, *, number: int = 1, within_s: float = 5.0) -> str:
    """The `number`th e-mail to this address; they are written after the answer is out."""
    deadline = time.monotonic() + within_s
    while len(found := letters(outbox, to)) < number:
        assert time.monotonic() < deadline, f"no e-mail to {to} in {within_s} s"
        await asyncio.sleep(0.01)
    return found[number - 1]


async def joined(site: Site) -> tuple[str, Tokens]:
    """A new person, signed in."""
    email = somebody(site)
    return email, await site.auth.sign_up(email, PASSWORD)


def code_in(text: str) -> str:
    found = re.search(r"^ +(\d{6,10})\s*$", text, re.MULTILINE)
    assert found, text
    return found[1]


@dataclass
class EmbeddedSite:
    """In this process, on the embedded server."""

    auth: Auth
    outbox: Path
    database_url: str
    domain: str = "example.org"

    async def recovery_code(self, to: str) -> str:
        return code_in(await letter(self.outbox, to))

    async def change_code(self, old: str, to: str) -> str:
        return code_in(await letter(self.outbox, to))

    async def let_reuse_run_out(self) -> None:
        self.execute("update auth.refresh_tokens set updated_at = updated_at - interval '11 s'")

    def execute(self, statement: str) -> None:
        with closing(Database(self.database_url)) as database, database.plain() as connection:
            connection.execute(statement.encode())


@dataclass
class HostedSite:
    """A project somewhere. Codes are asked of its admin API: no letter is read."""

    auth: Auth
    admin: AsyncGoTrueAdminAPI
    domain: str

    async def recovery_code(self, to: str) -> str:
        made = await self.admin.generate_link({"type": "recovery", "email": to})
        return made.properties.email_otp

    async def change_code(self, old: str, to: str) -> str:
        made = await self.admin.generate_link(
            {"type": "email_change_new", "email": old, "new_email": to}
        )
        return made.properties.email_otp

    async def let_reuse_run_out(self) -> None:
        await asyncio.sleep(12)


@asynccontextmanager
async def embedded_site(
    database_url: str, folder: Path, allow: Allow
) -> AsyncIterator[EmbeddedSite]:
    outbox = folder / "outbox"
    auth = embedded_auth(database_url, folder / "secrets", FileMailbox(outbox), allow)
    try:
        yield EmbeddedSite(auth, outbox, database_url)
    finally:
        await auth.aclose()


@asynccontextmanager
async def hosted_site(project: HostedProject, allow: Allow) -> AsyncIterator[HostedSite]:
    assert project.supabase_url and project.supabase_anon_key and project.supabase_service_key
    assert project.email_domain
    key = project.supabase_service_key.get_secret_value()
    secret = project.supabase_jwt_secret
    auth = hosted_auth(
        project.supabase_url,
        allow,
        anon_key=project.supabase_anon_key.get_secret_value(),
        service_key=key,
        jwt_secret=secret.get_secret_value() if secret else None,
    )
    async with httpx.AsyncClient(timeout=20) as http:
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        url = f"{project.supabase_url}/auth/v1"
        admin = AsyncGoTrueAdminAPI(url=url, headers=headers, http_client=http)
        try:
            yield HostedSite(auth, admin, project.email_domain)
        finally:
            await auth.aclose()
