"""The word lists of `lexicon/`: which kinds of words a plain text holds.

A file is a kind. A line is "language: term, term"; `#` opens a comment. A star matches every
ending. Where a script puts no spaces between words, or sticks particles to them, a term is found
anywhere; elsewhere it is whole words. An English plural is found by its singular.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from ourvidz.safety.ages import has_minor_age
from ourvidz.safety.normalise import plain, words

#: The longest term, in words.
_MAX_WORDS = 5
#: What a star may stand for when a word is guessed at.
_MAX_ENDING = 3
_ENDINGS = (
    "ation ations ators ality ally ingly istic istically ised ized isation ization ness able ibly "
    "philia philes phile arium ment ments ling lings ieren iert ungen rice ische ischen"
)
_LONG_ENDINGS = frozenset(_ENDINGS.split())
_FOLDER = "lexicon"


class Kind(StrEnum):
    """A word list; the value is the name of its file."""

    SEX = "sex"
    SUGGESTIVE = "suggestive"
    MINOR = "minor"
    EXTREME = "extreme"
    NON_CONSENT = "non_consent"
    COERCION = "coercion"
    REAL = "real"
    FAMOUS = "famous"
    DECEPTIVE = "deceptive"
    CLAIM = "claim"
    ADULT_AGE = "adult_age"
    DRESSED = "dressed"
    ACT = "act"
    NOT_HUMAN = "not_human"


@dataclass(frozen=True)
class Lexicon:
    """All lists, ready to be looked up; built by `load_lexicon`.

    whole: terms of words. opening: beginnings of terms, and their lengths. anywhere: terms of
    scripts without word borders. harmless: phrases and what they are read as. parts:
    the words of all of these. starts: first words of terms of several words.
    """

    whole: dict[str, frozenset[Kind]]
    opening: dict[str, frozenset[Kind]]
    lengths: tuple[int, ...]
    anywhere: dict[str, frozenset[Kind]]
    harmless: tuple[tuple[str, str], ...]
    parts: frozenset[str]
    starts: frozenset[str]

    def kinds(self, text: str) -> set[Kind]:
        """The kinds of words in a plain text; ages below 18 are `MINOR`."""
        text = self.read_harmless(text)
        said = words(text)
        terms = {*said, *_phrases(said, self.starts)}
        found = {kind for term in terms for kind in self._of(term)}
        if not text.isascii():
            for term, kinds in self.anywhere.items():
                if term in text:
                    found |= kinds
        return found | {Kind.MINOR} if has_minor_age(text) else found

    def read_harmless(self, text: str) -> str:
        """The plain text with its harmless phrases replaced."""
        for phrase, meaning in self.harmless:
            if phrase in text:
                text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", meaning, text)
        return text

    def knows(self, word: str) -> bool:
        """Whether a word is in a list, alone or in a phrase, with or without an ending."""
        if word in self.parts:
            return True
        lengths = (n for n in self.lengths if n <= len(word))
        return any(word[:n] in self.opening and _is_ending(word[n:]) for n in lengths)

    def _of(self, term: str) -> Iterator[Kind]:
        whole, opening = self.whole, self.opening
        if term in whole:
            yield from whole[term]
        elif term[-1] == "s" and term[:-1] in whole:
            yield from whole[term[:-1]]
        size = len(term)
        for n in self.lengths:
            if n > size:
                break
            if term[:n] in opening:
                yield from opening[term[:n]]


def load_lexicon() -> Lexicon:
    """Read the lists of this package; 10 ms."""
    folder = files("ourvidz.safety") / _FOLDER
    whole: dict[str, set[Kind]] = {}
    opening: dict[str, set[Kind]] = {}
    anywhere: dict[str, set[Kind]] = {}
    for kind in Kind:
        for term in _terms((folder / f"{kind}.txt").read_text("utf-8")):
            if term.endswith("*"):
                opening.setdefault(" ".join(words(term)), set()).add(kind)
            elif term.isascii() or "Ѐ" <= term[0] <= "ӿ":
                whole.setdefault(" ".join(words(term)), set()).add(kind)
            else:
                anywhere.setdefault(term, set()).add(kind)
    rows = _rows((folder / "harmless.txt").read_text("utf-8"))
    harmless = tuple((phrase, meaning) for phrase, meaning in (row.split(" = ") for row in rows))
    return Lexicon(
        whole=_frozen(whole),
        opening=_frozen(opening),
        lengths=tuple(sorted({len(term) for term in opening})),
        anywhere=_frozen(anywhere),
        harmless=harmless,
        parts=frozenset(
            word
            for term in (*whole, *opening, *(each for each, _ in harmless))
            for word in words(term)
        ),
        starts=frozenset(term.split()[0] for term in (*whole, *opening) if " " in term),
    )


def _is_ending(text: str) -> bool:
    return len(text) <= _MAX_ENDING or text in _LONG_ENDINGS


def _rows(text: str) -> list[str]:
    return [row.strip() for row in text.splitlines() if row.strip() and row[0] != "#"]


def _terms(text: str) -> Iterator[str]:
    for row in _rows(text):
        yield from (plain(term.strip()) for term in row.partition(":")[2].split(","))


def _phrases(found: list[str], starts: frozenset[str]) -> Iterator[str]:
    """Every run of two to five words that begins with one of `starts`: no other is a term."""
    for start, first in enumerate(found):
        if first in starts:
            phrase = first
            for word in found[start + 1 : start + _MAX_WORDS]:
                phrase = f"{phrase} {word}"
                yield phrase


def _frozen(terms: dict[str, set[Kind]]) -> dict[str, frozenset[Kind]]:
    return {term: frozenset(kinds) for term, kinds in terms.items()}
