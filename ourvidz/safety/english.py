"""Is it English? The sentence model reads no other language, so what it can not read is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ourvidz.safety.normalise import plain, words

_MAX_FOREIGN_LETTERS = 0.15
_MIN_KNOWN = 0.6
_MIN_UNKNOWN_WORDS = 2
_MIN_FOREIGN_WORDS = 3
#: Longer ones that nobody knows are words run together.
_LONG_WORD = 14
#: Measures, ages and gear: "35mm", "4k", "f2", "3d".
_MEASURE = re.compile(r"\d+\w{0,4}|\w{0,2}\d+")
#: What a character may be called: nobody knows such words, and they are no sentence.
_PART = r"[A-Z\u00c0-\u017f][a-z\u00c0-\u017f]+"
_NAME = re.compile(rf"{_PART}(?: {_PART}){{0,2}}")
_ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly")
_MIN_STEM = 4

_ENGLISH_WORDS = (
    "a an the of in on at to with and or is are was by for from into over under through his her "
    "their its my your she he they it who that this as while up down"
)
_FOREIGN_WORDS = (
    "una un uno el los las del con por para que sin sobre su muy es y la le les des du dans avec "
    "sur pour est et qui ses son sa une au aux der das ein eine einer einem einen mit und auf "
    "im von zu ist wird dem den il lo gli di che per nel nella della sono sua suo um uma os no "
    "na do da dos em com seu ela ele se esta estan sont elle ohne ihre seine nicht de en"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_FOREIGN = frozenset(_FOREIGN_WORDS.split())


def is_english(text: str, vocabulary: Collection[str]) -> bool:
    """Whether a model that knows `vocabulary` can read the text.

    >>> is_english("a cat on a mat", {"a", "cat", "on", "mat"})
    True
    """
    is_name = _NAME.fullmatch(text.strip()) is not None
    text = plain(text)
    letters = [c for c in text if c.isalpha()]
    if sum(not c.isascii() for c in letters) > _MAX_FOREIGN_LETTERS * len(letters):
        return False
    found = [word for word in words(text) if not _MEASURE.fullmatch(word)]
    strange = [word for word in found if not is_known(word, vocabulary)]
    unknown = len(strange)
    if any(len(word) >= _LONG_WORD for word in strange):
        return False
    if is_name:
        return True
    if unknown >= _MIN_UNKNOWN_WORDS and unknown > (1 - _MIN_KNOWN) * len(found):
        return False
    return not _is_foreign(found)


def is_known(word: str, vocabulary: Collection[str]) -> bool:
    """Whether a word, or the word without its ending, is English; single letters hardly are."""
    if len(word) == 1:
        return word in "aist"
    return word in vocabulary or any(
        word.endswith(end) and len(word) >= _MIN_STEM + len(end) and word[: -len(end)] in vocabulary
        for end in _ENDINGS
    )


def _is_foreign(found: Sequence[str]) -> bool:
    """More little words of other languages than of English."""
    foreign = [word for word in found if word in _FOREIGN]
    english = sum(word in _ENGLISH for word in found)
    return len(foreign) >= _MIN_FOREIGN_WORDS and len(foreign) > english
