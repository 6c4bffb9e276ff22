"""Checks, run side by side, and what they find."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ourvidz.bootstrap import Wiring
from ourvidz.domain.errors import OurVidzError
from ourvidz.settings import PREFIX

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """what: the thing. says: how it is. advice: what to do, when it is not well."""

    what: str
    state: State
    says: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """look: yields what it finds; any OurVidzError is a failure whose text says what to do.

    variable: with which setting a hosted installation says where its server is.
    """

    what: str
    look: Callable[[Wiring], Iterator[Finding]]
    timeout_s: float = 15.0
    variable: str = ""


def examine(wiring: Wiring, checks: list[Check]) -> list[Finding]:
    """Run all checks at once, each with its own time limit; a dead server holds up nobody."""
    results: dict[str, list[Finding]] = {}

    def run(check: Check) -> None:
        found: list[Finding] = []
        try:
            found.extend(check.look(wiring))
        except OurVidzError as error:
            failed = failure(check.what, error)
            if check.variable and wiring.settings.hosted:
                advice = f"start its server, or correct {PREFIX}{check.variable}"
                failed = replace(failed, advice=advice)
            found.append(failed)
        except Exception as error:  # noqa: BLE001 - a bug in one check must not hide the others
            found.append(Finding(check.what, "fail", repr(error), "report this"))
        results[check.what] = found

    threads = [threading.Thread(target=run, args=(check,), daemon=True) for check in checks]
    for thread in threads:
        thread.start()
    findings: list[Finding] = []
    for check, thread in zip(checks, threads, strict=True):
        thread.join(check.timeout_s)
        late = Finding(
            check.what, "fail", f"did not answer within {check.timeout_s:.0f} s",
            "look whether its server is overloaded or cut off by a firewall",
        )  # fmt: skip
        findings += results.get(check.what, [late])
    return findings


def failure(what: str, error: OurVidzError) -> Finding:
    """What is wrong and what to do: our texts have both, in this order."""
    says, _, advice = error.in_full.partition("; ")
    return Finding(what, "fail", says, advice or "do as it says")


def damage(model: str, damaged: Mapping[str, Collection[str]]) -> Finding:
    """What a loader would miss of `model`: names of files by folder."""
    says = [f"{', '.join(names)} in {where}" for where, names in damaged.items()]
    advice = f"`ourvidz models verify {model}` says what to do"
    return Finding(f"weights of {model}", "fail", f"missing or damaged: {'; '.join(says)}", advice)
