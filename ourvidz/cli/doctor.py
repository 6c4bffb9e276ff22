"""`ourvidz doctor`: looks at everything that OurVidz needs, and says what to do."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from dataclasses import asdict

from rich.text import Text

from ourvidz.cli.screen import Screen, aligned
from ourvidz.domain.errors import OurVidzError
from ourvidz.settings import read_settings


def doctor(args: Namespace, screen: Screen) -> None:
    """Check servers, files, models and settings, and say what to do; status 1 if any fails."""
    from ourvidz.bootstrap import Wiring
    from ourvidz.cli.checks import checks_for, entry_of
    from ourvidz.cli.findings import Finding, examine, failure

    settings = read_settings()
    entry = entry_of(settings)
    findings = [Finding("settings", "ok", "hosted" if settings.hosted else "embedded")]
    try:
        wiring = Wiring(settings, entry=entry)
    except OurVidzError as error:
        findings = [failure("settings", error)]
    else:
        with closing(wiring):
            findings += examine(wiring, checks_for(entry))
    advice = [f"{one.what}: {one.advice}" for one in findings if one.advice]
    screen.show(
        {"findings": [asdict(one) for one in findings]},
        aligned(*((one.state, one.what, one.says) for one in findings)),
        *([Text("\nWhat to do:"), *advice] if advice else []),
    )
    if any(one.state == "fail" for one in findings):
        raise SystemExit(1)
