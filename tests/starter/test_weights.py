"""The weights that ship are what the catalog says, small enough, and in diffusers' layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from ourvidz.domain.catalog import family
from ourvidz.domain.family import Checkpoint

WEIGHTS = Path(__file__).parents[2] / "ourvidz" / "starter" / "weights"
FILES = sorted(WEIGHTS.rglob("*.safetensors"))
CHECKPOINTS = family("starter").checkpoints


def parameters(folder: Path) -> int:
    count = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                size = 1
                for side in file.get_slice(name).get_shape():
                    size *= side
                count += size
    return count


@pytest.mark.parametrize("checkpoint", CHECKPOINTS, ids=lambda c: c.abilities[0])
@pytest.mark.parametrize("name", ["transformer", "vae"])
def test_the_catalog_knows_their_size(checkpoint: Checkpoint, name: str) -> None:
    part = next(part for part in checkpoint.components if part.name == name)
    assert parameters(WEIGHTS.parent / part.source.folder) == part.parameters


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(WEIGHTS)))
def test_no_file_is_above_16_mib(path: Path) -> None:
    assert path.stat().st_size <= 16 * 2**20


@pytest.mark.parametrize("folder", ["text_to_video", "image_to_video"])
def test_the_scheduler_predicts_what_the_catalog_says(folder: str) -> None:
    config = json.loads((WEIGHTS / folder / "scheduler" / "scheduler_config.json").read_text())
    assert {c.prediction_type for c in CHECKPOINTS} == {config["prediction_type"]}
