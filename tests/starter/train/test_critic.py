"""The critic learns from spoiled pictures whose truth is exact, mirrored ones too."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ourvidz.starter.critic import ANSWERS, FRAMES, HEIGHT, WIDTH, Critic, CriticNet
from ourvidz.starter.train import critic
from ourvidz.starter.train.run import How
from ourvidz.starter.world import is_held_out, render_scene


def test_a_step_of_training_leaves_weights_that_read(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    critic.train(tmp_path / "critic", How(minutes=1e-6))
    path = critic.export(tmp_path / "critic", tmp_path / "weights")
    assert path.stat().st_size < 4 * 2**20
    scene = next(critic.training_scenes(random.Random(0)))
    read = Critic.load(path).read(render_scene(scene, frames=[0, 80]))
    assert all(getattr(read, name) in answers for name, answers in ANSWERS.items())


def test_no_training_scene_is_held_out() -> None:
    scenes = critic.training_scenes(random.Random(0))
    assert not any(is_held_out(next(scenes)) for _ in range(300))


def test_mirrored_clips_go_the_other_way() -> None:
    batch = critic.clips(random.Random(0), 12)
    assert batch.looks.shape == (24, FRAMES, 3, HEIGHT, WIDTH)
    ways = [truth.direction for truth in batch.truths]
    mirrored = {"left": "right", "right": "left"}
    assert ways[12:] == [mirrored.get(way, way) for way in ways[:12]]
    assert {"left", "right"} <= set(ways)
    flat = [replace(truth, direction="none") for truth in batch.truths]
    assert flat[:12] == flat[12:]


def test_the_subject_is_where_training_says() -> None:
    """What changes when only the subject's colour changes is the subject."""
    rng = random.Random(1)
    scenes = critic.training_scenes(rng)
    for scene in (next(scenes) for _ in range(120)):
        cell = critic._spot(scene, 40, 1)
        if cell == -100:
            assert scene.camera.startswith("zoom")
            continue
        other = replace(scene, color="blue" if scene.color != "blue" else "yellow")
        a, b = (render_scene(s, frames=[40])[0].astype(int) for s in (scene, other))
        row, column = divmod(cell, 14)
        assert critic._spot(scene, 40, -1) == row * 14 + 13 - column
        near = (
            slice(max(0, row - 1) * 16, row * 16 + 32),
            slice(max(0, column - 1) * 16, column * 16 + 32),
        )
        changed = abs(a - b).max(-1) > 24
        assert changed[near].sum() > 0.4 * changed.sum(), scene


def test_spoiling_keeps_range_and_shape_and_never_repeats() -> None:
    torch.manual_seed(0)
    x = critic.stills(random.Random(0), 4).looks
    once, twice = critic.spoiled(x), critic.spoiled(x)
    assert once.shape == x.shape and once.abs().max() <= 1
    assert not torch.equal(once, twice)


def test_hour_and_weather_of_space_are_not_learnt() -> None:
    scenes = (s for s in critic.training_scenes(random.Random(0)) if s.place == "space")
    truth = critic.Attributes.of(next(scenes))
    logits = {name: torch.zeros(1, len(answers)) for name, answers in ANSWERS.items()}
    found = critic.accuracy(logits, [truth])
    assert found["time"] != found["time"] and found["place"] in (0.0, 1.0)


@pytest.mark.parametrize("times", [1, FRAMES])
def test_where_the_network_looks_sums_to_one(times: int) -> None:
    logits, maps = CriticNet()(torch.zeros(2, times, 3, HEIGHT, WIDTH))
    assert torch.allclose(maps.sum((-1, -2)), torch.ones(2, times, maps.shape[2]))
    assert set(logits) == set(ANSWERS) - (set() if times == FRAMES else {"direction"})
