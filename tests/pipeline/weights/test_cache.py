"""The hub's cache as an origin: what other programs have left half done there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub.constants
import pytest

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.weights.cache import Cache
from ourvidz.pipeline.weights.parts import parts_of
from ourvidz.pipeline.weights.pull import pull, survey
from ourvidz.pipeline.weights.verify import verify
from tests.pipeline.weights.conftest import MODEL, fill_cache

TRANSFORMER = {part.name: part for part in parts_of(MODEL)}["transformer"]
SHARD = "diffusion_pytorch_model-00002-of-00003.safetensors"
LIST = "diffusion_pytorch_model.safetensors.index.json"


@pytest.fixture
def snapshot(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of links to the transformer's files."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return fill_cache(published, tmp_path / "cache")


def convert(models_dir: Path) -> None:
    for errand in survey([TRANSFORMER], models_dir, Cache()):
        pull(errand, models_dir, Cache(), lambda count: None)


def empty(link: Path) -> None:
    link.resolve().unlink()


def cut(link: Path) -> None:
    link.resolve().write_bytes(link.read_bytes()[:100])


def flip(link: Path) -> None:
    content = bytearray(link.read_bytes())
    content[-1] ^= 1
    link.resolve().write_bytes(content)


def copy(link: Path) -> None:
    content = link.read_bytes()
    link.unlink()
    link.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "harm", "says"),
    [
        (SHARD, Path.unlink, f"{SHARD} missing or cut"),
        (SHARD, empty, f"{SHARD} missing or cut"),
        (SHARD, cut, f"{SHARD} missing or cut"),
        (SHARD, flip, "is damaged in the hub's cache"),
        (SHARD, copy, "plain file"),
        (LIST, Path.unlink, f"{LIST} missing or cut"),
        (LIST, cut, f"{LIST} missing or cut"),
        ("config.json", copy, "plain file"),
        ("config.json", flip, "missing or cut"),
    ],
)
def test_half_a_download_is_not_converted(
    snapshot: Path, tmp_path: Path, name: str, harm: Callable[[Path], object], says: str
) -> None:
    harm(snapshot / name)
    with pytest.raises(Unavailable) as caught:
        convert(tmp_path / "models")
    assert says in str(caught.value) and "or use `ourvidz models pull`" in str(caught.value)
    assert not TRANSFORMER.home(tmp_path / "models").exists()


def test_a_link_that_leads_nowhere_is_named(snapshot: Path, tmp_path: Path) -> None:
    (snapshot / "extra.txt").symlink_to(tmp_path / ("0" * 40))
    with pytest.raises(Unavailable, match="leads nowhere"):
        convert(tmp_path / "models")
    verdict = verify(TRANSFORMER.source, None)
    assert verdict.state == "damaged" and verdict.says.endswith(": extra.txt")


def test_it_goes_on_when_the_cache_is_whole_again(snapshot: Path, tmp_path: Path) -> None:
    blob = (snapshot / SHARD).resolve()
    shutil.copyfile(blob, tmp_path / "kept")
    flip(snapshot / SHARD)
    with pytest.raises(Unavailable):
        convert(tmp_path / "models")
    shutil.copyfile(tmp_path / "kept", blob)
    convert(tmp_path / "models")
    assert verify(TRANSFORMER.source, tmp_path / "models").state == "sound"
