"""Quantized weights on a disk where something was left, or can not be read."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from ourvidz.domain.family import Source
from ourvidz.pipeline.weights import quantized
from ourvidz.pipeline.weights.manifest import sha256_of
from ourvidz.pipeline.weights.quantized import Recipe, Shelf, is_sound, kept
from ourvidz.pipeline.weights.verify import verify_kept

SOURCE = Source(kind="hub", name="nobody/tiny", folder="transformer")
RECIPE = Recipe(precision="int8", dtype="bfloat16", origin="first")


#: Keeps weights, and is killed by the system in the middle of it.
KILLED = """
import resource, signal, sys, torch
from pathlib import Path
from tests.pipeline.weights.test_quantized import RECIPE, SOURCE
from ourvidz.pipeline.weights.quantized import Shelf
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
Shelf(recipe=RECIPE, source=SOURCE, models_dir=Path(sys.argv[1])).keep({"a": torch.zeros(4_000)})
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_what_a_killed_process_left_does_not_fill_the_disk_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(recipe=RECIPE, source=SOURCE, models_dir=tmp_path)
    shelf.keep({"a": torch.zeros(2)})
    assert shelf.path
    left = shelf.path.rename(shelf.path.with_name(f"{RECIPE.stem}.1.part"))

    def usage(path: Path) -> Usage:
        return Usage(2**40, 0, 0 if left.exists() else 2**40)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    shelf.keep({"a": torch.zeros(2)})
    assert shelf.path and is_sound(shelf.path) and not left.exists()


def test_nothing_is_left_of_a_file_that_was_being_written_when_its_process_was_killed(
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    ran = subprocess.run(words, cwd=Path(__file__).parents[3])
    assert ran.returncode == -signal.SIGXFSZ
    assert [one for one in tmp_path.rglob("*") if one.is_file()], "it was killed too early"
    shelf = Shelf(recipe=RECIPE, source=SOURCE, models_dir=tmp_path)
    shelf.keep({"a": torch.zeros(2)})
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [shelf.path]


def test_what_another_process_is_writing_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves = [
        Shelf(recipe=recipe, source=SOURCE, models_dir=tmp_path)
        for recipe in (RECIPE, Recipe(precision="nf4", dtype="bfloat16", origin="first"))
    ]

    def meanwhile(path: Path) -> str:
        shelves[1].sweep()
        return sha256_of(path)

    monkeypatch.setattr(quantized, "sha256_of", meanwhile)
    shelves[0].keep({"a": torch.zeros(2)})
    monkeypatch.undo()
    assert shelves[0].path and is_sound(shelves[0].path)


def test_what_can_not_be_read_is_damaged(tmp_path: Path) -> None:
    shelf = Shelf(recipe=RECIPE, source=SOURCE, models_dir=tmp_path)
    shelf.keep({"a": torch.zeros(2)})
    (path,) = kept(SOURCE, tmp_path)
    path.unlink()
    path.mkdir()
    assert [one.state for one in verify_kept(SOURCE, tmp_path)] == ["damaged"]
