"""The speeds of this machine while it works: learnt after each run, read when they have changed."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.budget.calibration import Calibration, read_calibrations, write_calibration
from ourvidz.pipeline.budget.machines import Machine, machine_measured

log = logging.getLogger(__name__)

_Stamp = tuple[int, ...] | None


class Speeds:
    """Speeds in the file `path`, which other processes read and write too.

    Asking costs a look at the file's date. A file that holds something else counts as none: the
    log says so once, and the next run writes a new one. Nothing here ever fails a job.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[_Stamp, tuple[Calibration, ...]] = (None, ())
        self._failed = False

    def newest(self) -> Machine | None:
        """The machine that made something last, with its speeds; None before anything was made."""
        found = self._read()
        return machine_measured(found[-1]) if found else None

    def known(self, machine: Machine) -> Machine:
        """`machine` with the speeds that were measured on it, if there are any."""
        for found in self._read():
            if machine_measured(found).name == machine.name:
                return replace(machine, calibration=found)
        return machine

    def learn(self, run: Calibration) -> None:
        """Keep the speeds of one run, or that there is such a machine, where there is a folder."""
        if not self._path.parent.is_dir():
            return
        before = next((one for one in self._read() if one.machine == run.machine), None)
        try:
            write_calibration(before.after(run) if before else run, self._path)
        except OSError as error:
            if not self._failed:
                log.warning("%s can not be written (%s): times stay as known", self._path, error)
            self._failed = True

    def _read(self) -> tuple[Calibration, ...]:
        stamp = self._stamp()
        before, found = self._seen
        if stamp != before:
            try:
                found = read_calibrations(self._path)
            except InvalidRequest as error:
                log.warning("%s", error)
                found = ()
            self._seen = (stamp, found)
        return found

    def _stamp(self) -> _Stamp:
        """What is another one after every change; None where there is no file."""
        try:
            about = self._path.stat()
        except OSError:
            return None
        return about.st_mtime_ns, about.st_size, about.st_ino
