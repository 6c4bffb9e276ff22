"""The plan of one shot, and the way down when memory runs out after all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ourvidz.domain.errors import OutOfMemory, Unavailable
from ourvidz.domain.progress import Stage
from ourvidz.pipeline.budget import Change, GpuStage, Plan, lowered, plan_work, workload_of
from ourvidz.pipeline.hardware import free_bytes, ran_out
from ourvidz.pipeline.loading import load_models
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Names, Shot

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Which part of a plan a stage belongs to. What is loaded goes where encoding or denoising is.
_STAGES: dict[Stage, GpuStage] = {
    "load": "denoise", "encode": "encode", "denoise": "denoise", "decode": "decode",
    "export": "decode",
}  # fmt: skip
#: On a CPU only these need less memory: everything else lies where it lay.
_ON_A_CPU: frozenset[Change] = frozenset({"one_by_one", "tile_vae"})


class Ladder:
    """Runs the work of one shot by its plan, and again one rung lower when memory ran out.

    taken: the rungs that were needed, as "stage: change", for the result's metadata.
    """

    def __init__(self, shot: Shot, manager: ModelManager, reporter: Reporter) -> None:
        self.plan = plan_of(shot, manager)
        self.taken: list[str] = []
        self._shot, self._manager, self._reporter = shot, manager, reporter
        self._names: Names | None = None

    def climb(self, work: Callable[[Names], T]) -> T:
        """What `work(names)` returns, with the components loaded as the plan wants them.

        names: the manager's name of each component. Raises OutOfMemory when no rung is left; then
        nothing is on the device any more, and the manager is as good as before.
        """
        while True:
            try:
                return work(self._loaded())
            except Exception as error:
                if not ran_out(error):
                    raise
                full = self._full()
                if self._manager.share:  # the others wait: nobody goes down alone
                    raise full from error
            # Out of the handler: its traceback held on to the tensors that are to be freed.
            self._manager.rest()
            self._step_down(full)

    def _loaded(self) -> Names:
        if self._names is not None:
            return self._names
        shot = self._shot
        names = load_models(
            self._manager,
            shot.family,
            shot.ability,
            self._reporter,
            distilled=shot.sampling.distilled,
            plan=self.plan,
        )
        self._manager.follow(self.plan, names)
        self._names = names
        return names

    def _full(self) -> OutOfMemory:
        """The error, should no rung be left."""
        stage = self._reporter.current
        planned = {one.stage: one.peak_bytes for one in self.plan.stages}
        need = planned.get(_STAGES.get(stage, "denoise"), self.plan.peak_bytes)
        return OutOfMemory(stage, need, free_bytes(self._manager.device))

    def _step_down(self, full: OutOfMemory) -> None:
        stage = _STAGES.get(self._reporter.current, "denoise")
        lower: Plan | None = self.plan
        while lower is not None:
            lower = lowered(lower, stage)
            if lower and (self.plan.device != "cpu" or lower.changes[-1] in _ON_A_CPU):
                break
        if lower is None:
            raise full
        self.taken.append(f"{full.stage}: {lower.changes[-1]}")
        log.warning("%s ran out of memory; on with %s", full.stage, lower.changes[-1])
        self.plan, self._names = lower, None


def plan_of(shot: Shot, manager: ModelManager) -> Plan:
    """How this machine makes `shot`.

    Raises Unavailable for a family that needs a GPU where there is none, InvalidRequest where the
    card is too small for anything.
    """
    family, request = shot.family, shot.request
    if family.needs and manager.device.type == "cpu":
        raise Unavailable(
            family.name, f"needs {family.needs}; use the model 'starter' on this machine"
        )
    packed = manager.packed
    # A CPU holds all in one memory: the file's own format changes nothing of its plan.
    own = packed is not None and manager.device.type == "cpu"
    work = workload_of(
        request,
        shot.ability,
        num_videos=shot.num_videos,
        num_references=len(shot.references),
    )
    work = replace(
        work,
        num_frames=shot.sampled_frames,  # with the overlap: more than may be asked for
        transformer_bytes=packed.bytes if packed else None,
    )
    return plan_work(work, manager.machine, None if own else manager.formats)
