"""What every test can rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are skipped, and reported as such, where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture(scope="module", autouse=True)
def no_loop_is_left() -> Iterator[None]:
    """Gradio makes a loop for the main thread; left alone, another test is told to have lost it."""
    yield
    try:
        loop = asyncio.get_event_loop()
    except RuntimeError:
        return
    if not loop.is_running():
        loop.close()
        asyncio.set_event_loop_policy(None)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OURVIDZ_HOME with tiny random-weight starter models; keeps what is converted there."""
    from tests.tiny import save_tiny_starter  # loads torch, which most rooms do not need

    folder = tmp_path_factory.mktemp("home")
    save_tiny_starter(folder / "models")
    return folder
