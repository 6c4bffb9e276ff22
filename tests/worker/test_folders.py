"""What a worker keeps on its disk, and what it deletes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from ourvidz.domain.errors import Unavailable
from ourvidz.worker.folders import Folders
from tests.files import lease

DAY_S = 24 * 3600.0


def kept(root: Path, age_s: float, size: int = 10) -> Path:
    """A job's folder that was last used so long ago."""
    folder = root / str(uuid4())
    (folder / "stages").mkdir(parents=True)
    (folder / "stages" / "latents.safetensors").write_bytes(bytes(size))
    for path in (folder / "stages", folder):
        os.utime(path, (time.time() - age_s,) * 2)
    return folder


def test_an_attempt_begins_with_an_empty_folder_and_the_stages_of_the_last(tmp_path: Path) -> None:
    folders, one = Folders(tmp_path, DAY_S, 10**9), lease()
    (folders.open(one) / "half.mp4").write_bytes(b"x")
    folders.stages(one).mkdir()
    assert list(folders.open(one).iterdir()) == []
    folders.close(one, is_over=False)
    assert folders.stages(one).exists()
    folders.close(one, is_over=True)
    assert list(tmp_path.iterdir()) == []


def test_old_folders_go_and_nothing_else_that_lies_there(tmp_path: Path) -> None:
    old, young = kept(tmp_path, 2 * DAY_S), kept(tmp_path, 60)
    (tmp_path / "notes").mkdir()
    os.utime(tmp_path / "notes", (0, 0))
    assert Folders(tmp_path, DAY_S, 10**9).sweep() == 1
    assert not old.exists() and young.exists() and (tmp_path / "notes").exists()


def test_the_oldest_go_first_when_all_are_too_large(tmp_path: Path) -> None:
    three, two, one = (kept(tmp_path, hours * 3600, 1000) for hours in (5, 4, 3))
    Folders(tmp_path, DAY_S, 2500).sweep()
    assert not three.exists() and two.exists() and one.exists()


def test_a_folder_that_may_be_in_use_stays_however_large(tmp_path: Path) -> None:
    young = kept(tmp_path, 60, 1000)
    assert Folders(tmp_path, DAY_S, 10).sweep() == 0
    assert young.exists()


def test_a_place_that_can_not_be_used_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folders = Folders(tmp_path / "file" / "scratch", DAY_S, 10**9)
    assert not folders.has_room()
    with pytest.raises(Unavailable, match="disk"):
        folders.open(lease())
    assert folders.sweep() == 0


def test_nobody_else_on_the_machine_reads_what_people_typed(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "scratch", DAY_S, 10**9)
    assert folders.has_room()
    assert folders.root.stat().st_mode & 0o077 == 0
