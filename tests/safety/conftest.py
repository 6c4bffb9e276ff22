"""The real sentence model, loaded once; every text is embedded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from ourvidz.pipeline.language import Sentences, load_sentences
from ourvidz.safety.floor import SafetyFloor
from ourvidz.safety.heads import Floats

_BATCH = 64


@dataclass
class Model:
    """MiniLM with a memory."""

    sentences: Sentences
    vocabulary: frozenset[str]
    seen: dict[str, Floats] = field(default_factory=dict)

    def embed(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self.seen]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self.seen |= dict(zip(batch, self.sentences.vectors(batch), strict=True))
        return np.stack([self.seen[text] for text in texts])


@pytest.fixture(scope="session")
def model() -> Model:
    sentences = load_sentences(None)
    return Model(sentences, sentences.vocabulary())


@pytest.fixture(scope="session")
def floor(model: Model) -> SafetyFloor:
    """The floor as it is without any configuration."""
    return SafetyFloor(model.embed, model.vocabulary)
