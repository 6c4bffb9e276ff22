"""Live on a server of the Redis protocol (Valkey here, Upstash when hosted): what may be lost.

Every key starts with a prefix ("ourvidz:" if no other is given):

    wake:<model>         list    bells nobody has heard yet, at most BELLS_KEPT, for BELL_TTL_S
    live:<job id>        hash    "progress" (JSON) and "jpeg" of a running job, for LIVE_TTL_S
    cancel:<job id>      string  someone wants the job to stop, for CANCEL_TTL_S
    rate:<what>:<hash>   string  uses by one person in the window that runs now, for its rest

The server keeps no copy that matters, so when it is away nothing raises: bells and pictures are
lost, and rates are counted in this process until it is back.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ourvidz.ports import Frame

T = TypeVar("T")

BELLS_KEPT = 64
BELL_TTL_S = 3600
LIVE_TTL_S = 120
CANCEL_TTL_S = 6 * 3600

#: A server that does not answer costs a caller this much once, then nothing for a while.
COMMAND_TIMEOUT_S = 2.0
AWAY_S = 2.0
#: BLPOP holds the connection that long at most; the socket must be more patient.
LONGEST_WAIT_S = 45.0
WAIT_SOCKET_TIMEOUT_S = 60.0

#: Rates kept in the process; the one that was opened first is forgotten first.
RATES_KEPT = 10_000

#: Count and open the window in one step, so that no counter is left without an end.
#: Returns the milliseconds to wait, 0 when one more is allowed.
_ALLOW = """
local uses = tonumber(redis.call('GET', KEYS[1]) or '0')
if uses >= tonumber(ARGV[1]) then
    local left = redis.call('PTTL', KEYS[1])
    if left > 0 then return left end
    redis.call('DEL', KEYS[1])
end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""


class RedisLive:
    """`ports.Live` at a redis:// or rediss:// address; connects when first used, and again.

    Threads may share it. Waiting has connections of its own, whose sockets are patient.
    """

    def __init__(self, url: str, *, prefix: str = "ourvidz:") -> None:
        self._prefix = prefix
        self._commands = _client(url, COMMAND_TIMEOUT_S)
        self._waiting = _client(url, WAIT_SOCKET_TIMEOUT_S)
        self._rates = _LocalRates()
        self._back_at = 0.0

    def ring(self, model: str) -> None:
        """Wake one worker that waits for `model`, or the next one that will."""
        key = self._key("wake", model)

        def push() -> None:
            with self._commands.pipeline(transaction=True) as pipe:
                pipe.lpush(key, b"1")
                pipe.ltrim(key, 0, BELLS_KEPT - 1)
                pipe.expire(key, BELL_TTL_S)
                pipe.execute()

        self._try(push, None)

    def wait(self, models: Sequence[str], timeout_s: float) -> bool:
        """Sleep until a bell rings. While the server is away it is looked for every two seconds."""
        until = time.monotonic() + timeout_s
        keys = [self._key("wake", model) for model in models]
        while (left := until - time.monotonic()) > 0:
            try:
                if self._waiting.blpop(keys, timeout=min(left + 0.01, LONGEST_WAIT_S)):
                    return True
            except redis.RedisError:
                time.sleep(min(AWAY_S, max(0.0, until - time.monotonic())))
        return False

    def publish(self, job_id: UUID, progress: Mapping[str, Any], jpeg: bytes | None = None) -> None:
        """Show progress; the last picture stays until the next one comes."""
        key = self._key("live", job_id)
        fields: dict[str, Any] = {"progress": json.dumps(dict(progress))}
        if jpeg is not None:
            fields["jpeg"] = jpeg

        def write() -> None:
            with self._commands.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=fields)
                pipe.expire(key, LIVE_TTL_S)
                pipe.execute()

        self._try(write, None)

    def watch(self, job_id: UUID) -> Frame | None:
        """The last progress and picture, or None: nothing was heard for a while."""
        nothing: dict[bytes, bytes] = {}
        fields = self._try(lambda: self._commands.hgetall(self._key("live", job_id)), nothing)
        if b"progress" not in fields:
            return None
        return Frame(jpeg=fields.get(b"jpeg"), progress=json.loads(fields[b"progress"]))

    def request_cancel(self, job_id: UUID) -> None:
        """Tell the worker at once; that the job is cancelled is in the database."""
        self._try(lambda: self._commands.set(self._key("cancel", job_id), b"1", ex=CANCEL_TTL_S))

    def cancel_requested(self, job_id: UUID) -> bool:
        """Whether someone asked; False says nothing while the server is away."""
        return bool(self._try(lambda: self._commands.exists(self._key("cancel", job_id))))

    def allow(self, what: str, who: str, *, limit: int, per_s: int) -> float:
        """At most `limit` uses in `per_s` seconds after the first one."""
        key = self._key("rate", f"{what}:{hashlib.sha256(who.encode()).hexdigest()[:32]}")

        def count() -> float:
            left: Any = self._commands.eval(_ALLOW, 1, key, str(limit), str(per_s * 1000))
            return int(left) / 1000

        waited = self._try(count)
        return self._rates.allow(key, limit, per_s) if waited is None else waited

    def close(self) -> None:
        """Give the connections back; one that a thread waits on, when it has waited."""
        self._commands.close()
        self._waiting.connection_pool.disconnect(inuse_connections=False)

    def _key(self, kind: str, name: object) -> str:
        return f"{self._prefix}{kind}:{name}"

    def _try(self, command: Callable[[], T], otherwise: T | None = None) -> Any:
        """The command's answer, or `otherwise` at once while the server is known to be away."""
        if time.monotonic() < self._back_at:
            return otherwise
        try:
            return command()
        except redis.RedisError:
            self._back_at = time.monotonic() + AWAY_S
            return otherwise


def _client(url: str, timeout_s: float) -> Any:
    """One retry at once, for a connection that the server closed while nobody used it."""
    return redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
    )


class _LocalRates:
    """Uses per window by key in this process, while the server that counts for all is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allow(self, key: str, limit: int, per_s: int) -> float:
        """0.0 and one use more, or the seconds until the window of `key` ends.

        >>> rates = _LocalRates()
        >>> [rates.allow("a", 1, 60) > 0 for _ in range(2)]
        [False, True]
        """
        now = time.monotonic()
        with self._lock:
            ends, uses = self._windows.get(key, (0.0, 0))
            if ends <= now:
                self._windows.pop(key, None)
                ends, uses = now + per_s, 0
            if uses >= limit:
                return ends - now
            self._windows[key] = (ends, uses + 1)
            if len(self._windows) > RATES_KEPT:
                self._windows.popitem(last=False)
            return 0.0
