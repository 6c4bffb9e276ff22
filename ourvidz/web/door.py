"""The port of the app, opened before anything that takes long to import."""

from __future__ import annotations

import os
import socket

from ourvidz.domain.errors import Unavailable


def listen(host: str, port: int) -> socket.socket:
    """The door. Raises Unavailable when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise Unavailable(
            f"port {port}",
            f"can not be opened ({why}); stop what uses it, or set OURVIDZ_PORT to another one",
        ) from error
    # Connections inherit it; asyncio sets it only for sockets that it made itself. Without it the
    # second half of an answer waits 40 ms until the first is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
