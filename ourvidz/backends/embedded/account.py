"""Who runs the servers: whoever starts them, or, when that is root, an account without rights.

Postgres refuses to run as root. Nothing is created and no folder of others is opened for this: an
existing account is used, and when it can not reach something, the text says what and what to do.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ourvidz.domain.errors import Unavailable

_CANDIDATES = ("postgres", "nobody")
#: English messages, which we read; nothing of the caller's PG* variables.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


@dataclass(frozen=True)
class Account:
    """An account of the system. switch: whether processes must change to it first."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and keep what it wrote."""
        return subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=_ENVIRONMENT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self._user,
            group=self._group,
            extra_groups=self._groups,
        )

    def launch(
        self, command: Sequence[str | Path], log: Path, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a server that outlives this process and hears nothing of its terminal."""
        log.touch(mode=0o600)
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(word) for word in command],
                cwd=log.parent,
                env=_ENVIRONMENT | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self._user,
                group=self._group,
                extra_groups=self._groups,
            )

    def own(self, folder: Path) -> Path:
        """Make a folder that only this account (and root) can enter.

        Raises Unavailable when there is a link or somebody else's folder in its place.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (self.uid, os.geteuid()):
            raise Unavailable(f"folder {folder}", "it belongs to somebody else; remove it")
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return folder

    def require(self, path: Path) -> None:
        """Raise Unavailable, naming the first closed folder, when `path` can not be entered."""
        if not self.switch or self._enters(path):
            return
        closed = next(one for one in [*reversed(path.parents), path] if not self._enters(one))
        raise Unavailable(
            f"folder {closed}",
            f"the account {self.name}, which runs the servers because they refuse root, can not "
            f"enter it. Allow it (chmod o+x {closed}), keep OurVidz and its data elsewhere "
            "(OURVIDZ_HOME, or `ourvidz up --data DIR`), or start it as a normal user",
        )

    def within_reach(self, program: Path, package: Path, copies: Path) -> Path:
        """`program` where this account can run it: itself, or in a copy of its package.

        So root may keep OurVidz in a folder that only root enters. The copy lies below `copies`,
        with the wheel's folder of libraries beside it; it belongs to root, is made once for each
        version, and appears complete or not at all.
        """
        if not self.switch or self._enters(program):
            return program
        self.require(copies.parent)
        stamp = f"{package} {program.stat().st_mtime_ns} {program.stat().st_size}"
        copy = copies / hashlib.sha256(stamp.encode()).hexdigest()[:16]
        if not copy.exists():
            shutil.rmtree(copies, ignore_errors=True)
            draft = copies / "draft"
            for folder in (package, package.with_name(f"{package.name}.libs")):
                if folder.exists():
                    shutil.copytree(folder, draft / folder.name, symlinks=True)
            for folder in (copies, draft):
                folder.chmod(0o755)
            draft.rename(copy)
        return copy / program.relative_to(package.parent)

    def _enters(self, path: Path) -> bool:
        # Asked of the system, not computed from mode bits: access lists count too.
        return self.run(["/bin/sh", "-c", 'test -x "$0"', path], cwd=Path("/")).returncode == 0

    @property
    def _user(self) -> int | None:
        return self.uid if self.switch else None

    @property
    def _group(self) -> int | None:
        return self.gid if self.switch else None

    @property
    def _groups(self) -> list[int] | None:
        return [] if self.switch else None


def choose_account(data: Path) -> Account:
    """Who runs the servers on the folder `data`, which need not exist yet.

    Root takes the owner of what is there already, else `postgres` or `nobody`. Raises Unavailable
    when `data` belongs to somebody else, or when root finds none of these accounts.
    """
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if me != 0:
        if owner not in (None, me):
            raise Unavailable(
                f"folder {data}",
                f"it belongs to the account {_named(owner)}; start OurVidz as the account that "
                "made it, or choose another folder (OURVIDZ_HOME, `ourvidz up --data DIR`)",
            )
        return Account(_named(me), me, os.getegid(), switch=False)
    if owner:
        return Account(_named(owner), owner, data.stat().st_gid, switch=True)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise Unavailable(
        "the servers", f"they refuse root and there is no account {' or '.join(_CANDIDATES)}; "
        "start OurVidz as a normal user"
    )  # fmt: skip


def _named(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)
