r"""A storyboard as text: one paragraph per scene, with marks in brackets where one is wanted.

    A lighthouse on a cliff at dusk. [15s] [crossfade 0.5]

    Mara climbs the stairs with a lantern. [10s] [character Mara] [fade]

Marks are `[15s]`, `[2 min]`, `[cut]`, `[crossfade 0.5]`, `[fade]` and `[character NAME]`; the
transition is the one into the next scene. A bracket that is no mark is written `\[`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import FPS
from ourvidz.domain.scene import (
    MAX_SCENES,
    MAX_SECONDS,
    SHOT_S,
    Scene,
    Transition,
    check_scenes,
)

MAX_STORYBOARD_CHARS = 1_000_000

_PIECE = re.compile(r"\[(?P<mark>(?:\\.|[^\\\[\]])*)\]|(?P<text>\\.|[^\\\[]+|\\)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\\[\]])")
_LENGTH = re.compile(r"(\d{1,6}) ?(s|sec|min)")
_MARKS = "[15s], [cut], [crossfade 0.5], [fade] or [character NAME]"


def parse_storyboard(text: str, known: Sequence[Scene] = ()) -> tuple[Scene, ...]:
    """The scenes of a storyboard's text, checked.

    known: scenes of before; one with the same prompt keeps its id and its enhanced prompt. Other
    ids come from the words, so a scene keeps its own when others are put before it.

    Raises InvalidRequest naming the line and what to write there.

    >>> parse_storyboard("A cat sleeps. [10s] [fade]\\n\\nIt wakes up.")[0].seconds
    10
    >>> parse_storyboard("A cat sleeps. [loud]")
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: line 1: [loud] is no mark; write [15s], [cut], \
[crossfade 0.5], [fade] or [character NAME], or \\[ for a bracket
    """
    if len(text) > MAX_STORYBOARD_CHARS:
        raise InvalidRequest("storyboard", "has more than a million characters; shorten it")
    paragraphs = list(_paragraphs(text))
    if not paragraphs:
        raise InvalidRequest("storyboard", "is empty; write one paragraph for each scene")
    if len(paragraphs) > MAX_SCENES:
        raise InvalidRequest(
            "storyboard",
            f"has {len(paragraphs)} paragraphs, each a scene, and a film has at most {MAX_SCENES}; "
            "join or remove some",
        )
    drafts = [_draft(paragraph, line) for line, paragraph in paragraphs]
    scenes = _named(drafts, list(known))
    try:
        check_scenes(scenes)
    except InvalidRequest as error:
        raise _at_line(error, drafts) from error
    return scenes


def format_storyboard(scenes: Sequence[Scene]) -> str:
    """The text of scenes; `parse_storyboard(text, scenes)` gives them again.

    Line breaks in a prompt become spaces.

    >>> print(format_storyboard([Scene(id="a", prompt="A cat [asleep].", transition="fade")]))
    A cat \\[asleep\\]. [5s] [fade 0.5]
    """
    return "\n\n".join(_written(scene) for scene in scenes)


def scene_id(words: str, taken: Collection[str]) -> str:
    """An id made from the words of a scene that is not among those taken.

    >>> scene_id("A cat", ()) == scene_id("A cat", ()) != scene_id("A cat", {scene_id("A cat", ())})
    True
    """
    digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:8]
    number, name = 1, digest
    while name in taken:
        number += 1
        name = f"{digest}-{number}"
    return name


@dataclass
class _Draft:
    """What one paragraph says so far."""

    line: int
    words: list[str] = field(default_factory=list[str])
    seconds: int | None = None
    transition: Transition | None = None
    transition_s: float = 0.5
    characters: list[str] = field(default_factory=list[str])

    def refuse(self, reason: str) -> InvalidRequest:
        return InvalidRequest(f"line {self.line}", reason)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of every paragraph."""
    lines: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield start, "\n".join(lines)
            lines = []


def _draft(paragraph: str, line: int) -> _Draft:
    draft, at = _Draft(line), 0
    while at < len(paragraph):
        found = _PIECE.match(paragraph, at)
        if found is None:
            raise draft.refuse("a bracket is not closed; write ], or \\[ for a bracket")
        if found["mark"] is None:
            draft.words.append(_ESCAPED.sub(r"\1", found["text"]))
        else:
            _read_mark(draft, " ".join(found["mark"].split()))
        draft.line += found[0].count("\n")
        at = found.end()
    draft.line = line
    if not "".join(draft.words).strip():
        raise draft.refuse("a scene without text; describe what should be seen")
    return draft


def _read_mark(draft: _Draft, mark: str) -> None:
    kind, _, rest = mark.partition(" ")
    if length := _LENGTH.fullmatch(mark.lower()):
        if draft.seconds is not None:
            raise draft.refuse(f"a second length [{mark}]; a scene has one")
        draft.seconds = int(length[1]) * (60 if length[2] == "min" else 1)
        _check_seconds(draft, mark)
    elif kind.lower() in ("cut", "crossfade", "fade"):
        _read_transition(draft, kind.lower(), rest, mark)
    elif kind.lower() == "character" and rest:
        draft.characters.append(_ESCAPED.sub(r"\1", rest))
    else:
        raise draft.refuse(f"[{mark[:40]}] is no mark; write {_MARKS}, or \\[ for a bracket")


def _check_seconds(draft: _Draft, mark: str) -> None:
    seconds = draft.seconds or 0
    if seconds > MAX_SECONDS:
        raise draft.refuse(f"[{mark}] is too long; a film has at most {MAX_SECONDS // 60} minutes")
    if seconds < SHOT_S or seconds % SHOT_S:
        near = max(SHOT_S, round(seconds / SHOT_S) * SHOT_S)
        raise draft.refuse(f"[{mark}] is no multiple of {SHOT_S} s; write [{near}s]")


def _read_transition(draft: _Draft, kind: str, length: str, mark: str) -> None:
    if draft.transition is not None:
        raise draft.refuse(f"a second transition [{mark}]; a scene has one, into the next")
    draft.transition = "cut" if kind == "cut" else "fade" if kind == "fade" else "crossfade"
    if not length:
        return
    number = re.fullmatch(r"(\d(?:\.\d{1,6})?) ?s?", length)
    frames = float(number[1]) * FPS if number and kind != "cut" else 0
    if not 1 <= frames <= FPS:
        advice = "[cut]" if kind == "cut" else f"[{kind} 0.5], up to 1 second"
        raise draft.refuse(f"[{mark[:40]}] can not be read; write {advice}")
    draft.transition_s = round(frames) / FPS


def _named(drafts: Sequence[_Draft], known: list[Scene]) -> tuple[Scene, ...]:
    """Scenes with an id each; a known scene is used once."""
    taken = {scene.id for scene in known}
    scenes: list[Scene] = []
    for draft in drafts:
        prompt = " ".join("".join(draft.words).split())
        old = next((one for one in known if " ".join(one.prompt.split()) == prompt), None)
        if old is None:
            old = Scene(id=scene_id(prompt, taken), prompt=prompt)
            taken.add(old.id)
        else:
            known.remove(old)
        scenes.append(
            replace(
                old,
                seconds=draft.seconds or SHOT_S,
                transition=draft.transition or "cut",
                transition_s=draft.transition_s,
                characters=tuple(draft.characters),
            )
        )
    return tuple(scenes)


def _at_line(error: InvalidRequest, drafts: Sequence[_Draft]) -> InvalidRequest:
    """The error with its line in place of the number of its scene."""
    found = re.fullmatch(r"scenes\[(\d+)\]\.(\w+)", error.field)
    if found is None:
        return error
    return drafts[int(found[1])].refuse(f"the {found[2]} {error.reason}")


def _written(scene: Scene) -> str:
    marks = [f"{scene.seconds}s"]
    if scene.transition != "cut":
        marks.append(f"{scene.transition} {scene.transition_s:g}")
    marks += [f"character {_escaped(name)}" for name in scene.characters]
    words = " ".join(_escaped(scene.prompt).split())
    return " ".join([words, *(f"[{mark}]" for mark in marks)])


def _escaped(text: str) -> str:
    return re.sub(r"[\\\[\]]", r"\\\g<0>", text)
