"""What our own enhancer adds to a prompt: harmless, but "from behind" beside a child is suspect."""

from __future__ import annotations

import re

from ourvidz.domain.cinema import CAMERAS, LIGHTS, MOODS, TAIL
from ourvidz.domain.idea import LAST_VIEW, VIEWS

_OURS = re.compile(
    "|".join(map(re.escape, (*(one.text for one in (*LIGHTS, *CAMERAS)), *VIEWS, LAST_VIEW)))
    + rf"|(?:(?:{'|'.join(MOODS)}) mood, )?{re.escape(TAIL)}\.",
    re.IGNORECASE,
)


def without_our_words(text: str) -> str:
    """A text as its author wrote it: only whole sentences of ours are taken out.

    >>> without_our_words("Two kids build a snowman. Slow push-in.")
    'Two kids build a snowman.'
    """
    return _OURS.sub(" ", text).strip()
