"""The shipped critic reads clips that it never saw, also soft and noisy ones."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from ourvidz.starter.critic import ANSWERS, WEIGHTS, Attributes, Critic, look
from ourvidz.starter.world import Scene, is_held_out, render_scene, sample_scene

MOMENTS = (0, 16, 32, 48, 64, 80)


@pytest.fixture(scope="module")
def critic() -> Critic:
    torch.set_num_threads(1)
    return Critic.load()


@pytest.fixture(scope="module")
def unseen() -> list[tuple[Scene, np.ndarray]]:
    """Scenes of combinations that nothing was trained on, and six frames of each."""
    rng = random.Random(11)
    scenes = (s for s in iter(lambda: sample_scene(rng), None) if is_held_out(s))
    return [(scene, render_scene(scene, frames=MOMENTS)) for scene in islice(scenes, 80)]


def shares(critic: Critic, clips: list[tuple[Scene, np.ndarray]]) -> dict[str, float]:
    marks: dict[str, list[bool]] = {name: [] for name in ANSWERS}
    for scene, frames in clips:
        for name, right in Attributes.of(scene).agrees(critic.read(frames)).items():
            marks[name].append(right)
    return {name: sum(rights) / len(rights) for name, rights in marks.items()}


def test_it_reads_what_it_never_saw(critic: Critic, unseen: list[tuple[Scene, np.ndarray]]) -> None:
    found = shares(critic, unseen)
    assert min(found.values()) >= 0.93, found


def test_a_soft_and_noisy_video_is_read_as_well(
    critic: Critic, unseen: list[tuple[Scene, np.ndarray]]
) -> None:
    rng = np.random.default_rng(0)

    def spoiled(frames: np.ndarray) -> np.ndarray:
        small = [Image.fromarray(f).resize((90, 51)).resize((224, 128)) for f in frames]
        noisy = np.stack([np.asarray(f) for f in small]) + rng.normal(0, 6, frames.shape)
        return noisy.clip(0, 255).astype(np.uint8)

    found = shares(critic, [(scene, spoiled(frames)) for scene, frames in unseen])
    assert min(found.values()) >= 0.88, found


def test_the_size_of_the_file_does_not_matter(
    critic: Critic, unseen: list[tuple[Scene, np.ndarray]]
) -> None:
    large = [
        (scene, np.stack([np.asarray(Image.fromarray(f).resize((640, 360))) for f in frames]))
        for scene, frames in unseen[:30]
    ]
    assert min(shares(critic, large).values()) >= 0.9


def test_a_clip_played_backwards_goes_the_other_way(critic: Critic) -> None:
    ball = Scene(
        place="meadow", time="day", weather="clear", subject="ball", color="purple",
        action="roll", direction="right", speed="fast", seed=3,
    )  # fmt: skip
    frames = render_scene(ball)
    assert critic.read(frames) == Attributes.of(ball)
    assert critic.read(frames[::-1]) == replace(Attributes.of(ball), direction="left")


def test_space_has_neither_hour_nor_weather() -> None:
    space = Attributes(
        place="space", time="night", weather="clear", subject="ufo", color="green",
        direction="up",
    )  # fmt: skip
    assert space.meant() == ("place", "subject", "color", "direction")
    assert all(space.agrees(replace(space, time="day", weather="rain")).values())
    assert not space.agrees(replace(space, color="red"))["color"]


def test_a_look_is_six_small_frames_of_any_clip() -> None:
    for frames in (np.zeros((1, 40, 60, 3), np.uint8), np.full((33, 720, 1280, 3), 255, np.uint8)):
        x = look(frames)
        assert x.shape == (6, 3, 64, 112)
        assert torch.allclose(x, torch.full_like(x, frames.max() / 127.5 - 1), atol=1e-5)


def test_the_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 4 * 2**20
