"""What can be wrong with an installation, and what to do about each of it."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import uuid4

from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.backends.postgres.health import OLDEST_VERSION, Health, health_of
from ourvidz.backends.postgres.migrate import standing
from ourvidz.bootstrap import Wiring
from ourvidz.cli.findings import Check, Finding, State, damage
from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import NotAllowed, PolicyRefused
from ourvidz.domain.media import BUCKETS
from ourvidz.settings import PREFIX, Entry, Settings

_GIB = 2**30
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
_PROBE_KEY = "videos-preview/doctor/probe.png"
#: Seconds by which two clocks may differ: tokens are taken 10 s early or late.
_SKEW_WARN_S, _SKEW_FAIL_S = 2.0, 10.0


def entry_of(settings: Settings) -> Entry:
    """What this machine is for: with the worker's login alone it is a worker."""
    is_worker = settings.worker_database_url is not None and settings.database_url is None
    return "worker" if is_worker else "app"


def checks_for(entry: Entry) -> list[Check]:
    """Everything that an app's machine, or a worker's, needs."""
    worker_login = Check("worker login", _worker_login, variable="WORKER_DATABASE_URL")
    redis = Check("redis", _redis, variable="REDIS_URL")
    here = [Check("disk", _disk), Check("models", _models, 120.0), Check("policy", _policy, 120.0)]
    if entry == "worker":
        return [worker_login, redis, Check("app", _app), *here]
    return [
        Check("database", _database, variable="DATABASE_URL"),
        worker_login,
        Check("migrations", _migrations, variable="ADMIN_DATABASE_URL"),
        redis,
        Check("storage", _storage, variable="SUPABASE_SERVICE_KEY"),
        Check("sign-in", _sign_in, variable="SUPABASE_URL"),
        Check("e-mail", _mail),
        Check("proxy", _proxy),
        *here,
    ]


def _database(wiring: Wiring) -> Iterator[Finding]:
    url = wiring.settings.database_url
    health = health_of(url.get_secret_value() if url else wiring.endpoints.database_url)
    yield from _login("database", health, "OURVIDZ_DATABASE_URL", "ourvidz_app")
    if health.version < OLDEST_VERSION:
        yield Finding(
            "database version", "fail", str(health.version), f"upgrade to {OLDEST_VERSION} or newer"
        )
    if health.tables == 0:
        yield Finding("tables", "fail", "there are none", "run `ourvidz migrate`")
    elif health.unprotected:
        names = ", ".join(health.unprotected)
        yield Finding(
            "row-level security", "fail", f"is off for {names}",
            "run `alter table public.NAME enable row level security` for each, as the owner",
        )  # fmt: skip
    else:
        yield Finding("row-level security", "ok", f"on for all {health.tables} tables")
    if health.missing_roles:
        yield Finding(
            "roles", "fail", f"{health.role} can not become {', '.join(health.missing_roles)}",
            "run `ourvidz migrate`",
        )  # fmt: skip
    yield _clock(health)


def _worker_login(wiring: Wiring) -> Iterator[Finding]:
    url = wiring.settings.worker_database_url
    if url is None and wiring.settings.hosted:
        yield Finding("worker login", "ok", "not used on this machine")
        return
    health = health_of(url.get_secret_value() if url else wiring.endpoints.worker_database_url)
    yield from _login("worker login", health, "OURVIDZ_WORKER_DATABASE_URL", "ourvidz_worker")
    if url is not None and wiring.settings.database_url is None:
        yield _clock(health)


def _login(what: str, health: Health, variable: str, role: str) -> Iterator[Finding]:
    says = f"Postgres {health.version}, signed in as {health.role}"
    if health.above_rules:
        yield Finding(
            what, "fail", f"{says}, whom row-level security does not bind",
            f"let {variable} sign in as {role}",
        )  # fmt: skip
    else:
        yield Finding(what, "ok", says)


def _clock(health: Health) -> Finding:
    skew_s = abs(health.skew_s)
    state: State = "ok" if skew_s < _SKEW_WARN_S else "warn"
    state = "fail" if skew_s > _SKEW_FAIL_S else state
    advice = "" if state == "ok" else "set this machine's clock, with NTP"
    return Finding("clock", state, f"{health.skew_s:+.1f} s from the database's", advice)


def _migrations(wiring: Wiring) -> Iterator[Finding]:
    settings = wiring.settings
    if settings.hosted and settings.admin_database_url is None:
        yield Finding(
            "migrations", "warn", "can not be seen by ourvidz_app",
            "set OURVIDZ_ADMIN_DATABASE_URL to the owner's address for this one command",
        )  # fmt: skip
        return
    owner = settings.admin_database_url
    found = standing(owner.get_secret_value() if owner else wiring.endpoints.owner_database_url)
    if found.pending:
        names = ", ".join(one.path.name for one in found.pending)
        yield Finding("migrations", "fail", f"missing: {names}", "run `ourvidz migrate`")
    elif found.unknown:
        yield Finding(
            "migrations", "fail", f"the database is newer ({', '.join(found.unknown)})",
            "update this program",
        )  # fmt: skip
    else:
        yield Finding("migrations", "ok", f"all {len(found.applied)} applied")


def _redis(wiring: Wiring) -> Iterator[Finding]:
    job_id = uuid4()
    wiring.live.publish(job_id, {"doctor": True})
    if wiring.live.watch(job_id) is None:
        yield Finding(
            "redis", "fail", "does not keep what it is told",
            f"start it, or correct {PREFIX}REDIS_URL (rediss:// for TLS); jobs go on without it",
        )  # fmt: skip
    else:
        yield Finding("redis", "ok", "answers")


def _app(wiring: Wiring) -> Iterator[Finding]:
    wiring.courier.knock()
    yield Finding("app", "ok", f"lets this worker in at {wiring.settings.app_url}")


def _storage(wiring: Wiring) -> Iterator[Finding]:
    media = wiring.media
    missing = media.missing_buckets() if isinstance(media, SupabaseMedia) else []
    if missing:
        yield Finding(
            "storage",
            "fail",
            f"has no {', '.join(missing)}",
            "start `ourvidz serve`: it makes them",
        )
        return
    with NamedTemporaryFile(suffix=".png") as file:
        file.write(_PNG)
        file.flush()
        media.put(_PROBE_KEY, Path(file.name), "image/png")
    media.delete([_PROBE_KEY])
    yield Finding("storage", "ok", f"{len(BUCKETS)} buckets, a file was written and deleted")


def _sign_in(wiring: Wiring) -> Iterator[Finding]:
    """A token of nobody: whether it can be refused shows that the public keys can be read."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "ES256", "kid": "doctor", "typ": "JWT"}, {"sub": "nobody"})
    )
    try:
        wiring.auth.verify(f"{head}.{body}.{'A' * 86}")
    except NotAllowed:
        yield Finding("sign-in", "ok", "its public keys can be read")


def _mail(wiring: Wiring) -> Iterator[Finding]:
    settings = wiring.settings
    if settings.hosted:
        yield Finding("e-mail", "ok", "sent by the Supabase project")
    elif settings.smtp_url is None:
        yield Finding(
            "e-mail", "warn", f"no server: codes are written to {settings.outbox_dir}",
            f"set {PREFIX}SMTP_URL when other people are to sign in",
        )  # fmt: skip
    else:
        yield Finding("e-mail", "ok", "by the server of OURVIDZ_SMTP_URL")


def _proxy(wiring: Wiring) -> Iterator[Finding]:
    """Sign-ins are limited by address; a proxy's own is believed to be everybody's."""
    settings = wiring.settings
    if settings.forwarded_allow_ips:
        says = f"{settings.forwarded_allow_ips} may say who asks"
        yield Finding("proxy", "ok", says)
    elif settings.host in ("127.0.0.1", "::1", "localhost"):
        yield Finding("proxy", "ok", "only one on this machine can reach the app")
    else:
        yield Finding(
            "proxy", "warn", "behind one on another machine all sign-ins share one rate limit",
            "set FORWARDED_ALLOW_IPS to its address or network, if there is one",
        )  # fmt: skip


def _disk(wiring: Wiring) -> Iterator[Finding]:
    folder = wiring.settings.home
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / _GIB:.1f} GiB free at {folder}"
    if free < _GIB:
        yield Finding("disk", "fail", says, "free some space, or choose another OURVIDZ_HOME")
    else:
        yield Finding("disk", "warn" if free < 5 * _GIB else "ok", says)


def _models(wiring: Wiring) -> Iterator[Finding]:
    from ourvidz.cli.inventory import take_inventory
    from ourvidz.pipeline import ModelManager

    settings = wiring.settings
    manager = ModelManager(models_dir=settings.models_dir, device=settings.device)
    has_gpu = manager.device.type == "cuda"
    yield Finding("gpu", "ok", "CUDA" if has_gpu else "none: the starter model runs on the CPU")
    for family in FAMILIES.values():
        found = take_inventory(family, manager)
        is_wanted = family.name in (settings.worker_models or ("starter",))
        if found.status == "runs":
            yield Finding(f"weights of {family.name}", "ok", "complete")
        elif found.status == "weights damaged":
            yield damage(family.name, found.damaged)
        elif is_wanted:
            yield Finding(
                f"weights of {family.name}", "fail", found.status, "; ".join(found.advice)
            )


def _policy(wiring: Wiring) -> Iterator[Finding]:
    try:
        wiring.policy.check(["a red sailboat on the sea at sunset"])
    except PolicyRefused as error:
        advice = "install OurVidz again; report this if that does not help"
        if wiring.settings.guard_url:
            advice = f"correct {PREFIX}GUARD_URL, _KIND, _MODEL and _KEY, or unset them"
        yield Finding("policy", "fail", f"refuses everything: {error}", advice)
        return
    guard = wiring.settings.guard_url
    says = f"with the guard model at {guard}" if guard else "no guard model: refuses adult content"
    yield Finding("policy", "ok", says)
