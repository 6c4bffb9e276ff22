"""Who writes an enhanced prompt: a small model in slots, or a large one freely."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

import torch
from transformers import StoppingCriteria, StoppingCriteriaList, TextStreamer

from ourvidz.domain.cinema import MOODS
from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.language import LanguageModel
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.template import CHOICES, Template, choose

#: Tokens a free rewriter may use; 200 words are about 270, a good prompt needs half of that.
MAX_NEW_TOKENS = 240

_SYSTEM = (
    "You turn a short idea into one prompt for a text-to-video model. Write a single paragraph "
    "of 40 to 100 words in the present tense: the subject and what it does, then the light, the "
    "movement and the camera. Keep every subject, colour, number and negation of the idea, in "
    "the same words. Add no people, no animals and no text. Answer with the prompt only.\n\nIdea:"
)
#: Tokens of one scene of a film: two sentences and some room.
SCENE_TOKENS = 90
_SCENE_SYSTEM = (
    "You write one scene of a short film for a text-to-video model: one or two sentences, 15 to "
    "40 words, in the present tense, that say what the subject does now and what is around it. "
    "Keep every subject, colour, number, place and negation of the idea, in the same words. Go "
    "on from the scene before. Say nothing of the camera and nothing against the light. Add no "
    "people, no animals and no text. Answer with the scene only."
)
_MOOD_EXAMPLES = (
    ("a little girl chasing bubbles in the garden", "joyful"),
    ("an abandoned house in the fog", "eerie"),
    ("two knights fighting on a bridge", "dramatic"),
    ("an old couple dancing in the living room", "tender"),
    ("a river between green hills", "serene"),
    ("steam rising from a cup of tea", "cozy"),
    ("a rocket taking off", "thrilling"),
    ("a soldier saying goodbye at the station", "melancholic"),
    ("a market street full of colors", "lively"),
    ("a snail on a leaf", "gentle"),
    ("a woman reading by the window", "quiet"),
    ("a motorcycle race", "energetic"),
)
#: Scenes without a mood: what the model says of them is its habit, not the scene.
_MOODLESS = ("a video", "something", "a scene", "a thing in a place")
#: How much of that habit is taken away, and what a cosine weighs beside a log-probability.
_HABIT, _COSINE = 0.6, 10.0


@dataclass(frozen=True, kw_only=True)
class Page:
    """What an enhancer writes on: shows the text as it grows and ends the writing in time.

    on_text: called with the whole text so far. deadline: by `time.monotonic()`.
    """

    reporter: Reporter
    on_text: Callable[[str], None]
    deadline: float

    @property
    def is_late(self) -> bool:
        """Whether the time limit has passed."""
        return monotonic() >= self.deadline


class Told(NamedTuple):
    """An idea in scenes: the words of each, fewer of them when time was short, and one mood.

    mood: "" where the words are to say it themselves.
    """

    words: tuple[str, ...]
    mood: str


class PromptEnhancer(Protocol):
    """Writes candidates that the guard then judges."""

    def write(self, prompt: str, seed: int, page: Page) -> str:
        """A cinematic version of `prompt`; the same seed gives the same text.

        Raises TimeoutError when the page's deadline left no finished text, and what the page's
        callbacks raise (`Cancelled`).
        """
        ...

    def tell(self, idea: str, light: str, count: int, seed: int, page: Page) -> Told:
        """The idea in `count` scenes under one light, a sentence or ""; raises as `write` does."""
        ...


class SlotEnhancer:
    """The user's words verbatim, then a light, a camera and a mood from curated lists.

    A model of 135 M parameters loses the subject when it rewrites freely, but it has a sure
    feeling for the mood of a scene. One forward pass: it scores the listed moods.
    """

    def __init__(self, language: LanguageModel, template: Template) -> None:
        self._language = language
        self._template = template
        self._tokens = torch.tensor([language.first_token(mood) for mood in MOODS])
        self._habit = torch.stack([self._log_probs(scene) for scene in _MOODLESS]).mean(dim=0)
        self._meanings = template.sentences.embed([f"a {mood} scene" for mood in MOODS])

    def write(self, prompt: str, seed: int, page: Page) -> str:
        """See `PromptEnhancer.write`."""
        with page.reporter.stage("enhance", 2):
            page.on_text(self._template.write(prompt, seed))
            page.reporter.step(1)
            if page.is_late:
                raise TimeoutError
            text = self._template.write(prompt, seed, self._mood(prompt, seed // CHOICES**2))
            page.on_text(text)
        return text

    def tell(self, idea: str, light: str, count: int, seed: int, page: Page) -> Told:
        """See `PromptEnhancer.tell`: the same words in every scene, and a mood for all."""
        with page.reporter.stage("enhance", 1):
            mood = self._mood(idea, seed // CHOICES**2)
            if page.is_late:
                raise TimeoutError
        return Told((idea,) * count, mood)

    def _mood(self, prompt: str, seed: int) -> str:
        cosines = self._meanings @ self._template.sentences.embed([prompt])[0]
        scores = self._log_probs(prompt) - _HABIT * self._habit + _COSINE * cosines
        allows = read_cues(prompt).allows
        return choose(
            {mood: float(score) for mood, score in zip(MOODS, scores, strict=True) if allows(mood)},
            seed,
        )

    def _log_probs(self, scene: str) -> torch.Tensor:
        """How likely each of MOODS, by its first token, is called the scene's mood."""
        shots = "".join(f"Scene: {text}\nMood: {mood}\n\n" for text, mood in _MOOD_EXAMPLES)
        logits = self._language.next_token_logits(f"{shots}Scene: {scene}\nMood:")
        return logits.log_softmax(dim=-1)[self._tokens]


class ChatEnhancer:
    """A chat model rewrites the prompt freely; the guard decides whether that helped."""

    def __init__(self, language: LanguageModel) -> None:
        self._language = language

    def write(self, prompt: str, seed: int, page: Page) -> str:
        """See `PromptEnhancer.write`. Late writing is cut after its last whole sentence."""
        with page.reporter.stage("enhance", MAX_NEW_TOKENS):
            text = self._answer(_SYSTEM, prompt, seed, page, range(MAX_NEW_TOKENS))
        if page.is_late and not text:
            raise TimeoutError
        return text

    def tell(self, idea: str, light: str, count: int, seed: int, page: Page) -> Told:
        """See `PromptEnhancer.tell`: each scene is written anew, knowing the one before."""
        words: list[str] = []
        with page.reporter.stage("enhance", count * SCENE_TOKENS):
            while len(words) < count and not page.is_late:
                asked = [f"Idea: {idea}", f"Light: {light}" if light else ""]
                asked += [f"Before: {words[-1]}"] if words else []
                asked += [f"Scene {len(words) + 1} of {count}:"]
                tokens = range(len(words) * SCENE_TOKENS, (len(words) + 1) * SCENE_TOKENS)
                user = "\n".join(filter(None, asked))
                words.append(self._answer(_SCENE_SYSTEM, user, seed + len(words), page, tokens))
        if not words:
            raise TimeoutError
        return Told(tuple(words), "")

    @torch.inference_mode()
    def _answer(self, system: str, user: str, seed: int, page: Page, tokens: range) -> str:
        """Whole sentences of one answer; each token is reported as the next one of `tokens`."""
        language = self._language
        stream = _Stream(language.tokenizer, page.on_text)
        devices = [language.device] if language.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)  # `generate` samples from the global source
            language.model.generate(
                **language.chat_inputs(system, user),
                max_new_tokens=len(tokens),
                do_sample=True,
                temperature=0.7,
                top_p=0.9,
                pad_token_id=language.tokenizer.eos_token_id,
                streamer=stream,
                stopping_criteria=StoppingCriteriaList([_Watch(page, tokens.start)]),
            )
        return tidy(stream.text)


def tidy(text: str) -> str:
    """One paragraph of whole sentences, without quotes around it.

    >>> tidy('"A cat runs.\\n It jumps over the fen')
    'A cat runs.'
    """
    paragraph = " ".join(text.split()).strip("\"'\u201c\u201d ")
    whole = re.match(r".*[.!?](?=\s|$)", paragraph)
    return whole[0] if whole else ""


class _Stream(TextStreamer):
    """Gathers the text of `generate` word by word, in the thread that generates."""

    def __init__(self, tokenizer: Any, on_text: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.text = ""
        self._on_text = on_text

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Called by `generate` whenever another word is certain."""
        self.text += text
        self._on_text(self.text)


class _Watch(StoppingCriteria):
    """Reports every token, which is the moment to cancel, and stops at the deadline."""

    def __init__(self, page: Page, step: int) -> None:
        self._page = page
        self._step = step

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> Any:
        """Whether each of the B texts is finished, (B,) bool."""
        self._step += 1
        self._page.reporter.step(self._step)
        return torch.full((len(input_ids),), self._page.is_late, device=input_ids.device)
