"""The wire: how long somebody may take to say what is wanted."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

#: For the head of a request, from the opening of a connection or its first byte on.
HEAD_S = 10.0
#: A head that grows beyond this while it is awaited is refused.
HEAD_BYTES = 32 * 2**10


class Wire(H11Protocol):
    """uvicorn's own protocol, which lets a connection wait for ever; this one is closed in time.

    What comes after the head has times of its own: the gate's for forms, none for files.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is awaited from now on."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A head that drips in gets no more time than one that comes whole."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
