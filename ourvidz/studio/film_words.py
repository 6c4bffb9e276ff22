"""The words of a film as a model is given them: each scene with the characters it shows."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Film
from ourvidz.domain.library import Character
from ourvidz.domain.request import MAX_PROMPT_CHARS
from ourvidz.domain.scene import Scene
from ourvidz.domain.storyboard import Storyboard
from ourvidz.studio.door import Studio
from ourvidz.studio.words import introduced


def film_of(me: Identity, studio: Studio, board: Storyboard) -> Film:
    """The film with its characters introduced in every scene that names them.

    Raises InvalidRequest naming the scene that can not be rendered, and what to change in it.
    """
    film = board.film
    return film.replace(scenes=told(me, studio, film.scenes))


def told(
    me: Identity, studio: Studio, scenes: tuple[Scene, ...], *, strict: bool = True
) -> tuple[Scene, ...]:
    """The scenes, each beginning with its characters: models read the beginning best.

    strict: a name that is no character's, and more words than a model takes, are errors; else
    they are left as they are.
    """
    if not any(scene.characters for scene in scenes):
        return scenes
    known = {one.name.casefold(): one for one in studio.records.characters(me)}
    return tuple(
        _with(scene, known, f"scenes[{index}]" if strict else None)
        for index, scene in enumerate(scenes)
    )


def recipe_of(film: Film, scene: Scene) -> str:
    """Tells whether a picture of a scene was made from these words; the seed is not among them."""
    words = (film.model, scene.prompt, scene.enhanced_prompt or "", film.negative_prompt)
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:32]


def keyframes_from_other_words(
    me: Identity, studio: Studio, before: Storyboard, after: Storyboard
) -> list[str]:
    """Keys of approved pictures whose scene, or whose film's other words, has changed."""
    same = (before.model, before.negative_prompt) == (after.model, after.negative_prompt)
    now = {scene.id: scene for scene in after.scenes}
    changed = {
        scene.id
        for scene in before.scenes
        if scene.id in now and not (same and _says_the_same(scene, now[scene.id]))
    }
    if not changed:
        return []
    return [
        one.key
        for one in studio.records.pictures(me, after.id)
        if one.approved and one.key.partition("/")[0] in changed
    ]


def _says_the_same(one: Scene, other: Scene) -> bool:
    words = [(scene.prompt, scene.enhanced_prompt, scene.characters) for scene in (one, other)]
    return words[0] == words[1]


def _with(scene: Scene, known: dict[str, Character], where: str | None) -> Scene:
    sentences: list[str] = []
    for name in scene.characters:
        character = known.get(name.casefold())
        if character is not None:
            sentences.append(introduced(character.name, character.description, character.tags))
        elif where is not None:
            raise InvalidRequest(
                f"{where}.characters",
                f"there is no character {name[:40]!r}; make one or take the name out",
            )
    start = " ".join(filter(None, sentences))
    prompt = f"{start} {scene.prompt}".strip()
    enhanced = scene.enhanced_prompt and f"{start} {scene.enhanced_prompt}".strip()
    longest = max(len(prompt), len(enhanced or ""))
    if longest > MAX_PROMPT_CHARS:
        if where is None:
            return scene
        raise InvalidRequest(
            f"{where}.prompt",
            f"has {longest} characters together with its characters; shorten it by "
            f"{longest - MAX_PROMPT_CHARS}",
        )
    return replace(scene, prompt=prompt, enhanced_prompt=enhanced)
