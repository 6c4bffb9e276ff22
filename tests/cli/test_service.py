"""`ourvidz user`, `serve`, `worker` and `doctor` on an embedded stack."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ourvidz.backends.embedded.stack import EmbeddedStack
from ourvidz.bootstrap import Wiring
from ourvidz.cli.findings import Check, Finding, examine
from ourvidz.cli.service import offered_models
from ourvidz.domain.errors import NotAllowed
from ourvidz.settings import Settings, environment_of_children
from ourvidz.studio import account
from tests.cli.conftest import Run
from tests.servers import short_folder
from tests.test_bootstrap import HOSTED, SECRET

PASSWORD = "a long enough password 7"


@pytest.fixture(scope="module")
def settings(home: Path) -> Iterator[Settings]:
    """Of a home with running servers and tiny models."""
    with short_folder() as folder:
        folder.chmod(0o711)
        settings = Settings(home=folder / "home", device="cpu")
        stack = EmbeddedStack(settings.data_dir, fast=True)
        stack.start()
        settings.models_dir.symlink_to(home / "models")
        try:
            yield settings
        finally:
            stack.stop()


@pytest.fixture
def up(settings: Settings, ourvidz: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `ourvidz ...` in that home."""
    monkeypatch.setenv("OURVIDZ_HOME", str(settings.home))
    return ourvidz


@pytest.fixture
def email(up: Run, tmp_path: Path) -> str:
    """Of someone who has an account."""
    email = f"{uuid4()}@example.com"
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    done = up("user", "add", email, "--password-file", str(tmp_path / "password"))
    assert done.status == 0, done.stderr
    return email


def test_an_added_account_can_sign_in_at_once(settings: Settings, email: str) -> None:
    with closing(Wiring(settings)) as wiring:
        tokens = asyncio.run(wiring.auth.sign_in(email, PASSWORD))
        assert tokens.identity.email == email
        with pytest.raises(NotAllowed):
            asyncio.run(wiring.auth.sign_in(email, "another password 8"))


def test_a_password_can_be_piped(up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    done = up("user", "add", f"{uuid4()}@example.com", "--password-file", "-", "--json")
    shown = json.loads(done.stdout)
    assert (shown["role"], shown["tier"], shown["credits"]) == ("user", "free", 0)
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["user", "add", "a@example.com"], "--password-file, - for stdin"),
        (["user", "add", "a@example.com", "--password", PASSWORD], "usage: "),
        (["user", "add", "a@example.com", "--password-file", "nothing"], "can not be read"),
        (["user", "add", "a@example.com", "--password-file", "weak"], "password: "),
        (["user", "add", "nonsense", "--password-file", "good"], "email: "),
        (["user", "grant", "nobody@example.com", "5"], "user add nobody@example.com"),
        (["user", "role", "nobody@example.com", "admin"], "user add nobody@example.com"),
        (["user", "role", "nobody@example.com", "king"], "usage: "),
        (["serve", "--port", "99999"], "OURVIDZ_PORT: "),
        (["worker", "--kinds", "magic"], "OURVIDZ_WORKER_KINDS"),
        (["worker", "--models", "sora"], "choose one of starter"),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_what_can_not_be_done_says_what_to_do(
    up: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "weak").write_text("123\n")
    (tmp_path / "good").write_text(f"{PASSWORD}\n")
    done = up(*words)
    assert done.status == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_credits_are_given_and_taken_back_with_a_note(up: Run, email: str) -> None:
    given = up("user", "grant", email, "7", "--note", "for [testing]", "--json")
    assert json.loads(given.stdout)["credits"] == 7, given.stderr
    assert "credits  4" in up("user", "grant", email, "-3").stdout
    too_much = up("user", "grant", email, "-5")
    assert too_much.status == 3
    for _ in range(2):
        assert "credits  5" in up("user", "grant", email, "1", "--key", f"gift {email}").stdout


def test_a_role_is_given(settings: Settings, up: Run, email: str) -> None:
    assert "role     admin" in up("user", "role", email, "admin").stdout
    with closing(Wiring(settings)) as wiring:
        assert wiring.administration.user_by_email(email).role == "admin"
        me = asyncio.run(wiring.auth.sign_in(email, PASSWORD)).identity
        assert account.account(me, wiring.studio).role == "admin"


def test_a_taken_port_is_named(settings: Settings) -> None:
    # In a process of its own: the pages' library leaves event loops behind where it is imported.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "ourvidz.cli", "serve", "--port", port],
            env=environment_of_children(settings.home),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 7
    assert f"port {port}: can not be opened" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("verb", "missing"), [("worker", "WORKER_DATABASE_URL"), ("serve", "DATABASE_URL")]
)
def test_a_hosted_process_names_what_it_lacks(
    up: Run, monkeypatch: pytest.MonkeyPatch, verb: str, missing: str
) -> None:
    monkeypatch.setenv("OURVIDZ_REDIS_URL", "redis://127.0.0.1:1")
    done = up(verb)
    assert done.status == 2
    assert f"OURVIDZ_{missing}: is not set; set it to " in done.stderr


def test_a_worker_offers_what_was_named_or_what_runs_here(
    in_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered_models(Settings(worker_models=("wan2.1-14b",))) == ("wan2.1-14b",)
    assert offered_models(Settings(device="cpu")) == ("starter",)
    (tmp_path / "nvidia-smi").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "starter" in offered_models(Settings(device=None))


def found(up: Run) -> tuple[int, dict[str, dict[str, Any]]]:
    done = up("doctor", "--json")
    return done.status, {one["what"]: one for one in json.loads(done.stdout)["findings"]}


def test_the_doctor_finds_a_healthy_stack_healthy_and_shows_no_secret(
    settings: Settings, up: Run
) -> None:
    status, findings = found(up)
    assert {one["state"] for one in findings.values()} <= {"ok", "warn"}, findings
    assert status == 0
    assert {"database", "worker login", "row-level security", "migrations", "clock", "redis",
            "storage", "sign-in", "e-mail", "disk", "gpu", "policy"} <= findings.keys()  # fmt: skip
    assert findings["weights of starter"]["says"] == "complete"
    shown = up("doctor").stdout
    secrets = re.findall(r"[0-9A-Za-z_-]{16,}", (settings.data_dir / "stack.json").read_text())
    assert len(secrets) > 4
    assert not [secret for secret in secrets if secret in shown]


def test_the_doctor_sees_what_is_open_and_what_is_missing(settings: Settings, up: Run) -> None:
    owner = EmbeddedStack(settings.data_dir).endpoints().owner_database_url
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("alter table public.projects disable row level security")
        connection.execute(
            "update supabase_migrations.schema_migrations set version = '9' || version"
            " where version = (select max(version) from supabase_migrations.schema_migrations)"
        )
        half = settings.models_dir / "ourvidz.starter" / "weights" / "vae" / "config.json"
        kept = half.read_bytes() if half.exists() else None
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_text("{")
        try:
            status, findings = found(up)
        finally:
            half.write_bytes(kept) if kept else shutil.rmtree(half.parent)
            connection.execute("alter table public.projects enable row level security")
            connection.execute(
                "update supabase_migrations.schema_migrations set version = substr(version, 2)"
                " where version like '9%'"
            )
    assert status == 1
    assert findings["row-level security"]["says"] == "is off for projects"
    assert "alter table public.NAME enable" in findings["row-level security"]["advice"]
    assert findings["migrations"]["advice"] == "run `ourvidz migrate`"
    assert findings["weights of starter"]["state"] == "fail"
    assert "models verify starter" in findings["weights of starter"]["advice"]


def test_the_doctor_says_how_to_start_what_does_not_run(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path / "nowhere"))
    status, findings = found(ourvidz)
    assert status == 1
    for what in ("database", "worker login", "migrations", "redis", "sign-in"):
        assert (findings[what]["state"], findings[what]["advice"]) == ("fail", "run `ourvidz up`")
    assert findings["policy"]["state"] == "ok"


def test_the_doctor_tells_a_hosted_machine_what_it_lacks(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_SUPABASE_URL", "https://ref.supabase.co")
    status, findings = found(ourvidz)
    assert status == 1
    assert list(findings) == ["settings"]
    assert "OURVIDZ_DATABASE_URL" in findings["settings"]["says"]


def test_the_doctor_names_the_setting_of_every_hosted_server_that_is_away(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path))
    for name, value in HOSTED.items():
        monkeypatch.setenv(f"OURVIDZ_{name.upper()}", value)
    done = ourvidz("doctor")
    assert done.status == 1
    assert SECRET not in done.stdout + done.stderr
    for name in ("DATABASE_URL", "WORKER_DATABASE_URL", "REDIS_URL", "SUPABASE_URL"):
        assert f"correct OURVIDZ_{name}" in done.stdout


def test_the_doctor_tells_a_worker_whether_its_app_lets_it_in(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path))
    for name in ("worker_database_url", "redis_url", "public_url", "worker_token"):
        monkeypatch.setenv(f"OURVIDZ_{name.upper()}", HOSTED[name])
    app = found(ourvidz)[1]["app"]
    assert app["state"] == "fail" and HOSTED["public_url"] in app["says"]
    assert app["advice"] == "start it, or correct its address"


def test_the_doctor_asks_for_the_address_of_a_proxy_elsewhere(
    up: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(up)[1]["proxy"]["state"] == "ok"
    monkeypatch.setenv("OURVIDZ_HOST", "0.0.0.0")
    proxy = found(up)[1]["proxy"]
    assert proxy["state"] == "warn" and "FORWARDED_ALLOW_IPS" in proxy["advice"]
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.0/8")
    assert found(up)[1]["proxy"]["says"] == "10.0.0.0/8 may say who asks"


def test_a_check_that_hangs_or_breaks_holds_up_nobody(settings: Settings) -> None:
    never = threading.Event()

    def hangs(wiring: Wiring) -> Iterator[Finding]:
        never.wait()
        yield Finding("never", "ok", "seen")

    def breaks(wiring: Wiring) -> Iterator[Finding]:
        yield Finding("first", "ok", "seen")
        raise KeyError("a bug")

    checks = [Check("hangs", hangs, 0.1), Check("breaks", breaks)]
    with closing(Wiring(settings)) as wiring:
        findings = examine(wiring, checks)
    never.set()
    assert [(one.what, one.state) for one in findings] == [
        ("hangs", "fail"), ("first", "ok"), ("breaks", "fail"),
    ]  # fmt: skip
    assert "did not answer within" in findings[0].says
