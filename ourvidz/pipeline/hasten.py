"""What a plan allows to run faster, put on a transformer for one run and taken off again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from ourvidz.pipeline.attention import attending, find_attention
from ourvidz.pipeline.budget import Plan
from ourvidz.pipeline.compiled import compiled
from ourvidz.pipeline.forecast import Schedule, Tally, Track, forecasting
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.parallel import divided

#: Blocks that are handed to a card before it has done those before them: enough to keep it busy.
_AHEAD = 2


@contextmanager
def hastened(
    transformer: Any, manager: ModelManager, track: Track | None = None
) -> Iterator[Tally]:
    """`transformer`, on its device, runs as the manager's plan says; as it is without a plan.

    track: where the step cache of an earlier attempt stood, which is kept up to date in it. Yields
    what became of the passes; without a step cache nothing is counted.
    """
    plan = manager.plan
    if plan is None or plan.device == "cpu":
        with divided(transformer, manager.share):
            yield Tally()
        return
    name = attention_of(transformer, manager, plan)
    schedule = Schedule(num_steps=plan.workload.num_inference_steps) if plan.cache else None
    backend = "inductor" if plan.compile and not manager.share else None
    with (
        divided(transformer, manager.share),
        attending(transformer, name),
        compiled(transformer, backend),
        forecasting(transformer, schedule, track) as tally,
        # Of streamed blocks the parameters lie in host memory, so the manager is asked.
        paced(transformer) if manager.device.type == "cuda" else nullcontext(),
    ):
        yield tally


def attention_of(transformer: Any, manager: ModelManager, plan: Plan) -> str | None:
    """The backend of attention that `transformer` takes by this plan, found once; None for torch's
    own choice, where none of the plan's runs here.
    """
    kind = (type(transformer), transformer.dtype, plan.attention)
    return manager.once(kind, lambda: find_attention(transformer, plan.attention))


@contextmanager
def paced(transformer: torch.nn.Module) -> Iterator[None]:
    """A card that `transformer` is on is at most two blocks behind the program inside.

    Left alone, the program hands over a whole pass in a moment and then waits half a minute for
    it: progress would stand still and a cancel would not be heard meanwhile.
    """
    waiting: deque[torch.cuda.Event] = deque()

    def wait(*_: Any) -> None:
        here = torch.cuda.Event(blocking=True)
        here.record()
        waiting.append(here)
        if len(waiting) > _AHEAD:
            waiting.popleft().synchronize()

    blocks: Any = transformer.blocks
    hooks = [block.register_forward_pre_hook(wait) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
