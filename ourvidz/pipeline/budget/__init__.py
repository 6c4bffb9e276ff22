"""What a render needs and where it goes: arithmetic on the catalog, without torch."""

from __future__ import annotations

from ourvidz.pipeline.budget.calibration import (
    Calibration,
    Rate,
    read_calibrations,
    write_calibration,
)
from ourvidz.pipeline.budget.costs import ProfileCost, expected_seconds, profile_costs
from ourvidz.pipeline.budget.machines import (
    CPU,
    MACHINES,
    Machine,
    machine_measured,
    machine_named,
    machine_seen,
)
from ourvidz.pipeline.budget.planner import (
    HEADROOM_BYTES,
    lowered,
    plan,
    plan_work,
    workload_of,
)
from ourvidz.pipeline.budget.plans import (
    Change,
    Choices,
    ComponentPlan,
    GpuStage,
    Placement,
    Plan,
    Rung,
    StagePlan,
    Workload,
)
from ourvidz.pipeline.budget.seconds import rates_of
from ourvidz.pipeline.budget.speeds import Speeds

__all__ = [
    "CPU",
    "HEADROOM_BYTES",
    "MACHINES",
    "Calibration",
    "Change",
    "Choices",
    "ComponentPlan",
    "GpuStage",
    "Machine",
    "Placement",
    "Plan",
    "ProfileCost",
    "Rate",
    "Rung",
    "Speeds",
    "StagePlan",
    "Workload",
    "expected_seconds",
    "lowered",
    "machine_measured",
    "machine_named",
    "machine_seen",
    "plan",
    "plan_work",
    "profile_costs",
    "rates_of",
    "read_calibrations",
    "workload_of",
    "write_calibration",
]
