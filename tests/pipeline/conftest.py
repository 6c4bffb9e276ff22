"""Managers and language models for all tests of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ourvidz.pipeline.language import LanguageModel, load_sentences, load_small_model
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.template import Template
from tests.tiny import save_tiny_starter


@pytest.fixture(scope="session")
def manager(tmp_path_factory: pytest.TempPathFactory) -> ModelManager:
    """The starter family with tiny random weights, on the CPU."""
    torch.set_num_threads(1)
    models_dir = save_tiny_starter(tmp_path_factory.mktemp("models"))
    return ModelManager(models_dir=models_dir, device="cpu")


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> ModelManager:
    """A manager whose folder keeps the converted small model."""
    return ModelManager(models_dir=tmp_path_factory.mktemp("models"), device="cpu")


@pytest.fixture(scope="session")
def damaged_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a power cut may leave of the converted small model."""
    copy = tmp_path_factory.mktemp("damaged") / "smollm2-135m-bf16"
    copy.mkdir()
    (copy / "config.json").write_text("{")
    return copy


@pytest.fixture(scope="session")
def small_model(damaged_copy: Path) -> LanguageModel:
    """The small model as it is read from the wheel when its copy is no good."""
    return load_small_model(damaged_copy.parent, torch.bfloat16)


@pytest.fixture(scope="session")
def template() -> Template:
    return Template(load_sentences(None))
