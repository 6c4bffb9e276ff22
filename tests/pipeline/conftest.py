"""One manager with tiny models for all tests of the pipeline."""

from __future__ import annotations

import pytest
import torch

from ourvidz.pipeline.manager import ModelManager
from tests.tiny import save_tiny_starter


@pytest.fixture(scope="session")
def manager(tmp_path_factory: pytest.TempPathFactory) -> ModelManager:
    """The starter family with tiny random weights, on the CPU."""
    torch.set_num_threads(1)
    models_dir = save_tiny_starter(tmp_path_factory.mktemp("models"))
    return ModelManager(models_dir=models_dir, device="cpu")
