"""The command line, with settings that lead to tiny random-weight models of the starter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ourvidz.cli import main
from tests.servers import folder  # noqa: F401


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    status: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def in_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty working folder, with the settings of `home`."""
    monkeypatch.setenv("OURVIDZ_HOME", str(home))
    monkeypatch.setenv("OURVIDZ_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ourvidz(in_home: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `ourvidz ...`."""

    def run(*words: str) -> Done:
        try:
            status = main(words)
        except SystemExit as usage:  # argparse ends the process itself
            status = int(usage.code or 0)
        return Done(status, *capsys.readouterr())

    return run
