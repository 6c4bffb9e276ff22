"""What became of a prompt: both texts, and honestly which of them is whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Who wrote the enhanced text: a language model, the fixed template, or the user alone.
EnhancementSource = Literal["model", "template", "original"]


@dataclass(frozen=True, kw_only=True)
class Enhancement:
    """A prompt made cinematic, never worse than the user's own words.

    original: the user's words, untouched. enhanced: what the video model should be given.
    reason: in words for the user, why the source is not "model"; "" when it is.
    seconds: wall time of the writing, without loading the models.
    """

    original: str
    enhanced: str
    source: EnhancementSource
    reason: str = ""
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether there is anything to show beside the original.

        >>> Enhancement(original="a cat", enhanced="a cat", source="original").changed
        False
        """
        return self.enhanced != self.original
