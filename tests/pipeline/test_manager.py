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


def test_a_component_that_was_converted_tells_its_format() -> None:
    manager = cpu()
    manager.component("a/transformer", lambda: torch.nn.Linear(2, 2).bfloat16())
    assert manager.format("a/transformer") == "bfloat16"
    assert manager.names == ("a/transformer",)


def test_another_version_of_the_same_weights_takes_the_place_of_the_first() -> None:
    manager = cpu()
    for name in ("f/transformer/x", "f/transformer/y", "f/vae"):
        manager.component(name, lambda: torch.nn.Linear(2, 2))
    manager.keep_one("f/transformer/x/fp8", "f/transformer/x", 24)
    assert manager.names == ("f/transformer/y", "f/vae")


def test_what_was_found_once_is_not_looked_for_again() -> None:
    manager, looks = cpu(), []
    for _ in range(2):
        assert manager.once("key", lambda: looks.append(1) or "native") == "native"
    assert looks == [1]


@pytest.mark.gpu
def test_what_a_job_leaves_on_the_card_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    manager = ModelManager(device="cuda")
    manager.component("a/vae", lambda: torch.nn.Linear(4096, 4096))
    kept: list[torch.Tensor] = []
    for left in (0, 0, 2**27):
        with manager.job(), manager.on_gpu("a/vae"):
            kept.append(torch.zeros(left, dtype=torch.uint8, device="cuda"))
        assert ("left on the device" in caplog.text) == bool(left)
