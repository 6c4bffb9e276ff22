"""What a stop, a full disk or an older pull left behind: used where it is right, else gone."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.weights import manifest as manifests
from ourvidz.pipeline.weights.convert import to_bf16
from ourvidz.pipeline.weights.disk import writable
from ourvidz.pipeline.weights.hub import Hub
from ourvidz.pipeline.weights.manifest import NAME, Entry, Manifest, OnBytes, sha256_of
from ourvidz.pipeline.weights.parts import parts_of
from ourvidz.pipeline.weights.pull import check_disk, pull, survey
from ourvidz.pipeline.weights.verify import verify
from tests.files import disk_full_after
from tests.hub_server import HubServer
from tests.pipeline.weights.conftest import MODEL, fetch

TRANSFORMER = {part.name: part for part in parts_of(MODEL)}["transformer"]
SHARD = "diffusion_pytorch_model-00002-of-00003.safetensors"


def test_a_conversion_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(4_000)}, tmp_path / "original.safetensors")
    (tmp_path / "made").mkdir()
    with disk_full_after(2_000), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        to_bf16(tmp_path / "original.safetensors", tmp_path / "made" / "a", frozenset())
    assert [*(tmp_path / "made").iterdir()] == []


def left_whole(published: Path, models_dir: Path, name: str) -> Path:
    """A file of the transformer as a stop between its download and its conversion leaves it."""
    original = TRANSFORMER.draft(models_dir) / ".original" / name
    original.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(published / TRANSFORMER.source.name / "transformer" / name, original)
    return original


def test_a_file_that_came_whole_before_a_stop_is_not_fetched_again(
    published: Path, tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    bare, _ = check_disk(survey([TRANSFORMER], tmp_path, hub), tmp_path)
    original = left_whole(published, tmp_path, SHARD)
    needed, _ = check_disk(survey([TRANSFORMER], tmp_path, hub), tmp_path)
    assert needed == bare - original.stat().st_size
    fetch(TRANSFORMER, tmp_path, hub)
    assert server.requests[SHARD] == 0
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_a_file_that_only_looked_whole_is_refused_and_then_fetched(
    published: Path, tmp_path: Path, hub: Hub
) -> None:
    original = left_whole(published, tmp_path, SHARD)
    original.write_bytes(bytes(original.stat().st_size))
    with pytest.raises(Unavailable, match="run the same command again"):
        fetch(TRANSFORMER, tmp_path, hub)
    fetch(TRANSFORMER, tmp_path, hub)
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_two_pulls_of_one_part_do_not_write_the_same_file(tmp_path: Path, hub: Hub) -> None:
    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    refused: list[str] = []

    def meanwhile(count: int) -> None:
        if not refused:
            with pytest.raises(Unavailable, match="another process is fetching") as caught:
                pull(errand, tmp_path, hub, lambda count: None)
            refused.append(str(caught.value))

    pull(errand, tmp_path, hub, meanwhile)
    assert refused and verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_who_comes_second_leaves_what_the_first_one_finished(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    home = fetch(TRANSFORMER, tmp_path, hub)
    (home / SHARD).unlink()
    asked = [survey([TRANSFORMER], tmp_path, hub)[0] for _ in range(2)]
    assert len(asked[1].missing) == 1
    for errand in asked:
        pull(errand, tmp_path, hub, lambda count: None)
    assert server.requests[SHARD] == 2
    assert verify(TRANSFORMER.source, tmp_path).says.startswith("5 files")


def test_two_that_find_damage_at_once_leave_what_is_sound(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading tens of gigabytes takes minutes, in which another process may find it too."""
    home = fetch(TRANSFORMER, tmp_path, hub)
    (home / SHARD).unlink()
    others = iter([lambda: survey([TRANSFORMER], tmp_path, hub)])

    def meanwhile(path: Path, on_bytes: OnBytes) -> str:
        if other := next(others, None):
            other()
        return sha256_of(path, on_bytes)

    monkeypatch.setattr(manifests, "sha256_of", meanwhile)
    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    assert next(others, None) is None and [one.name for one in errand.missing] == [SHARD]


def test_the_rest_of_a_pull_needs_no_room_for_what_is_here(tmp_path: Path, hub: Hub) -> None:
    """A part that is kept in half of the bytes, with half of it done."""
    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    part = replace(TRANSFORMER, bf16_bytes=errand.fetch_bytes // 2)
    whole = replace(errand, part=part)
    shards = [one for one in errand.missing if one.name.endswith(".safetensors")]
    rest = replace(whole, missing=tuple(shards[:1]))
    (needed, _), (all_needed, _) = (check_disk([one], tmp_path) for one in (rest, whole))
    assert 1.5 * shards[0].bytes <= needed < 1.6 * shards[0].bytes
    assert all_needed < 0.53 * errand.fetch_bytes + max(one.bytes for one in shards)


def test_what_older_pulls_left_does_not_come_along(tmp_path: Path, hub: Hub) -> None:
    draft = TRANSFORMER.draft(tmp_path)
    (draft / "a_folder").mkdir(parents=True)
    for name in ("diffusion_pytorch_model-00001-of-00009.safetensors", f".{SHARD}", "x.part"):
        (draft / name).write_bytes(b"of another revision, or half converted")
    home = fetch(TRANSFORMER, tmp_path, hub)
    manifest = Manifest.read(home)
    assert manifest and {path.name for path in home.iterdir()} == {*manifest.files, NAME}


def test_a_disk_that_fills_up_while_a_file_is_converted_is_told_and_gone_on_with(
    published: Path, tmp_path: Path, hub: Hub
) -> None:
    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    for number in "123":
        left_whole(published, tmp_path, SHARD.replace("00002", f"0000{number}"))
    says = r"disk: .* can not be written .*OURVIDZ_HOME"
    with disk_full_after(2_000), pytest.raises(Unavailable, match=says):
        pull(errand, tmp_path, hub, lambda count: None)
    assert [path for path in tmp_path.rglob("*.safetensors") if ".original" not in path.parts] == []
    fetch(TRANSFORMER, tmp_path, hub)
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_a_full_disk_and_one_that_can_not_be_written_want_different_things(tmp_path: Path) -> None:
    for number, advice in ((errno.ENOSPC, "free some space"), (errno.EROFS, "writable folder")):
        with pytest.raises(Unavailable, match=advice), writable(tmp_path):
            raise OSError(number, os.strerror(number))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that is unreadable")
def test_a_file_that_can_not_be_read_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/proc/self/mem")  # no disk reads its first byte
    entry = Entry(bytes=0, sha256="0", origin="0")
    manifest = Manifest(repository="a/b", revision="c", precision="bf16", files={"a": entry})
    assert [*manifest.damaged(tmp_path)] == ["a"]
