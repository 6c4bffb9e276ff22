"""Quantized weights on a disk where something was left, or can not be read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from ourvidz.domain.family import Source
from ourvidz.pipeline.weights.quantized import Recipe, Shelf, is_sound, kept
from ourvidz.pipeline.weights.verify import verify_kept

SOURCE = Source(kind="hub", name="nobody/tiny", folder="transformer")
RECIPE = Recipe(precision="int8", dtype="bfloat16", origin="first")


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


def test_what_can_not_be_read_is_damaged(tmp_path: Path) -> None:
    shelf = Shelf(recipe=RECIPE, source=SOURCE, models_dir=tmp_path)
    shelf.keep({"a": torch.zeros(2)})
    (path,) = kept(SOURCE, tmp_path)
    path.unlink()
    path.mkdir()
    assert [one.state for one in verify_kept(SOURCE, tmp_path)] == ["damaged"]
