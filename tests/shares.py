"""What each process of a test of divided transformers does."""

from __future__ import annotations

from pathlib import Path

import torch

from ourvidz.pipeline.compiled import make_compilable
from ourvidz.pipeline.forecast import Schedule, forecasting
from ourvidz.pipeline.parallel import divided, joined
from ourvidz.pipeline.quantize import quantize
from ourvidz.pipeline.streaming import stream
from tests.pipeline.test_placing import inputs
from tests.tiny import tiny_transformer

CPU = torch.device("cpu")


@torch.inference_mode()
def compare(rank: int, count: int, folder: Path) -> None:
    """Write how far a divided pass is from a whole one, in every way that cards run it."""
    torch.set_num_threads(1)
    errors: dict[str, float] = {}
    with joined(rank, count, CPU, folder / "meeting") as share:
        for way in ("plain", "int8", "streamed", "forecast"):
            model = tiny_transformer()
            given = inputs(model)
            if way == "int8":
                quantize(model, "int8", CPU)
            whole = model(**given)[0]
            make_compilable(model)
            if way == "streamed":
                stream(model, CPU)
            schedule = Schedule(num_steps=12) if way == "forecast" else None
            with divided(model, share), forecasting(model, schedule):
                found = [model(**given)[0] for _ in range(3)]
            found.append(model(**given)[0])
            errors[way] = max(float((one - whole).abs().max()) for one in found)
    (folder / f"{rank}.txt").write_text(repr(errors))
