"""Fit the heads: `python -m ourvidz.safety.train` writes `heads.npy`; a minute on one core."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ourvidz.safety.examples import examples
from ourvidz.safety.heads import HEADS, Embed, Floats, fit

_PENALTY = 3e-4
_BATCH = 64


def train(embed: Embed) -> Floats:
    """Weights (3, 385) of all heads, each fitted on its own examples."""
    rows: list[Floats] = []
    for head in HEADS:
        texts, answers = zip(*examples(head), strict=True)
        vectors = [embed(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        rows.append(fit(np.concatenate(vectors), np.array(answers), penalty=_PENALTY))
    return np.stack(rows)


def main() -> None:
    """Fit on the sentence model of this machine and replace the file of this package."""
    from ourvidz.pipeline.language import load_sentences

    np.save(Path(__file__).parent / "heads.npy", train(load_sentences(None).vectors))


if __name__ == "__main__":
    main()
