"""What a job knows about its time from jobs before it, and what it tells those after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import torch

from ourvidz.domain.progress import Stage
from ourvidz.pipeline.budget import Calibration, Plan, rates_of
from ourvidz.pipeline.budget.work import encode_flops, words_flops
from ourvidz.pipeline.ladder import Ladder
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Shot

#: Decoding and export until they were measured: so the time left does not jump after denoising.
FIRST_GUESS_S_PER_MEGAPIXEL = 0.06
#: Embeds are remembered from job to job, so encoding tells its speed only where words are little.
_MOST_WORDS = 0.1


def expected_s(shot: Shot, made: Plan, manager: ModelManager) -> Mapping[Stage, float]:
    """Seconds of the stages: as such a job took in this process, else by this machine's speeds.

    Export goes on while frames are decoded and is counted there.
    """
    if shot.shape in manager.pace:
        return manager.pace[shot.shape]
    megapixels = shot.output_size[0] * shot.output_size[1] * shot.request.num_frames / 1e6
    guess: dict[Stage, float] = {"decode": megapixels * FIRST_GUESS_S_PER_MEGAPIXEL}
    if made.calibrated != "measured here":
        return guess
    known: dict[Stage, float] = {}
    known |= {one.stage: one.seconds for one in made.stages if one.seconds is not None}
    exported = known.pop("export", guess["decode"])
    known["decode"] = known.get("decode", 0.0) + exported
    return known


def learn(shot: Shot, ladder: Ladder, manager: ModelManager, reporter: Reporter) -> None:
    """Keep how fast a finished job was, for this process and, where it knows a file, for others."""
    manager.pace[shot.shape] = {**manager.pace.get(shot.shape, {}), **reporter.pace()}
    # What ran twice, on several devices, or in a file's own format says nothing about other jobs.
    if manager.speeds is None or ladder.taken or manager.share or manager.packed:
        return
    run = Calibration(
        machine=manager.device_name,
        rates=rates_of(ladder.plan, _seconds(ladder.plan, reporter)),
        export_s_per_mpx=_export_s_per_mpx(shot, reporter),
        facts={"date": datetime.now(UTC).date().isoformat(), "torch": torch.__version__},
    )
    manager.speeds.learn(run)


def _seconds(made: Plan, reporter: Reporter) -> Mapping[Stage, float]:
    """Of whole stages, as if nothing had warmed up, been resumed, remembered or forecast."""
    work, took = made.workload, reporter.seconds_by_stage
    seconds: dict[Stage, float] = {"decode": took.get("decode", 0.0)}
    if words_flops(work) <= _MOST_WORDS * encode_flops(work):
        seconds["encode"] = took.get("encode", 0.0)
    runs, rest = divmod(work.num_videos, made.choices.batch)
    if "denoise" in reporter.step_s and not rest:
        step_s = reporter.step_s["denoise"] / (1 - reporter.spared)
        seconds["denoise"] = step_s * work.num_inference_steps * runs
    return seconds


def _export_s_per_mpx(shot: Shot, reporter: Reporter) -> float | None:
    """Only of clips in the size that the family delivers: scaling is a part of it."""
    frames, (width, height) = shot.request.num_frames, shot.output_size
    if frames == 1 or shot.output_size != shot.family.delivered_size(*shot.size):
        return None
    return reporter.seconds_by_stage.get("export", 0.0) / (width * height * frames / 1e6) or None
