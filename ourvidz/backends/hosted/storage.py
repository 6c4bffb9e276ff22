"""Media in Supabase Storage, with the service key: for the app alone, never on a GPU machine."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError
from storage3.types import CreateSignedUploadUrlOptions

from ourvidz.backends.hosted.line import Line
from ourvidz.backends.hosted.transfer import PIECE_BYTES, check_upload, download, upload
from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError, Unavailable
from ourvidz.domain.media import BUCKETS, UploadTarget, check_file, split_key

#: What one request may list or delete.
_PAGE = 100
#: Long enough for a film of 2 GiB to come over a slow line.
_FETCH_S = 3600

T = TypeVar("T")

_log = logging.getLogger(__name__)


class SupabaseMedia:
    """`ports.Media` in the project at `url`. sleep: how transfers wait between tries."""

    def __init__(
        self, url: str, service_key: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._base = f"{url.rstrip('/')}/storage/v1"
        headers = {"apikey": service_key, "authorization": f"Bearer {service_key}"}
        client = httpx.Client(headers=headers, timeout=httpx.Timeout(20, read=60))
        self._storage = SyncStorageClient(f"{self._base}/", headers, http_client=client)
        # Without the key: these requests show nothing but the signature in their link.
        self._line = Line(httpx.Client(), "storage", sleep)

    def put(self, key: str, path: Path, content_type: str) -> None:
        """See `ports.Media`."""
        check_upload(key, path, content_type)
        if path.stat().st_size > PIECE_BYTES:
            upload(self._line, self.upload_target(key, content_type), path)
            return
        bucket, name = split_key(key)
        files = self._storage.from_(bucket.name)
        # Without a type it would be text/plain; upsert must be the string.
        _ask(
            lambda: files.upload(
                name, path, {"content-type": content_type, "upsert": "true", "cache-control": "0"}
            )
        )

    def get(self, key: str, path: Path) -> None:
        """See `ports.Media`."""
        download(self._line, self.url(key, expires_s=_FETCH_S), path)

    def url(self, key: str, *, expires_s: int = 300, download: str | None = None) -> str:
        """See `ports.Media`."""
        bucket, name = split_key(key)
        files = self._storage.from_(bucket.name)
        options: Any = {"download": download} if download else {}
        url = _ask(lambda: files.create_signed_url(name, expires_s, options))["signedUrl"]
        if not url:
            raise Unavailable("storage", "it gave no link; try again")
        return url

    def upload_target(self, key: str, content_type: str) -> UploadTarget:
        """See `ports.Media`."""
        check_file(key, content_type, 1)
        bucket, name = split_key(key)
        files = self._storage.from_(bucket.name)
        options = CreateSignedUploadUrlOptions(upsert="true")
        token = _ask(lambda: files.create_signed_upload_url(name, options))["token"]
        said = {
            "bucketName": bucket.name,
            "objectName": name,
            "contentType": content_type,
            "cacheControl": "0",
        }
        pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        return UploadTarget(
            key=key,
            method="tus",
            url=f"{_direct_host(self._base)}/upload/resumable/sign",
            headers={"x-signature": token, "upload-metadata": ",".join(pairs)},
        )

    def delete(self, keys: Sequence[str]) -> None:
        """See `ports.Media`."""
        by_bucket: dict[str, list[str]] = {}
        for key in keys:
            bucket, name = split_key(key)
            by_bucket.setdefault(bucket.name, []).append(name)
        for bucket_name, names in by_bucket.items():
            files = self._storage.from_(bucket_name)
            for start in range(0, len(names), _PAGE):
                some = names[start : start + _PAGE]
                _ask(lambda files=files, some=some: files.remove(some))

    def keys(self, prefix: str) -> list[str]:
        """See `ports.Media`."""
        if not prefix.endswith("/"):
            raise InvalidRequest("prefix", 'must end with "/"')
        bucket, inside = split_key(f"{prefix}x")
        folders, found = [inside.removesuffix("x").removesuffix("/")], list[str]()
        while folders:
            folder = folders.pop()
            for entry in self._entries(bucket.name, folder):
                name = f"{folder}/{entry['name']}".removeprefix("/")
                # A folder is an entry without an id.
                (folders if entry["id"] is None else found).append(name)
        return sorted(f"{bucket.name}/{name}" for name in found)

    def ensure_buckets(self) -> None:
        """Make the buckets of `domain.media`, and give those that are there its rules."""
        missing = self.missing_buckets()
        for bucket in BUCKETS.values():
            change = (
                self._storage.create_bucket
                if bucket.name in missing
                else self._storage.update_bucket
            )
            options: Any = {
                "public": bucket.public,
                "file_size_limit": bucket.max_bytes,
                "allowed_mime_types": list(bucket.content_types),
            }
            _ask(
                lambda change=change, name=bucket.name, options=options: change(
                    name, options=options
                )
            )

    def missing_buckets(self) -> list[str]:
        """Names of buckets that `ensure_buckets` would make."""
        existing = {bucket.id for bucket in _ask(self._storage.list_buckets)}
        return [name for name in BUCKETS if name not in existing]

    def close(self) -> None:
        """Close the connections."""
        self._storage.session.close()
        self._line.client.close()

    def _entries(self, bucket_name: str, folder: str) -> list[dict[str, Any]]:
        files = self._storage.from_(bucket_name)
        entries: list[dict[str, Any]] = []
        while True:
            options: Any = {"limit": _PAGE, "offset": len(entries)}
            page = _ask(lambda options=options: files.list(folder, options))
            entries += page
            if len(page) < _PAGE:
                return entries


def _ask(ask: Callable[[], T]) -> T:
    """What the storage answers; its errors as ours."""
    try:
        try:
            return ask()
        except httpx.TransportError:
            # After some refusals the server closes the connection that the next request takes.
            return ask()
    except httpx.TransportError as error:
        raise _away(f"it does not answer ({error}); try again") from error
    except StorageApiError as error:
        raise _as_ours(error) from error


def _as_ours(error: StorageApiError) -> OurVidzError:
    status = str(error.status)
    if status == "404" or "not_found" in str(error.code).lower():
        return NotAllowed("There is no such file, or it has expired. Reload the page.")
    if status in ("413", "415", "422"):
        return InvalidRequest("file", f"is refused by the storage ({error.message})")
    if status in ("401", "403") or "JWT" in error.message:
        said = f"it refuses the service key ({error.message})"
        return _away(f"{said}; check OURVIDZ_SUPABASE_SERVICE_KEY")
    return _away(f"{error.message} (status {status}); try again")


def _away(detail: str) -> Unavailable:
    """What the storage or the line to it says may name a host: that is for the log."""
    _log.warning("storage: %s", detail)
    return Unavailable("storage", "it does not answer now; try again in a minute", detail)


def _direct_host(base: str) -> str:
    """A hosted project takes large uploads best at the storage's own host.

    >>> _direct_host("https://abc.supabase.co/storage/v1")
    'https://abc.storage.supabase.co/storage/v1'
    """
    host = urlsplit(base).hostname or ""
    project, dot, rest = host.partition(".")
    if rest == "supabase.co":
        return base.replace(host, f"{project}{dot}storage.{rest}", 1)
    return base
