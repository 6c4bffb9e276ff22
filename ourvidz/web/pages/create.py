"""Create: from an idea to a video, in steps that survive everything."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, PolicyRefused
from ourvidz.domain.library import Step
from ourvidz.studio.door import Studio
from ourvidz.web import nav
from ourvidz.web.create import idea, markup, previews, render, result, words
from ourvidz.web.create.screen import STEPS, Done, Screen, Where, fresh, look, opened
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.guard import Desk
from ourvidz.web.toasts import tell
from ourvidz.web.widgets.cards import Cards, pressed
from ourvidz.web.widgets.place import READ_ADDRESS, Place

PATH, TITLE = "", "Create"

_MODULES: Mapping[Step, ModuleType] = MappingProxyType(
    {"idea": idea, "prompt": words, "preview": previews, "render": render, "done": result}
)
Action = Callable[..., Done]


def build(desk: Desk) -> None:
    """The page."""
    parts: dict[str, Any] = {"nav": nav.bar(desk, PATH)}
    parts["place"] = Place(elem_id="ov-place")
    parts["head"] = Cards(elem_id="ov-head")
    parts["loading"] = gr.HTML(
        '<div class="ov-frame ov-skeleton"></div>', js_on_load=None, apply_default_css=False
    )
    for step, module in _MODULES.items():
        with gr.Column(visible=False, elem_id=f"ov-step-{step}") as parts[f"at_{step}"]:
            parts |= module.build()
    wizard = Wizard(desk, parts)
    shown = desk.guard(wizard.opened), [parts["place"]], wizard.outputs
    on_load(*shown, js=READ_ADDRESS)
    # Who goes back twice in a hurry is shown the last of it.
    parts["place"].back(*shown, js=READ_ADDRESS, trigger_mode="always_last", **QUIET)
    _wire(wizard)


def painted(me: Identity, studio: Studio, screen: Screen) -> dict[str, Any]:
    """What every component of the page shows, by its name; those of other steps stay."""
    return {
        "nav": nav.shown(me, studio, PATH),
        "place": screen.where.query,
        "head": markup.head(screen),
        "loading": gr.update(visible=False),
        **{f"at_{step}": gr.update(visible=step == screen.step) for step in STEPS},
        **_MODULES[screen.step].paint(me, studio, screen),
    }


def go_to(me: Identity, studio: Studio, where: Where, act: str, item: str) -> Done:
    """To a step that was reached before, or to a new idea."""
    if act == "new":
        return Done(fresh(me, studio))
    return Done(Where.read(f"?project={where.project_id}&step={item}"))


def back_to(step: Step) -> Action:
    """Back to an earlier step."""

    def back(me: Identity, studio: Studio, where: Where) -> Done:
        return Done(Where(where.project_id, step))

    return back


def stay(me: Identity, studio: Studio, where: Where) -> Done:
    """Paint again what is there now."""
    return Done(where)


class Wizard:
    """Ties actions to components: whatever was done, the page is painted anew."""

    def __init__(self, desk: Desk, parts: Mapping[str, Any]) -> None:
        self._desk, self.parts = desk, parts
        self._names = tuple(parts)

    @property
    def outputs(self) -> list[Any]:
        """Every component of the page."""
        return list(self.parts.values())

    def opened(self, me: Identity, query: Any) -> list[Any]:
        """The page as it is when opened, or come back to."""
        return self._shown(me, opened(me, self._desk.studio, Where.read(query)))

    def press(self, button: str, action: Action, inputs: Sequence[str] = ()) -> None:
        """A button does `action(me, studio, where, *inputs)`."""

        def handler(me: Identity, query: Any, *values: Any) -> list[Any]:
            return self._done(me, action(me, self._desk.studio, Where.read(query), *values))

        self._tie(self.parts[button].click, handler, inputs, self.outputs)

    def moved(self, job: str, action: Action) -> None:
        """When a job has ended, do `action(me, studio, where)`."""

        def handler(me: Identity, query: Any) -> list[Any]:
            return self._done(me, action(me, self._desk.studio, Where.read(query)))

        self._tie(self.parts[job].moved, handler, (), self.outputs)

    def act(self, cards: str, action: Action) -> None:
        """A button in cards does `action(me, studio, where, act, id)`."""

        def handler(me: Identity, query: Any, event: gr.EventData) -> list[Any]:
            where = Where.read(query)
            return self._done(me, action(me, self._desk.studio, where, *pressed(event)))

        self._tie(self.parts[cards].act, handler, (), self.outputs)

    def keep(self, listener: Callable[..., Any], action: Action, inputs: Sequence[str]) -> None:
        """Save what was typed, without painting: the person goes on typing.

        What is refused is not kept; the button that comes next says why, once.
        """

        def handler(me: Identity, query: Any, *values: Any) -> None:
            with contextlib.suppress(PolicyRefused, InvalidRequest):
                action(me, self._desk.studio, Where.read(query), *values)

        # Gradio would leave out what is typed while the words of before are on their way.
        self._tie(listener, handler, inputs, [], trigger_mode="multiple")

    def _tie(
        self,
        listener: Callable[..., Any],
        handler: Any,
        inputs: Sequence[str],
        outputs: list[Any],
        **settings: Any,
    ) -> None:
        given = [self.parts["place"], *(self.parts[name] for name in inputs)]
        listener(self._desk.guard(handler), given, outputs, **QUIET, **settings)

    def _done(self, me: Identity, done: Done) -> list[Any]:
        if done.say:
            tell(done.say)
        return self._shown(me, done.where)

    def _shown(self, me: Identity, where: Where) -> list[Any]:
        studio = self._desk.studio
        shown = painted(me, studio, look(me, studio, where))
        return [shown.get(name, gr.skip()) for name in self._names]


def _wire(wizard: Wizard) -> None:
    """What happens where."""
    parts = wizard.parts
    wizard.act("head", go_to)
    wizard.act("examples", idea.example)
    wizard.press("idea_go", idea.go, idea.FIELDS)
    for name in idea.FIELDS:
        choices = name in ("character_id", "model", "profile")
        wizard.keep(parts[name].input if choices else parts[name].blur, idea.save, idea.FIELDS)
    wizard.moved("enhance_job", stay)
    wizard.keep(parts["enhanced"].blur, words.save, ("enhanced",))
    for button in ("use_mine", "use_enhanced"):
        wizard.press(button, getattr(words, button), ("enhanced",))
    for button in ("undo", "redo", "again"):
        wizard.press(button, getattr(words, button))
    wizard.press("words_back", back_to("idea"))
    wizard.press("words_go", words.go, ("enhanced",))
    wizard.moved("preview_job", stay)
    wizard.act("stills", previews.acted)
    wizard.press("regenerate", previews.regenerate, ("count",))
    wizard.press("preview_back", back_to("prompt"))
    wizard.press("preview_go", previews.go)
    wizard.moved("render_job", render.moved)
    wizard.press("render_back", back_to("preview"))
    wizard.press("render_go", render.go)
    wizard.press("take", result.take)
    wizard.press("onward", result.onward)
