"""No press and nothing that was typed is left out because an earlier answer is still awaited."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from ourvidz.web.guard import Desk
from ourvidz.web.studio_app import PAGES, make_blocks
from ourvidz.web.widgets.place import READ_ADDRESS

#: Gradio leaves event loops open while it puts pages together.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def events() -> list[tuple[str, Any]]:
    """(name, handler) of everything that happens on the pages; nobody is there to be asked."""
    nobody: Any = None
    blocks = make_blocks(Desk(studio=nobody, sessions=nobody, cookies=nobody), PAGES, "OurVidz")
    gc.collect()  # here, where that is known
    return [(target[1], one) for one in blocks.fns.values() for target in one.targets]


def test_boards_take_every_press(events: list[tuple[str, Any]]) -> None:
    boards = [one for name, one in events if name == "act" and not one.inputs]
    assert len(boards) == 4  # films, library, characters, the ledger
    assert {one.trigger_mode for one in boards} == {"multiple"}


def test_what_is_typed_is_kept_while_earlier_words_are_on_their_way(
    events: list[tuple[str, Any]],
) -> None:
    kept = [one for name, one in events if name == "blur"]
    assert len(kept) == 4  # idea, what should not be seen, seed, enhanced words
    assert {one.trigger_mode for one in kept} == {"multiple"}


def test_back_shows_the_address_as_it_is_when_it_is_asked_for(
    events: list[tuple[str, Any]],
) -> None:
    (back,) = [one for name, one in events if name == "back"]
    assert (back.trigger_mode, back.js) == ("always_last", READ_ADDRESS)
