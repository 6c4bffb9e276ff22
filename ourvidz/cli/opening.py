"""How a clip from words begins: where its model is better that way, with a picture of its own."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ourvidz import pipeline
from ourvidz.cli.screen import Screen
from ourvidz.domain.catalog import family
from ourvidz.domain.clip import Still
from ourvidz.domain.request import VideoRequest


@dataclass(frozen=True, kw_only=True)
class Opening:
    """still: the first frame that was drawn, None where none was. seconds: what it took."""

    still: Still | None = None
    seconds: float = 0.0


@contextmanager
def opening(
    request: VideoRequest, args: Namespace, manager: pipeline.ModelManager, screen: Screen
) -> Iterator[Opening]:
    """Draw the first frame; inside, the clip is made, and if that fails the picture goes too.

    None is drawn for a request with pictures, nor where the work is for one chosen transformer.
    """
    given = request.image or request.last_image or args.transformer or args.gpus > 1
    if given or not args.preview or not family(request.model).draws_first:
        yield Opening()
        return
    begin = time.monotonic()
    with screen.watching("picture: ") as on_progress:
        (still,) = pipeline.preview(request, manager, on_progress, args.out_dir, num_images=1)
    try:
        yield Opening(still=still, seconds=time.monotonic() - begin)
    except BaseException:
        still.path.unlink(missing_ok=True)
        raise
