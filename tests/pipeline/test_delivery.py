"""Names of results tell what is inside and are never taken twice."""

from __future__ import annotations

from pathlib import Path

from ourvidz.pipeline.delivery import free_stem, prepare_folder


def test_a_folder_is_made_when_missing(tmp_path: Path) -> None:
    assert prepare_folder(tmp_path / "a" / "b").is_dir()


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "a-cat-7.jpg").touch()
    assert free_stem(tmp_path, "a cat", 7, ".mp4", ".jpg").name == "a-cat-7-2"
    (tmp_path / "a-cat-7-2.mp4").touch()
    assert free_stem(tmp_path, "a cat", 7, ".mp4", ".jpg").name == "a-cat-7-3"


def test_a_clip_may_be_called_as_its_picture(tmp_path: Path) -> None:
    (tmp_path / "a-cat-7.png").touch()
    assert free_stem(tmp_path, "a cat", 7, ".mp4", ".jpg").name == "a-cat-7"
    assert free_stem(tmp_path, "a cat", 7, ".png").name == "a-cat-7-2"


def test_words_that_make_no_file_name_are_left_out(tmp_path: Path) -> None:
    assert free_stem(tmp_path, "../../etc/passwd", 1, ".png").name == "etc-passwd-1"
    assert free_stem(tmp_path, "кот", 1, ".png").name == "clip-1"
    assert len(free_stem(tmp_path, "x" * 2000, 1, ".png").name) < 80
