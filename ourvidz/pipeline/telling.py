"""One idea becomes a storyboard: scenes of one subject, place, light and mood, never worse than it.

Who can write tells each scene in words of its own; who can not keeps the idea's words and chooses
the mood. The light is chosen once, and it stands in every scene's prompt, where it can be edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ourvidz.domain.cinema import sentences, shot
from ourvidz.domain.enhancement import EnhancementSource
from ourvidz.domain.idea import board, outline
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.domain.request import MAX_PROMPT_CHARS, VideoRequest
from ourvidz.domain.scene import Scene
from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.enhancement import Draft, fault_of, template_of, written
from ourvidz.pipeline.enhancers import Page, PromptEnhancer, Told
from ourvidz.pipeline.language import one_thread
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.template import Template


@dataclass(frozen=True, kw_only=True)
class Telling:
    """An idea as scenes, and honestly who wrote each.

    scenes: each with an enhanced prompt. sources: by scene, "model" where a language model took
    part, "template" where light and camera were added to the idea, "original" where only the
    camera was. reasons: in words for the user, why a source is not "model"; empty when all are.
    """

    scenes: tuple[Scene, ...]
    sources: tuple[EnhancementSource, ...]
    reasons: tuple[str, ...]


def storyboard(
    idea: str,
    seconds: int,
    manager: ModelManager,
    *,
    seed: int = 0,
    on_progress: OnProgress = ignore_progress,
    time_limit_s: float = 120.0,
) -> Telling:
    """The scenes of a film that tells `idea` in `seconds` (5 to 1800, a multiple of 5).

    On a GPU with Mistral-7B-Instruct at hand each scene is written anew, under the guard of
    `enhance`; elsewhere all keep the idea's words, and the small model chooses their mood.
    time_limit_s: for the writing, as in `enhance`; scenes that it does not reach are not written
    anew.

    Raises as `enhance` does.
    """
    VideoRequest(prompt=idea, seed=seed)  # one set of rules for prompts and seeds
    views = outline(seconds)
    words = " ".join(idea.split())
    reporter = Reporter(on_progress)
    with one_thread():
        template = template_of(manager, reporter)
        light, _ = template.choose(words, seed)

        def tell(writer: PromptEnhancer, deadline: float) -> Told:
            page = Page(reporter=reporter, on_text=lambda text: None, deadline=deadline)
            return writer.tell(words, light, len(views), seed, page)

        draft = written(manager, template, reporter, tell, time_limit_s)
        return judged(words, light, seconds, draft, template)


def judged(idea: str, light: str, seconds: int, draft: Draft[Told], template: Template) -> Telling:
    """Scenes in the first words that the guard lets pass: those told, or the idea's own."""
    told = draft.value or Told((), "")
    names_camera = read_cues(idea).names_camera
    outlined = outline(seconds)
    scenes: list[_Judged] = []
    for place, (_, view) in enumerate(outlined):
        words = told.words[place] if place < len(told.words) else ""
        tries: list[_Try] = [("template", idea, "")]
        if words:
            tries.insert(0, ("model", words, told.mood))
        trouble = "" if words else draft.trouble or "nothing was written in time"
        guard = _Guard(idea, light, "" if names_camera else view, template)
        scenes.append(guard.first_passing(tries, trouble))
    return Telling(
        scenes=board(
            [length for length, _ in outlined],
            [scene.prompt for scene in scenes],
            [scene.enhanced for scene in scenes],
        ),
        sources=tuple(scene.source for scene in scenes),
        reasons=tuple(_reasons([scene.reason for scene in scenes])),
    )


#: Who wrote it, the words of a scene, and a mood.
_Try = tuple[EnhancementSource, str, str]


class _Judged(NamedTuple):
    """One scene's two texts, who wrote them, and why they are not the model's."""

    prompt: str
    enhanced: str
    source: EnhancementSource
    reason: str


@dataclass(frozen=True)
class _Guard:
    """What every scene keeps of a film, and its own camera."""

    idea: str
    light: str
    view: str
    template: Template

    def first_passing(self, tries: Sequence[_Try], reason: str) -> _Judged:
        """The first try that the guard lets pass, or the idea itself. reason: if known already."""
        for source, words, mood in tries:
            prompt = sentences(words, self.light, self.view)
            enhanced = shot(prompt, mood=mood)
            fault = self._fault(enhanced)
            if fault is None:
                return _Judged(prompt, enhanced, source, reason)
            reason = reason or fault
        plain = sentences(self.idea, self.view)
        plain = plain if len(plain) <= MAX_PROMPT_CHARS else self.idea
        return _Judged(plain, plain, "original", reason)

    def _fault(self, text: str) -> str | None:
        if len(text) > MAX_PROMPT_CHARS:
            return f"it has more than {MAX_PROMPT_CHARS} characters"
        return fault_of(sentences(self.idea, self.light), text, self.template)


def _reasons(reasons: Sequence[str]) -> Iterator[str]:
    """One sentence for each reason, with the numbers of its scenes.

    >>> list(_reasons(["it is empty", "", "it is empty"]))
    ["The model's words were not used in scene 1, 3: it is empty."]
    """
    for reason in dict.fromkeys(filter(None, reasons)):
        numbers = [str(place) for place, one in enumerate(reasons, 1) if one == reason]
        where = "any scene" if len(numbers) == len(reasons) else f"scene {', '.join(numbers)}"
        yield f"The model's words were not used in {where}: {reason}."
