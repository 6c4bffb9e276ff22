"""Logistic heads on sentence vectors: whether a text is sexual, shows minors, or is extreme.

They read meaning where the lists read words. Fitted by `python -m ourvidz.safety.train`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

HEADS = ("minor", "sex", "extreme")
#: Length of a sentence vector.
DIMENSIONS = 384

Floats = NDArray[np.float32]
#: Texts to unit vectors (n, 384).
Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class Heads:
    """weights: one row a head, in the order of `HEADS`; the last column is the bias."""

    weights: Floats

    def chances(self, vectors: Floats) -> NDArray[np.float64]:
        """(n, 3) probabilities, in the order of `HEADS`, of (n, 384) vectors.

        ValueError when the vectors are not what the heads were fitted on.
        """
        if vectors.ndim != 2 or vectors.shape[1] != DIMENSIONS or not len(vectors):
            raise ValueError(f"vectors have shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("vectors are not finite")
        logits = vectors @ self.weights[:, :-1].T + self.weights[:, -1]
        return 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))


def load_heads() -> Heads:
    """The heads of this package."""
    with as_file(files("ourvidz.safety") / "heads.npy") as path:
        weights = np.load(path, allow_pickle=False)
    if weights.shape != (len(HEADS), DIMENSIONS + 1):
        raise ValueError(f"heads.npy has shape {weights.shape}; train it again")
    return Heads(weights)


def fit(vectors: Floats, answers: NDArray[np.bool_], *, penalty: float) -> Floats:
    """Weights and bias (385,) of one head: logistic regression by Newton steps, classes balanced.

    penalty: L2 on the weights, not on the bias, relative to the mean loss.
    """
    x = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)
    share = np.where(answers, 0.5 / answers.mean(), 0.5 / (1 - answers.mean())) / len(x)
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 0.0
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        chance = 1.0 / (1.0 + np.exp(-x @ weights))
        slope = x.T @ (share * (chance - answers)) + ridge * weights
        curve = (x.T * (share * chance * (1 - chance))) @ x + np.diag(ridge + 1e-9)
        weights -= np.linalg.solve(curve, slope)
    return weights.astype(np.float32)
