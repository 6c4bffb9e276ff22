"""Undoing disguises: what a text says once its letters are plain.

`plain` is harmless and always applied. `readings` adds the ways in which a person would read a
disguised text: letters spaced out, digits for letters, letters repeated, words backwards or run
together. Words that English knows are left alone, so "14yo", "35mm" and "live" stay what they are.
"""

# ruff: noqa: RUF001 - letters that look alike are what this file is about

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product

#: Letters that look Latin; used inside Latin surroundings only.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝкмтвнпиьгзωαβεικνορτυχησγδоօոսհ",
    "aeopcyxijshdqwkmtbhnubr3wabeiknoptuxnsydoonuh",
)
#: Latin letters that no decomposition makes plain.
_LETTERS = str.maketrans(
    "ıɑɡøłđħʟᴀʙᴄᴅᴇɢʜɪᴊᴋᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɛƨɔǝɐɯʇʌʍʎ",
    "iagoldhlabcdeghijkmnoprstuvwyzesceamtvwy",
)
_LEET = "0134578@$!|+€9£¢"
_LEET_I = str.maketrans(_LEET, "oieastbasiiteglc")
_LEET_L = str.maketrans(_LEET, "oleastbasllteglc")
_LEET_SIGNS = frozenset(_LEET) | {"("}

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"\S+")
#: Three or more single letters with something between: "n u d e", "n.u.d.e", "n_u-d*e".
_SPELLED = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,4}[^\W_](?![^\W_])){2,}")
_GAP = re.compile(r"\s{2,}|\s*[/|]\s*")
_WIDE = re.compile(r"\s{2,}")
_BETWEEN = re.compile(r"(?<=[^\W_])[._\-*~·•,`^:;=#+/\\]+(?=[^\W_])")
_MIXED = re.compile(r"[a-z]\d|\d[a-z]")
_RUN = re.compile(r"(.)\1*")
_AGE = re.compile(r"\d{1,2}(?:yo|yrs?|years?)")
_TWICE = re.compile(r"(.)\1+")
#: Short words that may be part of words run together; others need three letters.
_SHORT_WORDS = "a i an as at be by he in is it me my no of on or to up us we"
_SHORT = frozenset(_SHORT_WORDS.split())
_MAX_TOKEN = 80
#: Repeated letters in a word of which every mixture is tried.
_MAX_RUNS = 6

Known = Callable[[str], bool]


def plain(text: str) -> str:
    """Compatibility letters, marks, invisible characters and case undone; spaces kept."""
    if text.isascii():
        return "".join(c if c >= " " else " " for c in text).lower()
    text = unicodedata.normalize("NFKC", "".join(map(_unboxed, text))).casefold()
    kept = (c for c in unicodedata.normalize("NFKD", text) if not _is_mark(c))
    text = unicodedata.normalize("NFKC", "".join(map(_visible, kept))).translate(_LETTERS)
    return _TOKEN.sub(lambda found: _latin(found.group(), text), text)


def words(text: str) -> list[str]:
    """The words of a plain text: runs of letters and digits."""
    return _WORD.findall(text)


def readings(text: str, known: Known) -> list[str]:
    """A text in all the ways it may be meant, the plain one first; each one once."""
    base = plain(text)
    spelled = _SPELLED.sub(_joined, base)
    closed = _BETWEEN.sub("", spelled)
    found = [base, spelled, closed]
    parted = plain(_camel_parted(text))
    found += [_repaired(each, known) for each in dict.fromkeys((spelled, closed, parted))]
    if len(_MIXED.findall(closed)) > 1:
        found.append(_repaired(closed.translate(_LEET_I), known))
    if _is_backwards(closed, known):
        found.append(_repaired(closed[::-1], known))
    if not base.isascii():
        found += ["".join(base.split()), base[::-1]]
    return list(dict.fromkeys(_SPACE.sub(" ", each).strip() for each in found))


def prompt_sha256(texts: Sequence[str], negative_prompt: str = "") -> str:
    """The fingerprint that a refusal record keeps instead of the words; 64 hex digits.

    >>> prompt_sha256(["A  Cat"]) == prompt_sha256(["a cat"])
    True
    """
    parts = [" ".join(plain(text).split()) for text in (*texts, negative_prompt)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _unboxed(c: str) -> str:
    """Letters in black circles and squares, and flags, which Unicode does not decompose."""
    code = ord(c)
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(ord("a") + code - first)
    return c


def _is_mark(c: str) -> bool:
    """Accents and strike-throughs, invisible characters; not the vowel signs of Hindi."""
    if unicodedata.category(c) in ("Cf", "Cs", "Co", "Cn") or c in "\u3164\u115f\u1160\uffa0":
        return True
    code = ord(c)
    ranges = (
        (0x300, 0x36F),
        (0x64B, 0x65F),
        (0x1AB0, 0x1AFF),
        (0x1DC0, 0x1DFF),
        (0x20D0, 0x20FF),
        (0xFE00, 0xFE0F),
        (0xFE20, 0xFE2F),
        (0xE0100, 0xE01EF),
    )
    return any(first <= code <= last for first, last in ranges)


def _visible(c: str) -> str:
    return " " if unicodedata.category(c) == "Cc" or c == "\u2800" else c


def _latin(token: str, text: str) -> str:
    """A token of mixed scripts in Latin letters; so is one of lookalikes in a Latin text."""
    if token.isascii():
        return token
    letters = [c for c in token if c.isalpha()]
    mixed = any(c.isascii() for c in letters)
    swapped = token.translate(_LOOKALIKES)
    if mixed or (swapped.isascii() and any("a" <= c <= "z" for c in text)):
        return swapped
    return token


def _joined(found: re.Match[str]) -> str:
    """Spelled letters as words; what is wider than the rest is a gap between words."""
    text = found.group()
    narrow = not _WIDE.search(text) and not _SPACE.sub("", text).isalnum()
    gap = _SPACE if narrow else _GAP
    return " ".join("".join(words(part.replace("_", " "))) for part in gap.split(text))


def _repaired(text: str, known: Known) -> str:
    return _TOKEN.sub(lambda found: _mended(found.group(), known), text)


def _mended(token: str, known: Known) -> str:
    """A token as the first known word that it may stand for; itself when there is none."""
    bare = token.strip(".,;:?\"'()[]{}<>-*_~&%^=/\\")
    bare = bare.removesuffix("'s").removesuffix("’s")
    if len(bare) < 2 or bare.isdigit() or len(bare) > _MAX_TOKEN or known(bare):
        return token
    for candidate in _candidates(bare):
        if (known(candidate) and candidate[:1] * 2 != candidate) or _AGE.fullmatch(candidate):
            return candidate
    parts = words(bare)
    if len(parts) > 1:
        return " ".join(_mended(part, known) for part in parts)
    return _parted(bare, known) or _parted(bare[::-1], known) or token


def _candidates(token: str) -> Iterator[str]:
    """What one word may stand for, the likeliest first; backwards last."""
    spellings = dict.fromkeys(each for word in _unleet(token) for each in _shorter(word))
    yield from spellings
    yield from (each[::-1] for each in spellings if len(each) > 2)


def _unleet(token: str) -> list[str]:
    """Digits and signs as letters, where the word has letters too; a number before it stays."""
    if not any(c.isalpha() for c in token) or not _LEET_SIGNS.intersection(token):
        return [token]
    found = [token.replace("(", "c").translate(table) for table in (_LEET_I, _LEET_L)]
    number = token[: len(token) - len(token.lstrip("0123456789"))]
    found += [number + token[len(number) :].translate(_LEET_I)] if number else []
    return [token, *found, *(each[:-1] for each in found if token[-1] in "!|")]


def _shorter(word: str) -> Iterator[str]:
    """The word with each repeated letter once or twice."""
    runs = [found.group() for found in _RUN.finditer(word)]
    if sum(len(run) > 1 for run in runs) > _MAX_RUNS:
        yield _TWICE.sub(r"\1", word)
        return
    for choice in product(*((run,) if len(run) < 2 else (run[0] * 2, run[0]) for run in runs)):
        yield "".join(choice)


def _parted(token: str, known: Known) -> str:
    """Words run together, told apart by the fewest known words; "" when that is impossible."""
    size = len(token)
    if size < 6 or not token.isascii() or not token.isalnum() or token.isdigit():
        return ""
    best: list[list[str] | None] = [[]] + [None] * size
    for end in range(1, size + 1):
        for start in range(max(0, end - 14), end):
            before, piece = best[start], token[start:end]
            if before is None or not _is_piece(piece, known):
                continue
            current = best[end]
            if current is None or len(before) + 1 < len(current):
                best[end] = [*before, piece]
    return " ".join(best[size] or [])


def _is_piece(text: str, known: Known) -> bool:
    if text.isdigit():
        return len(text) < 3
    return _AGE.fullmatch(text) is not None or ((len(text) > 2 or text in _SHORT) and known(text))


def _is_backwards(text: str, known: Known) -> bool:
    """Whether more words are known backwards than forwards."""
    found = [word for word in words(text) if len(word) > 2]
    forwards = sum(known(word) for word in found)
    return bool(found) and sum(known(word[::-1]) for word in found) > forwards


def _camel_parted(text: str) -> str:
    """ "NakedFlame" as two words: what a hash tag hides."""
    cuts = [i for i, (a, b) in enumerate(pairwise(text), 1) if a.islower() and b.isupper()]
    return " ".join(text[a:b] for a, b in pairwise([0, *cuts, len(text)]))
