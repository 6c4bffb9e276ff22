"""Pages made of templates that escape every text, and what browsers send back from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ourvidz.web.icons import icon


@dataclass(frozen=True, kw_only=True)
class Press:
    """What a browser says was done; nothing about it is to be believed.

    at: the query of the page's address. fields: the values of a form by their name.
    """

    act: str = ""
    id: str = ""
    at: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def of(said: Any) -> Press:
        """
        >>> Press.of({"act": "save", "fields": {"tags": ["a", 1], "name": "b"}}).fields
        {'tags': ('a',)}
        >>> Press.of(None)
        Press(act='', id='', at='', fields=mappingproxy({}))
        """
        if not isinstance(said, dict):
            return Press()
        fields = said.get("fields")
        rows = fields.items() if isinstance(fields, dict) else ()
        kept = {
            str(name): tuple(value for value in values if isinstance(value, str))
            for name, values in rows
            if isinstance(values, list)
        }
        act, id, at = (str(said.get(name) or "")[:1000] for name in ("act", "id", "at"))
        return Press(act=act, id=id, at=at, fields=kept)

    def text(self, name: str) -> str:
        """The first value of a field, "" without one."""
        return (self.fields.get(name) or ("",))[0]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A page as it is shown after something was done. said: what a toast tells, "" for nothing."""

    markup: str
    said: str = ""


def render(template: str, **values: object) -> str:
    """One of web/templates, filled in; every value that is not markup of ours is escaped."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.globals["icon"] = lambda name: Markup(icon(name))
    return made
