"""The manager loads once, keeps, forgets when told, and serves one job at a time."""

from __future__ import annotations

import threading

import pytest
import torch

from ourvidz.pipeline.manager import ModelManager


def cpu() -> ModelManager:
    return ModelManager(device="cpu")


def test_a_component_is_loaded_when_first_asked_for_and_then_kept() -> None:
    manager, loads = cpu(), []

    def load() -> torch.nn.Module:
        loads.append(1)
        return torch.nn.Linear(2, 2)

    first = manager.component("starter/vae", load)
    assert manager.component("starter/vae", load) is first
    assert loads == [1]


def test_a_component_in_use_is_on_the_device() -> None:
    manager = cpu()
    manager.component("a", lambda: torch.nn.Linear(2, 2))
    manager.component("b", lambda: torch.nn.Linear(3, 3))
    with manager.on_gpu("a") as module:
        assert module.weight.device == manager.device
    with manager.on_gpu("a", "b") as (a, b):
        assert (a.in_features, b.in_features) == (2, 3)


def test_evicting_a_family_leaves_the_others() -> None:
    manager = cpu()
    for name in ("starter/vae", "enhancer/llm"):
        manager.component(name, lambda: torch.nn.Linear(2, 2))
    manager.evict("starter/")
    with pytest.raises(KeyError):
        manager.get("starter/vae")
    assert manager.get("enhancer/llm").in_features == 2


def test_embeds_are_remembered_and_the_oldest_forgotten() -> None:
    manager, made = cpu(), []

    def embeds(text: int) -> torch.Tensor:
        return manager.embeds(text, lambda: made.append(text) or torch.zeros(1))

    embeds(0)
    embeds(0)
    assert made == [0]
    for text in range(1, 64):
        embeds(text)
    embeds(0)  # used again, so 1 is now the oldest
    embeds(64)
    made.clear()
    embeds(0)
    embeds(1)
    assert made == [1]


def test_a_second_thread_waits_for_the_job_of_the_first() -> None:
    manager = cpu()
    order: list[str] = []

    def second() -> None:
        with manager.job():
            order.append("second")

    with manager.job():
        thread = threading.Thread(target=second)
        thread.start()
        with manager.job():  # the owner may enter again
            order.append("first")
        thread.join(timeout=0.05)
        assert order == ["first"]
    thread.join()
    assert order == ["first", "second"]
