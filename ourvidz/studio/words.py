"""The sentences of a project as a model is given them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.library import Character, Project
from ourvidz.domain.request import MAX_PROMPT_CHARS
from ourvidz.studio.door import Studio
from ourvidz.studio.drafts import character_of


@dataclass(frozen=True, kw_only=True)
class Words:
    """prompt: the user's, with the character. enhanced: what is used instead, if anything."""

    prompt: str
    enhanced: str | None
    negative: str


def words_of(me: Identity, studio: Studio, project: Project) -> Words:
    """What a still or a clip of this project is made from.

    Raises InvalidRequest when there is nothing to be seen yet, or too much with the character.
    """
    if not project.prompt.strip():
        raise InvalidRequest("prompt", "is empty; describe what should be seen")
    character = None
    if project.character_id is not None:
        character = character_of(me, studio, project.character_id)
    enhanced = project.enhanced_prompt if project.use_enhanced else None
    return Words(
        prompt=_with(character, project.prompt),
        enhanced=_with(character, enhanced) if enhanced else None,
        negative=project.negative_prompt,
    )


def introduced(name: str, description: str, tags: Iterable[str]) -> str:
    """A character in one sentence.

    >>> introduced("Mia", "a girl with red hair.", ["green coat", "hat"])
    'Mia: a girl with red hair, green coat, hat.'
    """
    looks = [part.strip().rstrip(".") for part in (description, *tags) if part.strip()]
    return f"{name.strip()}: {', '.join(looks)}." if looks else ""


def _with(character: Character | None, text: str) -> str:
    """The character first: models read the beginning of a long text best, and cut its end."""
    if character is None:
        return text
    sentence = introduced(character.name, character.description, character.tags)
    whole = f"{sentence} {text}".strip()
    if len(whole) > MAX_PROMPT_CHARS:
        raise InvalidRequest(
            "prompt",
            f"has {len(whole)} characters together with {character.name}'s description; shorten "
            f"one of them by {len(whole) - MAX_PROMPT_CHARS}",
        )
    return whole
