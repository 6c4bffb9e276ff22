"""Stage 0: the user's words become a cinematic prompt that is never worse than they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

import torch

from ourvidz.domain.enhancement import Enhancement
from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.enhancers import (
    ChatEnhancer,
    Page,
    PromptEnhancer,
    SlotEnhancer,
)
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.guard import fault
from ourvidz.pipeline.language import (
    CHAT_MODEL,
    load_chat_model,
    load_sentences,
    load_small_model,
    needs_converting,
    one_thread,
)
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.template import Template

__all__ = [
    "Draft",
    "Enhancement",
    "enhance",
    "fault_of",
    "is_prepared",
    "judge",
    "template_of",
    "written",
]

T = TypeVar("T")


def enhance(
    prompt: str,
    manager: ModelManager,
    *,
    seed: int = 0,
    on_progress: OnProgress = ignore_progress,
    on_text: Callable[[str], None] | None = None,
    time_limit_s: float = 30.0,
) -> Enhancement:
    """The prompt with light, camera and mood; the template or the prompt itself if that is better.

    On a GPU with Mistral-7B-Instruct at hand it is rewritten freely; everywhere else SmolLM2
    and MiniLM fill slots around the user's words. seed: another one gives another text.
    on_text: called with the whole candidate so far, before it is judged.
    time_limit_s: for the writing. Loading, and the conversion of the small model the first time
    (`is_prepared`), come before it and are reported as stage "load".

    Raises InvalidRequest, Unavailable when the sentence model is missing, and what
    `on_progress` raises (`Cancelled`).
    """
    VideoRequest(prompt=prompt, seed=seed)  # one set of rules for prompts and seeds
    words = " ".join(prompt.split())
    reporter = Reporter(on_progress)
    with one_thread():
        template = template_of(manager, reporter)

        def write(writer: PromptEnhancer, deadline: float) -> str:
            shown = on_text or (lambda text: None)
            page = Page(reporter=reporter, on_text=shown, deadline=deadline)
            return writer.write(words, seed, page)

        draft = written(manager, template, reporter, write, time_limit_s)
        return judge(
            prompt,
            draft.value or "",
            template,
            trouble=draft.trouble,
            seed=seed,
            start=draft.start,
        )


class Draft(NamedTuple, Generic[T]):
    """What a language model made, or None and why there is nothing.

    start: `time.monotonic()` when the writing began.
    """

    value: T | None
    trouble: str
    start: float


def template_of(manager: ModelManager, reporter: Reporter) -> Template:
    """The manager's template. Raises Unavailable when the sentence model is missing."""
    with reporter.stage("load", 1):
        return manager.component(
            "enhancer/template", lambda: Template(load_sentences(manager.models_dir))
        )


def is_prepared(manager: ModelManager) -> bool:
    """Whether the best writer of this machine only has to be loaded, not converted before."""
    return _is_chat(manager) or not needs_converting(manager.models_dir)


def written(
    manager: ModelManager,
    template: Template,
    reporter: Reporter,
    write: Callable[[PromptEnhancer, float], T],
    time_limit_s: float,
) -> Draft[T]:
    """What `write` makes with the best writer of this machine and its deadline.

    The deadline, by `time.monotonic()`, comes `time_limit_s` after the model was loaded.
    """
    if time_limit_s <= 0:
        raise InvalidRequest("time_limit_s", "must be above 0 seconds")
    start = monotonic()
    try:
        with _writer(manager, template, reporter) as writer:
            start = monotonic()
            return Draft(write(writer, start + time_limit_s), "", start)
    except Unavailable as error:
        trouble = f"there is no language model ({error})"
    except torch.OutOfMemoryError:
        trouble = "the GPU has no room for the language model now"
    except TimeoutError:
        trouble = f"it took longer than {time_limit_s:g} seconds"
    return Draft(None, trouble, start)


def judge(
    prompt: str,
    candidate: str,
    template: Template,
    *,
    trouble: str = "",
    seed: int = 0,
    start: float | None = None,
) -> Enhancement:
    """The first text that the guard lets pass: candidate, template, the prompt itself.

    trouble: why there is no candidate, if so. start: `time.monotonic()` when the writing began.
    """
    start = monotonic() if start is None else start
    words = " ".join(prompt.split())
    reason = trouble or fault_of(words, candidate, template)
    enhanced, source = candidate, "model"
    if reason:
        reason = f"The enhanced text was not used: {reason}."
        enhanced, source = template.write(words, seed), "template"
        if again := fault_of(words, enhanced, template):
            reason += f" Nor was the template: {again}."
            enhanced, source = prompt, "original"
    return Enhancement(
        original=prompt,
        enhanced=enhanced,
        source=source,
        reason=reason or "",
        seconds=monotonic() - start,
    )


def fault_of(words: str, text: str, template: Template) -> str | None:
    """Why `text` must not stand for `words`, by the guard; None when it may."""
    return fault(words, text, template.sentences.similarity(words, text))


def _is_chat(manager: ModelManager) -> bool:
    return manager.device.type == "cuda" and bool(locate(CHAT_MODEL.source, manager.models_dir))


@contextmanager
def _writer(
    manager: ModelManager, template: Template, reporter: Reporter
) -> Iterator[PromptEnhancer]:
    """The best enhancer that this machine has, ready to write."""
    if _is_chat(manager):
        name = f"enhancer/{CHAT_MODEL.name}"
        with reporter.stage("load", 1):
            manager.component(name, lambda: load_chat_model(manager.models_dir, manager.device))
        with manager.on_gpu(name) as language:
            yield ChatEnhancer(language)
    else:
        with reporter.stage("load", 1):
            slots = manager.component(
                "enhancer/slots",
                lambda: SlotEnhancer(
                    load_small_model(manager.models_dir, manager.dtype("matmul")), template
                ),
            )
        yield slots
