"""Names of colours as everyday English uses them, for models that know only the plainest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "red": ("crimson", "scarlet", "vermilion", "burgundy", "maroon", "claret", "ruby", "garnet",
                "carmine"),
        "orange": ("tangerine", "amber", "apricot", "terracotta"),
        "yellow": ("saffron", "mustard", "citrine"),
        "green": ("emerald", "jade", "viridian", "chartreuse", "malachite"),
        "blue": ("cobalt", "azure", "cerulean", "ultramarine", "sapphire", "indigo", "teal",
                 "turquoise", "aquamarine", "cyan"),
        "purple": ("plum", "lavender", "violet", "lilac", "mauve", "amethyst", "aubergine",
                   "mulberry"),
        "pink": ("fuchsia", "magenta", "cerise"),
        "white": ("ivory", "alabaster"),
        "black": ("ebony", "onyx", "obsidian"),
        "brown": ("chestnut", "russet", "umber", "sienna", "sepia", "mahogany", "auburn", "khaki",
                  "hazel"),
    }
)  # fmt: skip
_PLAIN = MappingProxyType({name: plain for plain, names in _NAMES.items() for name in names})
_ANY = "|".join(_PLAIN)
#: After one of these the word was a thing: "a plum on a table", "an amber and a pearl".
_NO_NOUN = (
    "a|an|and|are|as|at|by|for|from|has|in|into|is|near|of|on|or|over|that|the|through|to|under|"
    "was|were|while|who|with"
)
_BEFORE_A_NOUN = re.compile(rf"\b({_ANY})\b(?= (?!(?:{_NO_NOUN}|{'|'.join(_NAMES)})\b)[a-z])")
_WORN = re.compile(rf"(?<=\bin |\bis )({_ANY})\b")
_JOINED = re.compile(rf"\b[a-z]+-({'|'.join(_NAMES)})\b")


def plainly(text: str) -> str:
    """The text with names of colours in place of which the ten plainest stand.

    Only where a word is a colour: before a noun, worn, or joined to a plain one. A name with a
    capital may be a person's.

    >>> plainly("a plum car and a coal-black cat, Ruby dressed all in ivory")
    'a purple car and a black cat, Ruby dressed all in white'
    >>> plainly("a plum on a table, a ruby, the colour of jade, a sapphire blue door")
    'a plum on a table, a ruby, the colour of jade, a sapphire blue door'
    """

    def plain(match: re.Match[str]) -> str:
        return _PLAIN[match[1]]

    text = _WORN.sub(plain, _BEFORE_A_NOUN.sub(plain, text))
    return _JOINED.sub(lambda match: match[1], text)
