"""What was judged once is not computed again, and counts as before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ourvidz.domain.errors import PolicyRefused
from ourvidz.safety.floor import SafetyFloor
from ourvidz.safety.heads import Floats, load_heads
from ourvidz.safety.memory import Memory
from tests.safety.conftest import Model


class Counted:
    """The sentence model, and what it was given."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.given: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.given += texts
        return self._model.embed(texts)


@pytest.fixture
def embed(model: Model) -> Counted:
    return Counted(model)


SCENES = [f"A red sailboat passes island {number} at sunset." for number in range(6)]


def test_of_a_film_that_is_saved_again_only_what_has_changed_is_read(
    embed: Counted, model: Model
) -> None:
    floor = SafetyFloor(embed, model.vocabulary)
    floor.check(SCENES)
    assert len(embed.given) >= len(SCENES)
    embed.given.clear()
    floor.check([*SCENES[:-1], "A white ferry passes them at night."])
    assert embed.given == ["a white ferry passes them at night."]


def test_what_is_remembered_is_judged_beside_what_is_new(embed: Counted, model: Model) -> None:
    floor = SafetyFloor(embed, model.vocabulary)
    floor.check([*SCENES, "A schoolgirl walks home."])
    with pytest.raises(PolicyRefused) as refused:
        floor.check([*SCENES, "A schoolgirl walks home.", "An erotic scene with her."])
    assert refused.value.category == "minor"
    for _ in range(2):
        with pytest.raises(PolicyRefused):
            floor.check(["Two adults having sex on a bed."])


def test_the_highest_score_of_each_head_counts_remembered_or_new(embed: Counted) -> None:
    memory = Memory(embed, load_heads())
    pieces = ["a schoolgirl walks home.", "two adults having sex.", "a boat."]
    alone = [memory.highest([piece]) for piece in pieces]
    together = {name: max(one[name] for one in alone) for name in alone[0]}
    assert memory.highest(pieces) == together
    assert Memory(embed, load_heads()).highest(pieces) == pytest.approx(together)
    assert memory.highest([]) == dict.fromkeys(together, 0.0)


def test_the_piece_that_was_not_asked_for_longest_is_forgotten(embed: Counted) -> None:
    memory = Memory(embed, load_heads(), most=2)
    for piece in ("one", "two", "one", "three"):
        memory.highest([piece])
    embed.given.clear()
    memory.highest(["one", "three", "two"])
    assert embed.given == ["two"]
