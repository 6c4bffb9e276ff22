"""What a plan allows to run faster, put on a transformer for one run and taken off again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ourvidz.pipeline.attention import attending, find_attention
from ourvidz.pipeline.compiled import compiled
from ourvidz.pipeline.forecast import Schedule, forecasting
from ourvidz.pipeline.manager import ModelManager


@contextmanager
def hastened(transformer: Any, manager: ModelManager) -> Iterator[None]:
    """`transformer`, on its device, runs as the manager's plan says; as it is without a plan."""
    plan = manager.plan
    if plan is None or plan.device == "cpu":
        yield
        return
    kind = (type(transformer), transformer.dtype, plan.attention)
    name = manager.once(kind, lambda: find_attention(transformer, plan.attention))
    schedule = Schedule(num_steps=plan.workload.num_inference_steps) if plan.cache else None
    backend = "inductor" if plan.compile else None
    with (
        attending(transformer, name),
        compiled(transformer, backend),
        forecasting(transformer, schedule),
    ):
        yield
