"""A storyboard on the Films page, for the tests of that page."""

from __future__ import annotations

from typing import Any

from ourvidz.domain.account import Identity
from ourvidz.studio import films
from ourvidz.web.film.acts import acted
from ourvidz.web.pages.markup import Answer, Press
from tests.studio.conftest import Town


class Page:
    """One person's storyboard."""

    def __init__(self, town: Town, me: Identity, **scenes: int) -> None:
        self.town, self.me = town, me
        values = {"title": "Sea", "scenes": [
            {"id": name, "prompt": f"a {name}", "seconds": seconds}
            for name, seconds in scenes.items()
        ]}  # fmt: skip
        self.id = films.create_film(me, town.studio, values).film.id

    def press(self, act: str = "show", id: str = "", **fields: Any) -> Answer:
        lists = {name: one if isinstance(one, list) else [one] for name, one in fields.items()}
        said = {"act": act, "id": id, "at": f"?film={self.id}", "fields": lists}
        return acted(self.me, self.town.studio, Press.of(said))

    @property
    def scenes(self) -> list[tuple[str, int]]:
        found = films.film(self.me, self.town.studio, self.id)
        return [(one.prompt, one.seconds) for one in found.scenes]


def begin(town: Town, me: Identity, **fields: str) -> Answer:
    said = {"act": "begin", "fields": {name: [value] for name, value in fields.items()}}
    return acted(me, town.studio, Press.of(said))
