"""The characters page: its markup, and what can be done there."""

from __future__ import annotations

from ourvidz.domain.account import Identity
from ourvidz.domain.library import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, MAX_TAGS, Character
from ourvidz.studio import characters, projects
from ourvidz.studio.door import Studio
from ourvidz.studio.words import introduced
from ourvidz.web.pages.markup import Answer, Press, render
from ourvidz.web.texts_library import CHARACTERS


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Do it, and show the characters as they are now. An act that is not known only shows them."""
    if press.act == "save":
        return _saved(me, studio, press)
    if press.act == "delete":
        name = _named(me, studio, press.id)
        characters.delete_character(me, studio, press.id)
        return _shown(me, studio, said=CHARACTERS["deleted"].format(name), focus="top")
    if press.act == "use":
        project = projects.create_project(me, studio, {"character_id": press.id})
        return _shown(me, studio, goto=f"/app/?project={project.id}")
    return _shown(me, studio)


def loading() -> str:
    """What is shown before the first answer."""
    return render("library_loading.html", t=CHARACTERS)


def _saved(me: Identity, studio: Studio, press: Press) -> Answer:
    """A new character, or the new texts of one; what is refused stays in the browser's form."""
    texts = press.text("name"), press.text("description"), press.fields.get("tags", ())
    if press.id:
        kept = characters.change_character(me, studio, press.id, *texts)
        return _shown(me, studio, said=CHARACTERS["changed"], focus=str(kept.id))
    kept = characters.create_character(me, studio, *texts)
    return _shown(me, studio, said=CHARACTERS["created"].format(kept.name), focus=str(kept.id))


def _named(me: Identity, studio: Studio, character_id: str) -> str:
    names = (one.name for one in characters.characters(me, studio) if str(one.id) == character_id)
    return next(names, "")


def _shown(
    me: Identity, studio: Studio, *, said: str = "", focus: str = "", goto: str = ""
) -> Answer:
    markup = render(
        "characters.html",
        t=CHARACTERS,
        characters=characters.characters(me, studio),
        sentence=_sentence,
        max_name=MAX_NAME_CHARS,
        max_description=MAX_DESCRIPTION_CHARS,
        max_tags=MAX_TAGS,
        focus=focus,
        goto=goto,
    )
    return Answer(markup=markup, said=said)


def _sentence(one: Character) -> str:
    return introduced(one.name, one.description, one.tags)
