"""Does enhancing help, and never harm: `python -m benchmarks.enhance`

50 casual prompts (prompts/casual.txt), three writers in the same run and process: ours (the
machine's enhancer under the guard), the template without a language model, and the obvious
alternative: the same small model rewriting freely, unguarded, on every fifth prompt because it
is slow. One judge for all three, stricter than the guard: a text is worse than the user's words
when `harm` finds a reason. All texts are kept beside the figures for people to read.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from time import monotonic, perf_counter

from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.domain.progress import ignore_progress
from ourvidz.pipeline import ModelManager, enhance
from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.enhancers import ChatEnhancer, Page
from ourvidz.pipeline.guard import kept_share
from ourvidz.pipeline.language import Sentences, load_sentences, load_small_model, one_thread
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.template import Template
from ourvidz.pipeline.wording import read
from ourvidz.settings import read_settings

PROMPTS = Path(__file__).parent / "prompts" / "casual.txt"
FREE_EVERY = 5
FREE_LIMIT_S = 20.0
#: The guard asks for 0.45.
SAME_SUBJECT = 0.55

Writer = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Rewriting:
    """One prompt, what a writer made of it, and what the judge says. kept_words: 0 to 1."""

    prompt: str
    text: str
    kept_words: float
    cosine: float
    words: int
    seconds: float
    harm: str


def harm(prompt: str, text: str, cosine: float) -> str:
    """Why `text` is worse than the prompt; "" when it is not."""
    asked, made = read(prompt), read(text)
    phrases = Counter(zip(*([word.text for word in made][n:] for n in range(3)), strict=False))
    named = {word.stem for word in asked}
    newcomers = [word.text for word in made if word.is_living and word.stem not in named]
    turned = read_cues(prompt).contradiction(read_cues(text))
    reasons = {
        "loses words": kept_share(prompt, text) < 1.0,
        f"adds {' '.join(newcomers)}": bool(newcomers),
        "repeats itself": max(phrases.values(), default=0) > 1,
        "is not finished": not text.endswith((".", "!", "?")),
        "is about something else": cosine < SAME_SUBJECT,
        f"turns {turned}": turned is not None,
        "is too long": len(made) > 200,
    }
    return ", ".join(reason for reason, applies in reasons.items() if applies)


def measure(prompts: Sequence[str], write: Writer, sentences: Sentences) -> list[Rewriting]:
    """Every prompt once, after one that is thrown away."""
    write("a boat on a lake")
    rewritings = []
    for prompt in prompts:
        begin = perf_counter()
        text = write(prompt)
        seconds = perf_counter() - begin
        cosine = sentences.similarity(prompt, text)
        rewritings.append(
            Rewriting(
                prompt=prompt,
                text=text,
                kept_words=round(kept_share(prompt, text), 3),
                cosine=round(cosine, 3),
                words=len(text.split()),
                seconds=round(seconds, 3),
                harm=harm(prompt, text, cosine),
            )
        )
    return rewritings


def figures(rewritings: Sequence[Rewriting]) -> dict[str, float]:
    """The means and medians that the table shows."""
    return {
        "n": len(rewritings),
        "kept_words": round(mean(each.kept_words for each in rewritings), 3),
        "worse_than_input": round(mean(bool(each.harm) for each in rewritings), 3),
        "cosine_p50": round(median(each.cosine for each in rewritings), 3),
        "words_p50": median(each.words for each in rewritings),
        "seconds_p50": round(median(each.seconds for each in rewritings), 3),
    }


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.enhance", description=__doc__)
    add_saving(parser)
    args = parser.parse_args()
    settings = read_settings()
    manager = ModelManager(models_dir=settings.models_dir, device=settings.device)
    sentences = load_sentences(settings.models_dir)
    template = Template(sentences)
    small = ChatEnhancer(load_small_model(settings.models_dir, manager.dtype("matmul")))

    def freely(prompt: str) -> str:
        page = Page(
            reporter=Reporter(ignore_progress),
            on_text=lambda text: None,
            deadline=monotonic() + FREE_LIMIT_S,
        )
        with one_thread():
            try:
                return small.write(prompt, 0, page)
            except TimeoutError:
                return ""

    sources: list[str] = []

    def ours(prompt: str) -> str:
        found = enhance(prompt, manager)
        sources.append(found.source)
        return found.enhanced

    prompts = PROMPTS.read_text().splitlines()
    writers: dict[str, tuple[Sequence[str], Writer]] = {
        "ours": (prompts, ours),
        "template": (prompts, template.write),
        "free rewriting": (prompts[::FREE_EVERY], freely),
    }
    texts = {name: measure(some, write, sentences) for name, (some, write) in writers.items()}
    table = {name: figures(rewritings) for name, rewritings in texts.items()}
    print(f"{'':16}" + "".join(f"{key:>18}" for key in table["ours"]))
    for name, row in table.items():
        print(f"{name:16}" + "".join(f"{value:>18}" for value in row.values()))
    result = table["ours"] | {
        "sources": dict(Counter(sources[1:])),
        "others": table,
        "note": args.note,
    }
    result |= provenance()
    more = {"texts": {name: [asdict(each) for each in texts[name]] for name in texts}}
    keep("enhance", result, more=more, save=args.save)


if __name__ == "__main__":
    main()
