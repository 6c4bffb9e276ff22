"""The recipes of the starter as they are, but with tiny networks and small shards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ourvidz.starter.train import data, transformer, vae


@pytest.fixture(scope="session")
def tiny_recipes() -> Iterator[None]:
    """Sizes only: every line of training runs as it does for the shipped models."""
    torch.set_num_threads(1)
    changes = (
        (vae.CONFIG, {"base_dim": 8, "decoder_base_dim": 8}),
        (transformer.CONFIG, {"num_attention_heads": 1, "attention_head_dim": 24}),
        (transformer.CONFIG, {"num_layers": 2, "ffn_dim": 32, "freq_dim": 32}),
        (data.SHARD, {"image": 3, "clip": 1}),
    )
    with pytest.MonkeyPatch.context() as patch:
        for config, sizes in changes:
            for name, value in sizes.items():
                patch.setitem(config, name, value)  # type: ignore[arg-type]
        patch.setattr(vae, "_CLIPS", ((5, 1),))
        yield
