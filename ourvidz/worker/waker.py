"""A bell inside the process: wakes the thread that waits for the child's messages."""

from __future__ import annotations

import os


class Waker:
    """Readable, for `multiprocessing.connection.wait`, after `poke` until `rest`.

    Any thread and a signal handler may poke.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def fileno(self) -> int:
        """The end that becomes readable."""
        return self._read

    def poke(self) -> None:
        """Wake whoever waits, or whoever will."""
        try:
            os.write(self._write, b".")
        except BlockingIOError:
            return  # full: it is awake already

    def rest(self) -> None:
        """Forget the pokes until now."""
        try:
            while os.read(self._read, 1024):
                pass
        except BlockingIOError:
            return
