"""`ourvidz doctor`: looks at everything that OurVidz needs, and says what to do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from ourvidz.cli.screen import Screen, aligned
from ourvidz.domain.errors import OurVidzError
from ourvidz.settings import Settings, read_settings

if TYPE_CHECKING:
    from ourvidz.cli.findings import Finding


def doctor(args: Namespace, screen: Screen) -> None:
    """Check servers, files, models and settings, and say what to do; status 1 if any fails."""
    settings = read_settings()
    findings = _of_gpu(settings) if args.gpu else _of_installation(settings)
    advice = [f"{one.what}: {one.advice}" for one in findings if one.advice]
    screen.show(
        {"findings": [asdict(one) for one in findings]},
        aligned(*((one.state, one.what, one.says) for one in findings)),
        *([Text("\nWhat to do:"), *advice] if advice else []),
    )
    if any(one.state == "fail" for one in findings):
        raise SystemExit(1)


def options(verb: ArgumentParser) -> None:
    """What can be typed."""
    verb.add_argument(
        "--gpu", action="store_true", help="look at the card, its driver and the models instead"
    )


def _of_gpu(settings: Settings) -> list[Finding]:
    from ourvidz.cli.gpu import gpu_findings

    return list(gpu_findings(settings))


def _of_installation(settings: Settings) -> list[Finding]:
    from ourvidz.bootstrap import Wiring
    from ourvidz.cli.checks import checks_for, entry_of
    from ourvidz.cli.findings import Finding, examine, failure

    entry = entry_of(settings)
    findings = [Finding("settings", "ok", "hosted" if settings.hosted else "embedded")]
    try:
        wiring = Wiring(settings, entry=entry)
    except OurVidzError as error:
        findings = [failure("settings", error)]
    else:
        with closing(wiring):
            findings += examine(wiring, checks_for(entry))
    return findings
