"""The only place that knows everyone: makes what an entry point needs from the settings."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ourvidz.backends.embedded.auth import embedded_auth
from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.embedded.mailbox import FileMailbox, SmtpMailbox
from ourvidz.backends.embedded.stack import EmbeddedStack, Endpoints
from ourvidz.backends.hosted.auth import hosted_auth
from ourvidz.backends.hosted.courier import HttpCourier
from ourvidz.backends.hosted.guard_model import HttpGuardModel
from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.backends.postgres.administration import PostgresAdministration
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.records import PostgresRecords
from ourvidz.backends.postgres.session_store import PostgresSessionStore
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.backends.redis import RedisLive
from ourvidz.domain import catalog
from ourvidz.domain.errors import OurVidzError
from ourvidz.pipeline.budget import Speeds
from ourvidz.ports import Administration, Auth, Courier, Live, Media, Policy, Records, WorkQueue
from ourvidz.safety.late import LatePolicy
from ourvidz.settings import Entry, Settings, quiet_gradio
from ourvidz.studio.door import Studio
from ourvidz.studio.retention import keep_house

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ourvidz.worker import Worker

_log = logging.getLogger(__name__)


class Wiring:
    """Everything of one process: made when first asked for, closed in reverse order.

        with closing(Wiring(settings)) as wiring:
            projects.create_project(me, wiring.studio, {"prompt": "a cat"})

    endpoints: of embedded servers that this process started itself; None looks for those of
    `settings.data_dir`. Raises InvalidRequest, naming the variable, for a missing setting, and
    Unavailable when an embedded server is not there.
    """

    def __init__(
        self, settings: Settings, endpoints: Endpoints | None = None, *, entry: Entry = "app"
    ) -> None:
        settings.need(entry)
        self.settings = settings
        self._given = endpoints
        self._open = ExitStack()

    def close(self) -> None:
        """Close what was opened."""
        self._open.close()

    @cached_property
    def studio(self) -> Studio:
        """What a signed-in person can do."""
        return Studio(
            records=self.records,
            media=self.media,
            live=self.live,
            auth=self.auth,
            policy=self.policy,
            administration=self.administration,
            machine=Speeds(self.settings.speeds_path).newest,
        )

    @cached_property
    def app(self) -> FastAPI:
        """The web app."""
        from ourvidz.web.entrance import Welcome
        from ourvidz.web.server import AppParts, make_app
        from ourvidz.web.site import Site

        settings = self.settings
        quiet_gradio(settings.home / "uploads")
        outbox = None if settings.hosted or settings.smtp_url else settings.outbox_dir
        return make_app(
            AppParts(
                media=self.media,
                administration=self.administration,
                worker_token=_shown(settings.worker_token),
                site=Site(
                    studio=self.studio,
                    store=PostgresSessionStore(self._database),
                    secret=(settings.secret_key or settings.kept_secret("site"))
                    .get_secret_value()
                    .encode(),
                    public_url=settings.app_url,
                    media_url=settings.supabase_url,
                    welcome=Welcome(credits=settings.welcome_credits, outbox=outbox),
                ),
            )
        )

    @cached_property
    def records(self) -> Records:
        """The truth, as a signed-in person sees it."""
        return PostgresRecords(self._database)

    @cached_property
    def administration(self) -> Administration:
        """The truth, as the operator sees it."""
        return PostgresAdministration(self._database)

    @cached_property
    def queue(self) -> WorkQueue:
        """The truth, as far as a worker needs it."""
        url = _shown(self.settings.worker_database_url) or self.endpoints.worker_database_url
        return PostgresQueue(self._open.enter_context(closing(Database(url))))

    @cached_property
    def live(self) -> Live:
        """Bells, progress and rate limits."""
        url = _shown(self.settings.redis_url) or self.endpoints.redis_url
        return self._open.enter_context(closing(RedisLive(url)))

    @cached_property
    def media(self) -> Media:
        """Files: in the project's storage, or below the home."""
        settings = self.settings
        if settings.hosted:
            key = _shown(settings.supabase_service_key) or ""
            return self._open.enter_context(
                closing(SupabaseMedia(settings.supabase_url or "", key))
            )
        secret = bytes.fromhex(settings.kept_secret("media").get_secret_value())
        return LocalMedia(settings.media_dir, secret, settings.app_url)

    @cached_property
    def courier(self) -> Courier:
        """How a worker moves files: beside the storage by itself, else through the app."""
        settings = self.settings
        if settings.hosted:
            token = _shown(settings.worker_token) or ""
            return self._open.enter_context(closing(HttpCourier(settings.app_url, token)))
        return DirectCourier(self.media)

    @cached_property
    def auth(self) -> Auth:
        """Sign-in: by the project, or answered in this process."""
        settings = self.settings
        if settings.hosted:
            auth = hosted_auth(
                settings.supabase_url or "",
                self.live.allow,
                anon_key=_shown(settings.supabase_anon_key) or "",
                service_key=_shown(settings.supabase_service_key),
                jwt_secret=_shown(settings.supabase_jwt_secret),
            )
        else:
            smtp_url = _shown(settings.smtp_url)
            mailbox = (
                SmtpMailbox(smtp_url, settings.smtp_from)
                if smtp_url
                else FileMailbox(settings.outbox_dir, settings.smtp_from)
            )
            auth = embedded_auth(
                self.endpoints.auth_database_url, settings.secrets_dir, mailbox, self.live.allow
            )
        self._open.callback(_run_once, auth.aclose)
        return auth

    @cached_property
    def policy(self) -> LatePolicy:
        """What may be asked for."""
        return LatePolicy(partial(make_policy, self.settings))

    @cached_property
    def endpoints(self) -> Endpoints:
        """Where the embedded servers are. Raises Unavailable when they do not run."""
        return self._given or EmbeddedStack(self.settings.data_dir).endpoints()

    @cached_property
    def _database(self) -> Database:
        url = _shown(self.settings.database_url) or self.endpoints.database_url
        return self._open.enter_context(closing(Database(url)))

    def worker(self, models: tuple[str, ...] = ("starter",)) -> Worker:
        """A worker for this process, offering `models` unless the settings name others."""
        from ourvidz.worker import RUN_KINDS, Worker, WorkerSettings

        settings = self.settings
        clocks = WorkerSettings.for_lease(settings.lease_s, settings.scratch_dir)
        offered = settings.worker_models or models
        for name in offered:
            catalog.family(name)
        return Worker(
            self.queue,
            self.live,
            self.courier,
            partial(make_policy, settings),
            replace(
                clocks,
                models=offered,
                kinds=tuple(kind for kind in settings.worker_kinds if kind in RUN_KINDS),
                models_dir=settings.models_dir,
                device=settings.device,
                speeds_path=settings.speeds_path,
            ),
        )

    def start_background(self) -> None:
        """Reap and sweep in a thread of its own until `close`; another one gets things ready."""
        threading.Thread(target=self._get_ready, name="get ready", daemon=True).start()
        stopped = threading.Event()
        thread = threading.Thread(
            target=keep_house,
            args=(self.administration, self.media, stopped),
            name="housekeeping",
            daemon=True,
        )
        # Called before what it uses is closed: the stack is taken down from its end.
        self._open.callback(thread.join, 10.0)
        self._open.callback(stopped.set)
        thread.start()

    def _get_ready(self) -> None:
        self.policy.load()
        if isinstance(self.media, SupabaseMedia):
            try:
                self.media.ensure_buckets()
            except OurVidzError as error:
                _log.warning("the storage's buckets could not be checked: %s", error)


def make_policy(settings: Settings) -> Policy:
    """The safety floor on the sentence model of this machine; a worker's child calls it too.

    Raises Unavailable when the sentence model is missing.
    """
    from ourvidz.pipeline.language import load_sentences
    from ourvidz.safety.floor import SafetyFloor

    guard = None
    if settings.guard_url is not None:
        guard = HttpGuardModel(
            dialect=settings.guard_kind,
            url=settings.guard_url,
            model=settings.guard_model,
            key=_shown(settings.guard_key) or "",
        )
    sentences = load_sentences(settings.models_dir)
    return SafetyFloor(sentences.vectors, sentences.vocabulary(), guard)


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _run_once(close: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run it to its end, also where this thread has a loop of its own."""

    def run() -> None:
        # Connections of a loop that has ended went with it, which the client finds worth an error.
        with suppress(RuntimeError):
            asyncio.run(close())

    thread = threading.Thread(target=run, name="closing")
    thread.start()
    thread.join()
