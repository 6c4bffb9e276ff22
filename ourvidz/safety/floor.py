"""The safety floor: judges the words of a film before any GPU work.

It is a floor, not a promise. What it finds and what it misses is measured by
`benchmarks/safety.py` on lists that it was not tuned on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ourvidz.domain.errors import PolicyRefused, Unavailable
from ourvidz.domain.request import MAX_PROMPT_CHARS
from ourvidz.domain.scene import MAX_SCENES
from ourvidz.safety.english import is_english, is_known
from ourvidz.safety.heads import Embed, load_heads
from ourvidz.safety.lexicon import Kind, Lexicon, load_lexicon
from ourvidz.safety.memory import Memory
from ourvidz.safety.normalise import plain, readings
from ourvidz.safety.own_words import without_our_words
from ourvidz.safety.rules import REASONS, SUGGESTIVE, Sight, broken_rule

#: A piece that the sentence model reads whole (it cuts at 256 tokens).
_PIECE_WORDS = 60
#: All texts of one film together: the prompt and the enhanced prompt of every scene, the title and
#: the negative prompt.
MAX_CHARS = (2 * MAX_SCENES + 2) * MAX_PROMPT_CHARS
#: Texts whose readings are remembered: those of the longest film.
_TEXTS = 2**10
_SENTENCE = re.compile(r"(?<=[.!?;\n])\s+")
_NAME = re.compile(r"\b([A-Z][a-zà-ÿ'\u2019]+) (?:[A-Z]\. )?([A-Z][a-zà-ÿ'\u2019]+)\b")


class GuardModel(Protocol):
    """A safety model that the operator has configured."""

    def harms(self, text: str) -> Collection[str]:
        """What is wrong with a text; nothing when all is well.

        "adult": sexual content between adults. "minor", "non_consent", "extreme", or any other
        word: refused in every configuration. Raises Unavailable when there is no clear answer.
        """
        ...


@dataclass(frozen=True)
class _Read:
    """What one text says by itself. bare: without our own sentences. readable: it is English."""

    bare: str
    kinds: frozenset[Kind]
    pieces: tuple[str, ...]
    named: bool
    readable: bool


class SafetyFloor:
    """`ports.Policy` by word lists, sentence heads and, where configured, a guard model.

    embed: texts to unit vectors (n, 384). vocabulary: the words that the sentence model knows.
    guard: without one, sexual content is refused and only English is accepted.

    All of a film is judged each time; what was found in a text or a sentence is remembered.
    """

    def __init__(
        self, embed: Embed, vocabulary: Collection[str], guard: GuardModel | None = None
    ) -> None:
        self._vocabulary = vocabulary
        self._guard = guard
        self._lexicon: Lexicon = load_lexicon()
        self._memory = Memory(embed, load_heads())
        self._read = lru_cache(maxsize=_TEXTS)(self._read_anew)

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        """Return when all is well; PolicyRefused otherwise, errors included.

        texts: everything of one film: prompt, enhanced prompt, scenes, characters.
        """
        try:
            sight = self._look(texts, negative_prompt, has_reference_image)
            category = self._refusal(texts, sight, adult_verified)
        except Unavailable:
            category = "unavailable"
        except Exception:  # noqa: BLE001 - whatever is wrong, nobody gets past it
            category = "error"
        if category:
            raise PolicyRefused(category, REASONS[category])

    def _look(self, texts: Sequence[str], negative_prompt: str, image: bool) -> Sight:
        if isinstance(texts, str) or sum(map(len, texts)) + len(negative_prompt) > MAX_CHARS:
            raise ValueError("texts must be a sequence of texts that can be read")
        found = [self._read(text) for text in texts]
        joined = plain(" ".join(one.bare for one in found))
        kinds = self._lexicon.kinds(joined).union(*(one.kinds for one in found))
        pieces = dict.fromkeys(piece for one in found for piece in one.pieces)
        pieces |= dict.fromkeys(_pieces(self._lexicon.read_harmless(joined)))
        negative = readings(negative_prompt, self._knows)
        return Sight(
            kinds=kinds,
            scores=self._judged(tuple(pieces), kinds),
            named=any(one.named for one in found),
            negative={kind for text in negative for kind in self._lexicon.kinds(text)},
            image=image,
        )

    def _read_anew(self, text: str) -> _Read:
        """A text in all the ways it may be meant."""
        lexicon = self._lexicon
        bare = without_our_words(text)
        read = readings(bare, self._knows)
        pieces = (piece for each in read for piece in _pieces(lexicon.read_harmless(each)))
        return _Read(
            bare=bare,
            kinds=frozenset(kind for each in read for kind in lexicon.kinds(each)),
            pieces=tuple(dict.fromkeys(pieces)),
            named=self._has_name(bare),
            readable=self._guard is not None or is_english(text, self._vocabulary),
        )

    def _judged(self, pieces: Sequence[str], kinds: Collection[Kind]) -> dict[str, float]:
        """What the heads say. Of a bare "18" they guess what it mostly stands beside (0.66 a
        child), so pieces without a letter count only where something else is suggestive.
        """
        scores = self._memory.highest([one for one in pieces if any(map(str.isalpha, one))])
        if not {Kind.SEX, Kind.SUGGESTIVE}.isdisjoint(kinds) or scores["sex"] >= SUGGESTIVE:
            scores = self._memory.highest(pieces)
        return scores

    def _refusal(self, texts: Sequence[str], sight: Sight, adult_verified: bool) -> str | None:
        rule = broken_rule(sight)
        if rule != "adult" and rule is not None:
            return rule
        if self._guard is None:
            readable = all(self._read(text).readable for text in texts)
            return rule or (None if readable else "language")
        if rule == "adult" and not adult_verified:
            return "adult_unverified"
        harms = set(self._guard.harms("\n".join(texts)))
        if harms - {"adult"}:
            worst = sorted(harms - {"adult"})[0]
            return worst if worst in REASONS else "guard"
        if "adult" in harms and sight.image:
            return "real_person"
        return "adult_unverified" if "adult" in harms and not adult_verified else None

    def _knows(self, word: str) -> bool:
        return self._lexicon.knows(word) or (len(word) > 1 and is_known(word, self._vocabulary))

    def _has_name(self, text: str) -> bool:
        """Two capitalised words in a row that are in no list and not part of a title."""
        letters = [word for word in text.split() if word[0].isalpha()]
        if len(letters) > 4 and sum(word[0].isupper() for word in letters) > 0.7 * len(letters):
            return False
        names = (found.groups() for found in _NAME.finditer(text))
        return any(not any(self._lexicon.knows(plain(part)) for part in name) for name in names)


def _pieces(text: str) -> Iterator[str]:
    """Sentences of at most 60 words, so that nothing hides behind the end of the window."""
    for sentence in _SENTENCE.split(text):
        found = sentence.split()
        for start in range(0, len(found), _PIECE_WORDS):
            yield " ".join(found[start : start + _PIECE_WORDS])


__all__ = ["GuardModel", "Kind", "SafetyFloor"]
