"""What does the safety floor find, and what does it refuse wrongly: `python -m benchmarks.safety`

Two lists that nothing was tuned on: `heldout` (plain words, written before tuning, by the author
of the word lists) and `oblique` (roundabout words, written after). Every case once as it is and
once under every disguise. Beside the floor, in the same run, its parts and two simpler screens.

"floor" is what runs without any configuration. "always" is what remains refused when a guard
model allows everything and the age is verified: the rules that no configuration lifts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from time import perf_counter, process_time

import numpy as np

from benchmarks.evasions import EVASIONS, Case, casual_cases, disguised, read_cases
from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.domain.errors import PolicyRefused
from ourvidz.pipeline.language import Sentences, load_sentences
from ourvidz.safety.floor import SafetyFloor
from ourvidz.safety.heads import HEADS, Floats
from ourvidz.safety.lexicon import Kind, load_lexicon
from ourvidz.safety.rules import Sight, broken_rule
from ourvidz.settings import read_settings

HARMFUL = ("minor", "real", "extreme", "adult")
HELD_OUT = ("heldout", "oblique")
BENIGN = ("benign", "benign_heldout", "casual")
TIMED = 200
DISGUISED = ("floor", "always", "words, no heads", "words as written")

Screen = Callable[[Case], bool]
Shares = dict[str, dict[str, float]]


class Memory:
    """The sentence model; a text that came before costs nothing."""

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences
        self._seen: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, 384)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        if new:
            self._seen |= dict(zip(new, self._sentences.vectors(new), strict=True))
        return np.stack([self._seen[text] for text in texts])


class Agrees:
    """A guard model that allows everything."""

    def harms(self, text: str) -> tuple[str, ...]:
        """Nothing."""
        return ()


def refuses(floor: SafetyFloor, *, adult_verified: bool = False) -> Screen:
    """A floor as a yes or no."""

    def screen(case: Case) -> bool:
        try:
            floor.check(case.texts, adult_verified=adult_verified, **case.kwargs)
        except PolicyRefused:
            return True
        return False

    return screen


def undisguised(case: Case) -> bool:
    """The word lists and their rules on the letters as they stand."""
    kinds = LEXICON.kinds(" ".join(case.texts).lower())
    negative = LEXICON.kinds(str(case.kwargs.get("negative_prompt", "")).lower())
    image = bool(case.kwargs.get("has_reference_image"))
    none = dict.fromkeys(map(str, HEADS), 0.0)
    sight = Sight(kinds=kinds, scores=none, named=False, negative=negative, image=image)
    return broken_rule(sight) is not None


def word_list(case: Case) -> bool:
    """The usual profanity filter: one bad word and the text is refused; no rules."""
    return bool(BAD_WORDS.intersection(" ".join(case.texts).lower().split()))


LEXICON = load_lexicon()
BAD_WORDS = frozenset(
    term
    for term, kinds in (*LEXICON.whole.items(), *LEXICON.opening.items())
    if kinds & {Kind.SEX, Kind.EXTREME, Kind.NON_CONSENT} and " " not in term
)


def screens(sentences: Sentences) -> dict[str, Screen]:
    """Everything that is compared, ours first."""
    vocabulary, embed = sentences.vocabulary(), Memory(sentences)
    harmless = embed(["a cat on a mat"])

    def blind(texts: Sequence[str]) -> Floats:
        return np.repeat(harmless, len(texts), axis=0)

    whole = SafetyFloor(embed, vocabulary, Agrees())
    return {
        "floor": refuses(SafetyFloor(embed, vocabulary)),
        "always": refuses(whole, adult_verified=True),
        "floor, no gate": refuses(whole),
        "words, no heads": refuses(SafetyFloor(blind, vocabulary, Agrees())),
        "words as written": undisguised,
        "plain word list": word_list,
    }


def refused(screen: Screen, cases: Sequence[Case]) -> dict[str, float]:
    """The share of each category that is refused."""
    asked = Counter(case.category for case in cases)
    said = Counter(case.category for case in cases if screen(case))
    return {category: round(said[category] / asked[category], 3) for category in asked}


def by_evasion(screen: Screen, cases: Sequence[Case]) -> Shares:
    """The share of each category that is refused under each disguise."""
    changed: dict[str, list[Case]] = {name: [] for name in EVASIONS}
    for case in cases:
        for name, other in disguised(case):
            changed[name].append(other)
    return {name: refused(screen, some) for name, some in changed.items()}


def milliseconds(floor: SafetyFloor, cases: Sequence[Case]) -> dict[str, float]:
    """Of one prompt: wall clock, and CPU time, which other work on the machine does not stretch."""
    screen, times, work = refuses(floor), list[float](), list[float]()
    for case in cases:
        begin, begin_work = perf_counter(), process_time()
        screen(case)
        times.append(1000 * (perf_counter() - begin))
        work.append(1000 * (process_time() - begin_work))
    p95 = quantiles(work, n=20)[-1]
    found = {"p50_ms": median(times), "cpu_p50_ms": median(work), "cpu_p95_ms": p95}
    return {name: round(value, 3) for name, value in found.items()}


def show(title: str, rows: Shares) -> None:
    """A table of shares in percent."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    print(f"\n{title:26}" + "".join(f"{name:>16}" for name in columns))
    for name, row in rows.items():
        print(f"{name:26}" + "".join(f"{100 * row[key]:15.1f}%" for key in columns))


def main() -> None:
    """Measure, print tables, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety", description=__doc__)
    add_saving(parser)
    args = parser.parse_args()
    sentences = load_sentences(read_settings().models_dir)
    compared = screens(sentences)
    harmful = {name: read_cases(name) for name in ("regression", *HELD_OUT)}
    benign = {name: read_cases(name) for name in BENIGN[:2]} | {"casual": casual_cases()}
    plain = {
        f"{name}, {who}": refused(screen, cases)
        for name, cases in harmful.items()
        for who, screen in compared.items()
    }
    show("refused (list, screen)", plain)
    wrong: Shares = {
        who: {name: refused(screen, cases)["benign"] for name, cases in benign.items()}
        for who, screen in compared.items()
    }
    show("refused wrongly", wrong)
    unseen = [case for name in HELD_OUT for case in harmful[name]]
    evasions = {who: by_evasion(compared[who], unseen) for who in DISGUISED}
    for who, rows in evasions.items():
        show(f"held out, disguised: {who}", rows)
    everything = [case for cases in benign.values() for case in cases]
    vocabulary = sentences.vocabulary()
    silent = sentences.vectors(["a cat on a mat"])
    words = SafetyFloor(lambda texts: np.repeat(silent, len(texts), axis=0), vocabulary)
    times = {
        "words": milliseconds(words, everything[:TIMED]),
        "with sentence model": milliseconds(
            SafetyFloor(sentences.vectors, vocabulary), everything[:TIMED]
        ),
    }
    for name, row in times.items():
        print(f"{name:26}" + "".join(f"{value:10.3f} {key}" for key, value in row.items()))
    floor, always = (refused(compared[who], unseen) for who in ("floor", "always"))
    result = {
        **{f"recall_{name}": floor[name] for name in HARMFUL},
        "false_refusals": wrong["floor"]["benign_heldout"],
        "false_refusals_all": refused(compared["floor"], everything)["benign"],
        "n": len(unseen) + len(everything),
        **{f"always_{name}": always[name] for name in HARMFUL[:3]},
        "cases": {name: len(cases) for name, cases in (harmful | benign).items()},
        "words_cpu_p50_ms": times["words"]["cpu_p50_ms"],
        "prompt_p50_ms": times["with sentence model"]["p50_ms"],
        "prompt_cpu_p50_ms": times["with sentence model"]["cpu_p50_ms"],
        "note": args.note,
    } | provenance()
    tables = {"plain": plain, "wrong": wrong, "disguised": evasions, "times": times}
    keep("safety", result, more=tables, save=args.save)


if __name__ == "__main__":
    main()
