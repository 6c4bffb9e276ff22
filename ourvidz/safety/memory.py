"""What the heads said of pieces judged lately: a film is judged whole at each save of it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from ourvidz.safety.heads import HEADS, Embed, Heads

#: Pieces that are embedded together: all those of a long film would take gigabytes at once.
_BATCH = 64
#: Those of several films of the longest.
_MOST = 2**16


class Memory:
    """Scores of pieces, computed once as long as they are among the `most` asked for last.

    A piece is known by a digest of its words; the words themselves are not kept.
    """

    def __init__(self, embed: Embed, heads: Heads, *, most: int = _MOST) -> None:
        self._embed, self._heads, self._most = embed, heads, most
        self._known: OrderedDict[bytes, tuple[float, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def highest(self, pieces: Sequence[str]) -> dict[str, float]:
        """The highest score of each head, 0 without pieces."""
        asked = {_digest(piece): piece for piece in pieces}
        with self._lock:
            found = {key: self._known[key] for key in asked if key in self._known}
        # Those of like length go together, which saves padding.
        new = sorted(asked.keys() - found.keys(), key=lambda key: len(asked[key]))
        for start in range(0, len(new), _BATCH):
            keys = new[start : start + _BATCH]
            rows = self._heads.chances(self._embed([asked[key] for key in keys])).tolist()
            found |= {key: tuple(row) for key, row in zip(keys, rows, strict=True)}
        self._keep(found)
        highest = np.max([*found.values(), (0.0,) * len(HEADS)], axis=0)
        return {name: float(value) for name, value in zip(HEADS, highest, strict=True)}

    def _keep(self, found: Mapping[bytes, tuple[float, ...]]) -> None:
        """These become the latest; the oldest are forgotten."""
        with self._lock:
            for key, row in found.items():
                self._known[key] = row
                self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _digest(piece: str) -> bytes:
    return hashlib.sha256(piece.encode("utf-8", "surrogatepass")).digest()
