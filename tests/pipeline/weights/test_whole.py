"""What a folder of weights says of itself, when nothing says what its bytes should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ourvidz.domain.catalog import family
from ourvidz.domain.family import Source
from ourvidz.pipeline.weights.verify import verify
from ourvidz.pipeline.weights.whole import INDEX, lacking
from tests.pipeline.weights.conftest import MODEL

REPOSITORY = family(MODEL).checkpoints[0].components[0].source.name
SHARD = "diffusion_pytorch_model-00002-of-00003.safetensors"
LIST = f"diffusion_pytorch_model{INDEX}"
WHOLE = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A transformer in three shards, beside files that no loader reads."""
    return Path(shutil.copytree(published / REPOSITORY / "transformer", tmp_path / "transformer"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"0")


def halve(path: Path) -> None:
    path.write_text(path.read_text()[: path.stat().st_size // 2])


@pytest.mark.parametrize("name", ["transformer", "text_encoder", "vae", "tokenizer"])
def test_what_is_published_lacks_nothing(published: Path, name: str) -> None:
    assert [*lacking(published / REPOSITORY / name)] == []


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (SHARD, Path.unlink),
        (SHARD, cut),
        (SHARD, lengthen),
        (SHARD, lambda path: path.write_bytes(b"")),
        (SHARD, lambda path: path.write_bytes(b"\xff" * 100)),
        (LIST, Path.unlink),
        (LIST, halve),
        (LIST, lambda path: path.write_text("[]")),
        ("config.json", Path.unlink),
        ("config.json", halve),
        ("config.json", lambda path: path.write_text("[1]")),
        ("config.json", lambda path: path.write_bytes(b"\xff\xfe")),
    ],
)
def test_a_file_that_is_gone_or_cut_is_named(
    folder: Path, name: str, harm: Callable[[Path], object]
) -> None:
    harm(folder / name)
    assert [*lacking(folder)] == [name]
    source = Source(kind="hub", name="nobody", folder="transformer")
    (folder.parent / "nobody").mkdir()
    folder.rename(folder.parent / "nobody" / "transformer")
    verdict = verify(source, folder.parent)
    assert verdict.state == "damaged" and verdict.says.endswith(f": {name}")


def test_tokenizers_and_gguf_files_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("[1,")
    (tmp_path / "model.gguf").write_bytes(b"<html>")
    assert [*lacking(tmp_path)] == ["model.gguf", "tokenizer.json"]
    (tmp_path / "tokenizer.json").write_text("[1]")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert [*lacking(tmp_path)] == []


def test_a_configuration_without_its_weights_is_half_a_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "WanTransformer3DModel"}))
    assert [*lacking(tmp_path)] == [WHOLE]
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["UMT5EncoderModel"]}))
    assert [*lacking(tmp_path)] == ["model.safetensors"]
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": 1}))
    assert [*lacking(tmp_path)] == []


def test_weights_without_a_configuration_are_half_a_model(published: Path, tmp_path: Path) -> None:
    shutil.copyfile(published / REPOSITORY / "vae" / WHOLE, tmp_path / WHOLE)
    assert [*lacking(tmp_path)] == ["config.json"]
    (tmp_path / WHOLE).rename(tmp_path / "adapter.safetensors")
    assert [*lacking(tmp_path)] == []
