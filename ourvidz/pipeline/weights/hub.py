"""The hub of models over HTTP: which files a repository has, and one of them onto this disk."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import constants, hf_hub_url
from huggingface_hub.utils import build_hf_headers

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Source
from ourvidz.pipeline.weights.manifest import OnBytes, git_digest_of, sha256_of
from ourvidz.pipeline.weights.whole import INDEX, read_by_loaders

#: What is fetched of a component: never pickles, never formats of other libraries.
PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model")
_TIMEOUT = httpx.Timeout(15.0, read=60.0)
#: A connection that broke is tried again this often without a byte of progress.
_TRIES = 4
_PAUSE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file of a repository. path: from its top. digest: SHA-256, or git's own for small ones."""

    path: str
    bytes: int
    digest: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a source at one commit."""

    source: Source
    revision: str
    files: tuple[RemoteFile, ...]


class Hub:
    """endpoint: the hub's address; None is the one that huggingface_hub is set to.

    Raises Unavailable for proxies in the environment that can not be used.
    """

    def __init__(self, endpoint: str | None = None, *, pause_s: float = _PAUSE_S) -> None:
        self._endpoint = endpoint or constants.ENDPOINT
        self._pause_s = pause_s
        try:
            self._http = httpx.Client(
                timeout=_TIMEOUT,
                follow_redirects=True,
                headers=build_hf_headers() | {"accept-encoding": "identity"},
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise Unavailable(
                "the proxy",
                f"what HTTPS_PROXY, HTTP_PROXY or ALL_PROXY says can not be used ({error}); set "
                "the one that is wrong to an http:// address, or unset it",
            ) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def listing(self, source: Source, only: str = "") -> Listing:
        """What a component needs of `source`: the file `only`, or all that `PATTERNS` say.

        Raises Unavailable without a network, and for a repository that is gone or closed.
        """
        if constants.is_offline_mode():
            raise Unavailable("the hub", "HF_HUB_OFFLINE is set; unset it to download")
        url = f"{self._endpoint}/api/models/{source.name}/revision/{source.revision or 'main'}"
        with self._reachable(source):
            answer = self._http.get(url, params={"blobs": "true"})
            answer.raise_for_status()
            found = answer.json()
            files = list(_remote_files(found["siblings"], source.folder, only or None))
            revision = found["sha"]
            shards = self._shards(source, revision, files)
        if not files:
            where = f"{source.name}/{source.folder}".rstrip("/")
            raise Unavailable(
                "the hub", f"{where} has no {only or 'weights'}; update this program's catalog"
            )
        read = read_by_loaders((file.name for file in files), shards)
        chosen = tuple(file for file in files if only or file.name in read)
        return Listing(source=source, revision=revision, files=chosen)

    def _shards(self, source: Source, revision: str, files: list[RemoteFile]) -> frozenset[str]:
        index = next((file for file in files if file.name.endswith(INDEX)), None)
        if index is None:
            return frozenset()
        url = hf_hub_url(source.name, index.path, revision=revision, endpoint=self._endpoint)
        answer = self._http.get(url)
        answer.raise_for_status()
        return frozenset(answer.json()["weight_map"].values())

    def fetch(self, listing: Listing, file: RemoteFile, path: Path, on_bytes: OnBytes) -> None:
        """Download `file` to `path`, going on with what `path`.part holds; checked by its digest.

        Raises Unavailable when the network fails (the part stays) or the content is wrong (it
        does not).
        """
        part = path.with_name(path.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not part.exists():  # it was whole, but not used before a stop
            path.replace(part)
        if part.exists() and part.stat().st_size > file.bytes:
            part.unlink()
        part.touch()
        on_bytes(part.stat().st_size)
        url = hf_hub_url(
            listing.source.name, file.path, revision=listing.revision, endpoint=self._endpoint
        )
        with self._reachable(listing.source):
            self._receive(url, file, part, on_bytes)
        is_sha256 = len(file.digest) == 64
        if (sha256_of(part) if is_sha256 else git_digest_of(part)) != file.digest:
            part.unlink()
            raise Unavailable(
                "the hub",
                f"{file.path} of {listing.source.name} arrived damaged and was deleted; "
                "run the same command again",
            )
        part.replace(path)

    def _receive(self, url: str, file: RemoteFile, part: Path, on_bytes: OnBytes) -> None:
        tries = 0
        while (have := part.stat().st_size) < file.bytes:
            try:
                self._receive_rest(url, have, part, on_bytes)
                if part.stat().st_size < file.bytes:
                    raise httpx.ReadError("the connection was closed early")
            except httpx.TransportError:
                tries = tries + 1 if part.stat().st_size <= have else 0
                if tries >= _TRIES:
                    raise
                time.sleep(self._pause_s * tries)

    def _receive_rest(self, url: str, have: int, part: Path, on_bytes: OnBytes) -> None:
        headers = {"range": f"bytes={have}-"} if have else {}
        with self._http.stream("GET", url, headers=headers) as answer:
            answer.raise_for_status()
            is_rest = answer.status_code == httpx.codes.PARTIAL_CONTENT
            if have and not is_rest:  # this server always sends the whole
                on_bytes(-have)
            with part.open("ab" if is_rest else "wb") as out:
                for chunk in answer.iter_raw():  # as it comes: what came is not lost
                    out.write(chunk)
                    on_bytes(len(chunk))

    @contextmanager
    def _reachable(self, source: Source) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status in (401, 403):
                advice = "accept its licence on its page, then set HF_TOKEN to a token of yours"
            elif status == 404:
                advice = "is not there (any more); update this program's catalog"
            else:
                advice = f"answers {status}; run the same command again later"
            raise Unavailable(f"{source.name} on the hub", advice) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(
                "the hub",
                f"{self._endpoint} can not be reached ({error or type(error).__name__}); check the "
                "network or HF_ENDPOINT, then run the same command again: it goes on where it "
                "stopped",
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(
                "the hub",
                f"{self._endpoint} answers in words that are not the hub's ({error}); check "
                "HF_ENDPOINT and any proxy",
            ) from error


def _remote_files(
    siblings: Iterable[dict[str, Any]], folder: str, only: str | None
) -> Iterator[RemoteFile]:
    for one in siblings:
        parent, _, name = one["rfilename"].rpartition("/")
        wanted = [only] if only else PATTERNS
        if parent == folder and any(fnmatch.fnmatch(name, pattern) for pattern in wanted):
            lfs = one.get("lfs") or {}
            yield RemoteFile(
                path=one["rfilename"], bytes=one["size"], digest=lfs.get("sha256") or one["blobId"]
            )
