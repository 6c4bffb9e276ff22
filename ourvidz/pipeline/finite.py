"""Numbers that can be a picture: damaged weights and overflows give others, and no error."""

from __future__ import annotations

import torch

from ourvidz.domain.errors import Unavailable


def finite(numbers: torch.Tensor, part: str) -> torch.Tensor:
    """The same numbers, all finite. part: what computed them, for the text of the error.

    Raises Unavailable when one is NaN or infinite: the rest of the work would be for nothing.

    >>> finite(torch.ones(2), "the decoder").tolist()
    [1.0, 1.0]
    """
    if not bool(numbers.isfinite().all()):
        raise Unavailable(
            f"{part} computed numbers that are no picture",
            "nothing was kept. Its weights may be damaged: `ourvidz models verify MODEL` checks "
            "them; with sound weights try another seed or profile",
        )
    return numbers
