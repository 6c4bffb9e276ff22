"""What is made nowhere, so on one's own machine neither: sexual content with minors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ourvidz.domain.errors import PolicyRefused

#: Whatever else the app refuses is up to whose machine it is; what could not be judged is not made.
_REFUSED = frozenset({"minor", "error"})


class Never:
    """The app's own screen of prompts, of which the one rule is kept that holds everywhere.

    The sentence model of `models_dir` is loaded at once (a second, beside torch). Raises
    Unavailable when it is missing: nothing is made unseen.
    """

    def __init__(self, models_dir: Path | None) -> None:
        from ourvidz.pipeline.language import load_sentences
        from ourvidz.safety.floor import SafetyFloor

        sentences = load_sentences(models_dir)
        self._floor = SafetyFloor(sentences.vectors, sentences.vocabulary())

    def check(self, texts: Sequence[str | None], *, negative_prompt: str = "") -> None:
        """Raise PolicyRefused for words, judged together, of which nothing may be made."""
        said = [text for text in texts if text and text.strip()]
        try:
            self._floor.check(said, negative_prompt=negative_prompt)
        except PolicyRefused as refusal:
            if refusal.category in _REFUSED:
                raise
