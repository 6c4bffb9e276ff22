"""A repository of tiny weights in the published layout: fp32, in shards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from ourvidz.domain.catalog import family
from ourvidz.pipeline.weights.hub import Hub
from ourvidz.pipeline.weights.parts import Part
from ourvidz.pipeline.weights.pull import pull, survey
from tests.hub_server import COMMIT, HubServer, serving, sibling
from tests.tiny import tiny_transformer, tiny_vae

MODEL = "wan2.1-1.3b"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of repositories; the model's one also holds files that nobody needs."""
    root = tmp_path_factory.mktemp("published")
    repository = root / family(MODEL).checkpoints[0].components[0].source.name
    torch.manual_seed(0)
    config = UMT5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False,
    )  # fmt: skip
    UMT5EncoderModel(config).save_pretrained(repository / "text_encoder", max_shard_size="20KB")
    tiny_transformer().save_pretrained(repository / "transformer", max_shard_size="60KB")
    tiny_vae().save_pretrained(repository / "vae")
    (repository / "tokenizer").mkdir()
    (repository / "tokenizer" / "tokenizer_config.json").write_text("{}")
    (repository / "transformer" / "other_layout.safetensors").write_bytes(b"not needed")
    (repository / "transformer" / "pytorch_model.bin").write_bytes(b"a pickle")
    (repository / "README.md").write_text("about")
    return root


@pytest.fixture
def server(published: Path) -> Iterator[HubServer]:
    """A hub that has it."""
    with serving(published) as running:
        yield running


def fill_cache(published: Path, cache: Path) -> Path:
    """The transformer as the hub's own client keeps it: links named by file to named blobs.

    Returns the folder of the links.
    """
    repository = family(MODEL).checkpoints[0].components[0].source.name
    home = cache / f"models--{repository.replace('/', '--')}"
    for path in (published / repository / "transformer").iterdir():
        about = sibling(path, published / repository)
        lfs = about.get("lfs")
        digest = lfs["sha256"] if isinstance(lfs, dict) else about["blobId"]
        blob = home / "blobs" / str(digest)
        blob.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blob)
        link = home / "snapshots" / COMMIT / "transformer" / path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    return home / "snapshots" / COMMIT / "transformer"


@pytest.fixture
def hub(server: HubServer) -> Iterator[Hub]:
    """Its client, which waits for nothing."""
    with closing(Hub(server.endpoint, pause_s=0)) as client:
        yield client


def fetch(part: Part, models_dir: Path, hub: Hub) -> Path:
    """One part, all the way; returns its home."""
    (errand,) = survey([part], models_dir, hub)
    return pull(errand, models_dir, hub, lambda count: None)
