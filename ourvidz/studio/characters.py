"""Characters: who stays the same from clip to clip."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.library import Character, check_character
from ourvidz.studio.door import Studio, admit, as_id, judge
from ourvidz.studio.drafts import character_of

MAX_CHARACTERS = 200


def create_character(
    me: Identity, studio: Studio, name: str, description: str = "", tags: Sequence[str] = ()
) -> Character:
    """A new character. Its description and tags go into the prompt of a project that chose it.

    Raises PolicyRefused before anything is kept.
    """
    admit(me, studio, "write")
    texts = _checked(me, studio, name, description, tags)
    if len(studio.records.characters(me)) >= MAX_CHARACTERS:
        raise NotAllowed(f"You have {MAX_CHARACTERS} characters. Delete one that you do not need.")
    return studio.records.create_character(me, *texts)


def change_character(
    me: Identity,
    studio: Studio,
    character_id: UUID | str,
    name: str,
    description: str = "",
    tags: Sequence[str] = (),
) -> Character:
    """Replace a character's name, description and tags."""
    admit(me, studio, "write")
    found = character_of(me, studio, character_id)
    texts = _checked(me, studio, name, description, tags)
    return studio.records.change_character(me, found.id, *texts)


def characters(me: Identity, studio: Studio) -> list[Character]:
    """One's characters, oldest first."""
    admit(me, studio)
    return studio.records.characters(me)


def delete_character(me: Identity, studio: Studio, character_id: UUID | str) -> None:
    """Delete a character; projects that chose it go on without."""
    admit(me, studio, "write")
    studio.records.delete_character(me, as_id(character_id))


def _checked(
    me: Identity, studio: Studio, name: str, description: str, tags: Sequence[str]
) -> tuple[str, str, tuple[str, ...]]:
    """The texts as they are kept, allowed by the rules and by the policy."""
    is_list = isinstance(tags, Sequence) and not isinstance(tags, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not is_list or not all(isinstance(text, str) for text in (name, description, *tags)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequest("character", "name and description must be texts, tags a list of them")
    kept = tuple(tag.strip() for tag in tags if tag.strip())
    check_character(name, description, kept)
    judge(me, studio, [name, description, *kept])
    return name.strip(), description.strip(), kept
