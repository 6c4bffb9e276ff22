"""Is an enhanced prompt at least as good as the user's own words? One judge for every writer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Literal

from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.wording import Word, content, read

MAX_WORDS = 200
#: Share of the user's content words that must come back, in some form.
MIN_KEPT = 0.8
#: Cosine between the two texts below which the candidate is about something else.
MIN_SIMILARITY = 0.45
#: How far before a noun its colour or number may stand: "three big white horses".
_REACH = 3

_META = re.compile(
    r"\b(?:here(?: is|'s| are)|(?:sure|of course)(?=[,!])|certainly|as an ai|sorry|please|"
    r"i(?: am| can| will| would| have| hope| apologi[sz]e|'m|'ve|'ll)|let me know|note that|"
    r"this (?:prompt|video|scene) (?:is|shows|captures|would)|the user|"
    r"(?:rewritten|enhanced|cinematic|video) prompt)\b|"
    r"\[/?inst\]|<\||https?:|```|\*\*|^\s*[-#*]",
    re.IGNORECASE | re.MULTILINE,
)
#: Idioms that name a living thing without showing one.
_IDIOM = re.compile(r"\b(?:bird|worm|fish)(?:['\u2019]?s)?[- ]eye\b", re.IGNORECASE)

Check = Callable[[list[Word], list[Word]], str | None]


def fault(original: str, candidate: str, similarity: float) -> str | None:
    """Why `candidate` must not replace the user's `original`; None when it may.

    similarity: cosine of the two texts' sentence embeddings, -1 to 1.

    >>> fault("two red kites", "Two red kites dance in the wind. Static wide shot.", 0.8)
    >>> fault("two red kites", "Three red kites dance in the wind. Static wide shot.", 0.8)
    'it changes how many kites there are'
    """
    if not candidate.strip():
        return "it is empty"
    if _META.search(candidate) and not _META.search(original):
        return "it talks about the prompt instead of the scene"
    if candidate.strip()[-1] not in ".!?\"'\u201d\u2019":
        return "its last sentence is not finished"
    user, made = (read(_IDIOM.sub("view", text)) for text in (original, candidate))
    checks: tuple[Check, ...] = (
        _length, _loop, _subject, _negation, _number, _colour, _kept, _newcomer,
    )  # fmt: skip
    for check in checks:
        if reason := check(user, made):
            return reason
    if turned := read_cues(original).contradiction(read_cues(candidate)):
        return f"it turns {turned}"
    return "it drifts away from what was asked" if similarity < MIN_SIMILARITY else None


def kept_share(original: str, candidate: str) -> float:
    """Share of the user's content words that the candidate still has, 0 to 1.

    >>> kept_share("a black cat running", "The cat runs")
    0.6666666666666666
    """
    asked = {word.stem for word in content(read(original))}
    return len(asked & {word.stem for word in read(candidate)}) / len(asked) if asked else 1.0


def _length(user: list[Word], made: list[Word]) -> str | None:
    count = sum(word.text[0].isalnum() for word in made)
    return f"it has {count} words, more than {MAX_WORDS}" if count > MAX_WORDS else None


def _loop(user: list[Word], made: list[Word]) -> str | None:
    """A phrase of four words, or one word three times in a row, that the user did not repeat."""
    for size, often in ((4, 1), (3, 2)):
        said = _phrases(user, size)
        for phrase, times in _phrases(made, size).items():
            if times > max(often, said[phrase]):
                return f"it repeats '{phrase}'"
    for one, two, three in zip(made, made[1:], made[2:], strict=False):
        if one.text == two.text == three.text and one.text.isalnum() and one not in user:
            return f"it repeats '{one.text}'"
    return None


def _subject(user: list[Word], made: list[Word]) -> str | None:
    """Whoever and whatever the prompt opens with must appear: only a dog stands for a dog."""
    there = {word.stem for word in made}
    nouns = _nouns(user)
    subjects = [noun for noun in nouns if noun.is_living] or nouns[:1]
    lost = next((noun.text for noun in subjects if noun.stem not in there), None)
    return f"it loses '{lost}'" if lost else None


def _negation(user: list[Word], made: list[Word]) -> str | None:
    """What is ruled out stays ruled out, what is not does not become so."""
    for word in user:
        again = [other for other in made if other.stem == word.stem]
        if word.negated and not (again and all(other.negated for other in again)):
            return f"it forgets that there is no '{word.text}'"
        if word.is_content and not word.negated and again and all(w.negated for w in again):
            return f"it rules out '{word.text}'"
    return None


def _number(user: list[Word], made: list[Word]) -> str | None:
    for noun in _nouns(user):
        asked = _before(user, noun, "count")
        if not asked and noun.is_living and not noun.text.endswith("s"):
            asked = {"1"}
        told = _before(made, noun, "count")
        changed = not told >= asked - {"1"} or (asked and told - asked - {"1"})
        if changed or (noun.is_living and _one_for_many(user, made, noun)):
            return f"it changes how many {noun.text} there are"
    return None


def _one_for_many(user: list[Word], made: list[Word], noun: Word) -> bool:
    """Whether "a dog" has become "dogs" and nothing else, or "dogs" only "a dog"."""
    was, became = _forms(user, noun), _forms(made, noun)
    if (was, became) == ({"one"}, {"many"}):
        return _before(user, noun, "count") == {"1"}
    return (was, became) == ({"many"}, {"one"}) and _before(made, noun, "count") == {"1"}


def _forms(words: list[Word], noun: Word) -> set[str]:
    """How a noun stands in a text: for one, for many, or now so and now so."""
    bare = [w.text.removesuffix("'s") for w in words if w.stem == noun.stem and not w.negated]
    many = [one.endswith("s") and not one.endswith(("ss", "us", "is")) for one in bare]
    return {"many" if each else "one" for each in many}


def _colour(user: list[Word], made: list[Word]) -> str | None:
    there = {word.colour for word in made}
    lost = next((w.text for w in user if w.colour and w.colour not in there), None)
    if lost:
        return f"it loses the colour '{lost}'"
    for noun in _nouns(user):
        asked, told = _before(user, noun, "colour"), _before(made, noun, "colour")
        if asked and told and told != asked:
            return f"it changes the colour of '{noun.text}'"
    return None


def _kept(user: list[Word], made: list[Word]) -> str | None:
    asked = {word.stem: word.text for word in content(user)}
    lost = [text for stem, text in asked.items() if stem not in {word.stem for word in made}]
    if asked and 1 - len(lost) / len(asked) < MIN_KEPT:
        return f"it loses {', '.join(repr(text) for text in lost[:3])}"
    return None


def _newcomer(user: list[Word], made: list[Word]) -> str | None:
    """No person or animal that the user did not name."""
    named = {word.stem for word in user}
    new = next(
        (w.text for w in made if w.is_living and not w.negated and w.stem not in named), None
    )
    return f"it adds '{new}'" if new else None


def _phrases(words: list[Word], size: int) -> Counter[str]:
    texts = [word.text for word in words if word.text[0].isalnum()]
    return Counter(" ".join(texts[i : i + size]) for i in range(len(texts) - size + 1))


def _nouns(user: list[Word]) -> list[Word]:
    """What the prompt is about: living things, and the last word of every run of content words.

    "old man fishing, red sports car" is about "man" and "car".
    """
    nouns: list[Word] = []
    run: list[Word] = []
    for word in [*user, Word(".", ".")]:
        if word.is_content and not word.text.endswith("ing"):
            run.append(word)
        else:
            nouns += [each for each in run if each.is_living or each is run[-1]]
            run = []
    return [noun for noun in nouns if not (noun.negated or noun.colour or noun.count)]


def _before(words: list[Word], noun: Word, kind: Literal["count", "colour"]) -> set[str]:
    """Counts or colours that stand just before `noun`, over all the places where it stands."""
    found: set[str] = set()
    for place, word in enumerate(words):
        if word.stem != noun.stem:
            continue
        here: list[str] = []
        for other in reversed(words[max(0, place - _REACH) : place]):
            value = getattr(other, kind)
            if value:
                here.append(value)
            elif not other.text[0].isalnum() or (other.text == "and") != bool(here):
                break
        found.update(here)
    return found
