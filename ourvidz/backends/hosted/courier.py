"""A worker far from the storage: it asks the app, and holds no key but the workers' token."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from ourvidz.backends.hosted.line import Gone, Interrupted, Line
from ourvidz.backends.hosted.transfer import check_upload, download, upload
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable, WorkerRefused
from ourvidz.domain.job import Lease
from ourvidz.domain.media import UploadTarget


class HttpCourier:
    """`ports.Courier` through the app at `app_url`. sleep: how it waits between tries."""

    def __init__(
        self, app_url: str, worker_token: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not app_url.startswith(("http://", "https://")):
            raise InvalidRequest("app_url", "must begin with https:// (or http:// at home)")
        if not re.fullmatch(r"[!-~]+", worker_token):
            raise InvalidRequest("worker_token", "must be letters and digits; copy it again")
        self._url = f"{app_url.rstrip('/')}/api/worker/"
        # The token goes to the app alone: links may lead to other hosts.
        headers = {"authorization": f"Bearer {worker_token}"}
        self._app = Line(httpx.Client(headers=headers), "the app", sleep)
        self._storage = Line(httpx.Client(), "storage", sleep)

    def knock(self) -> None:
        """See `ports.Courier`."""
        try:
            self._show_token()
        except Interrupted as error:
            detail = f"{self._url} does not answer ({error}); start it, or correct its address"
            raise Unavailable("the app", "it does not answer; try again later", detail) from error

    def fetch(self, lease: Lease, key: str, path: Path) -> None:
        """See `ports.Courier`."""
        download(self._storage, self._ask("downloads", lease, {"key": key})["url"], path)

    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        """See `ports.Courier`."""
        check_upload(lease.key(bucket, path.name), path, content_type)
        ask = {"bucket": bucket, "name": path.name, "content_type": content_type}
        target = UploadTarget(**self._ask("uploads", lease, ask))
        upload(self._storage, target, path)
        return target.key

    def close(self) -> None:
        """Close the connections."""
        self._app.client.close()
        self._storage.client.close()

    def _ask(self, what: str, lease: Lease, more: Mapping[str, str]) -> dict[str, Any]:
        """What the app answers, after it has looked whether the lease holds."""
        claim = {"job_id": str(lease.job.id), "worker": lease.worker, "attempt": lease.attempt}
        answers: list[dict[str, Any]] = []

        def once() -> None:
            response = self._app.request("POST", self._url + what, json={**claim, **more})
            try:
                answers.append(response.json())
            except ValueError as error:
                raise Interrupted("its answer is not JSON") from error

        try:
            self._app.patiently(once, lambda: 0)
        except Gone as error:
            raise self._nobody() from error
        except NotAllowed:
            self._app.patiently(self._show_token, lambda: 0)
            raise
        return answers[0]

    def _show_token(self) -> None:
        """The app looks at the token before it reads what is asked, and nothing is asked here.

        Raises WorkerRefused, or Interrupted.
        """
        try:
            self._app.request("POST", f"{self._url}downloads", json={})
        except InvalidRequest:
            return
        except NotAllowed as error:
            raise WorkerRefused(str(error)) from error
        except Gone as error:
            raise self._nobody() from error
        raise self._nobody()

    def _nobody(self) -> WorkerRefused:
        return WorkerRefused(
            f"There is no app at {self._url}. Set OURVIDZ_PUBLIC_URL to its address."
        )
