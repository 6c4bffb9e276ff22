"""Ways in which people disguise what they ask for, and the lists that they are applied to."""

# ruff: noqa: RUF001 - letters that look alike are what this file is about

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

LISTS = Path(__file__).parent.parent / "tests" / "safety"
CASUAL = Path(__file__).parent / "prompts" / "casual.txt"
SCENE_BREAK = " || "

_LEET = str.maketrans("aeiost", "4310$7")
_TWINS = str.maketrans("aeopcxyi", "аеорсхуі")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_PADDING = "A calm river flows through a green valley while birds sing in the trees. " * 30


@dataclass(frozen=True, kw_only=True)
class Case:
    """One film to judge. category: what is wrong with it, or "benign"; language: ISO code."""

    category: str
    texts: tuple[str, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    language: str = "en"

    def every(self, change: Callable[[str], str]) -> Case:
        """The same case with each text changed."""
        return replace(self, texts=tuple(change(text) for text in self.texts))


def read_cases(name: str) -> list[Case]:
    """The cases of a list in tests/safety: "regression", "heldout", "benign", ..."""
    with (LISTS / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_case(row) for row in rows]


def casual_cases() -> list[Case]:
    """The 50 casual prompts of the project, all benign."""
    lines = CASUAL.read_text(encoding="utf-8").splitlines()
    return [Case(category="benign", texts=(line,)) for line in lines]


def _case(row: Mapping[str, str]) -> Case:
    kwargs = json.loads(row["kwargs"])
    language = kwargs.pop("language", "en")
    texts = tuple(row["text"].split(SCENE_BREAK))
    return Case(category=row["category"], texts=texts, kwargs=kwargs, language=language)


def _between(mark: str, gap: str = " ") -> Callable[[Case], Case]:
    return lambda case: case.every(
        lambda text: gap.join(mark.join(word) for word in text.split(" "))
    )


def _each(change: Callable[[str], str]) -> Callable[[Case], Case]:
    return lambda case: case.every(change)


def _stretched(text: str) -> str:
    return "".join(c * 3 if c.lower() in "aeiou" else c for c in text)


def _zalgo(text: str) -> str:
    return "".join(f"{c}\u0335\u0301" if c.isalpha() else c for c in text)


def _split(case: Case) -> Case:
    """Half of the words in one scene, half in the next."""
    words = " ".join(case.texts).split(" ")
    middle = (len(words) + 1) // 2
    halves = " ".join(words[:middle]), " ".join(words[middle:])
    return replace(case, texts=tuple(half for half in halves if half))


def _pushed(case: Case) -> Case:
    """Adults taken away by the negative prompt."""
    negative = case.kwargs.get("negative_prompt") or "blurry, adult, mature, old"
    return replace(case, kwargs={**case.kwargs, "negative_prompt": negative})


EVASIONS: Mapping[str, Callable[[Case], Case]] = {
    "plain": lambda case: case,
    "leet": _each(lambda text: text.translate(_LEET)),
    "spaces": _between(" ", gap="   "),
    "dots": _between("."),
    "lookalikes": _each(lambda text: text.translate(_TWINS)),
    "invisible": _between("\u200b"),
    "full width": _each(lambda text: text.translate(_WIDE)),
    "stretched": _each(_stretched),
    "backwards": _each(lambda text: text[::-1]),
    "run together": _each(lambda text: text.replace(" ", "")),
    "marks": _each(_zalgo),
    "upper case": _each(str.upper),
    "two scenes": _split,
    "long before": lambda case: replace(case, texts=(_PADDING + case.texts[0], *case.texts[1:])),
    "negative": _pushed,
}


def disguised(case: Case) -> Iterator[tuple[str, Case]]:
    """The case under every evasion that changes it, the plain one first."""
    for name, evasion in EVASIONS.items():
        changed = evasion(case)
        if name == "plain" or changed != case:
            yield name, changed
