"""Does the starter model show what it is asked for? `python -m benchmarks.starter_quality`

Captions of combinations and in words that were never trained on go the product's own way: one
preview, then a clip that starts from it. A critic, trained on the renderer alone, reads the
attributes back from the delivered file; its own accuracy is measured first. Text straight to
video is the alternative in the same run.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.contact_sheet import Row, write_sheet
from benchmarks.marks import Marks, table
from benchmarks.metrics import psnr_db
from benchmarks.provenance import RESULTS, keep, provenance
from benchmarks.unseen import Wish, wish
from ourvidz.domain.catalog import family
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, preview, render
from ourvidz.pipeline.decode import decode_frames
from ourvidz.pipeline.encode import encode_condition
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.loading import load_component
from ourvidz.starter.critic import WEIGHTS, Attributes, Critic
from ourvidz.starter.world import Scene, is_held_out, render_scene, sample_scene

NATIVE = family("starter").sizes[0]
#: Clip i has seed FIRST_SEED + i: pinned, never chosen for its looks.
FIRST_SEED = 1_000
#: The contact sheet shows the first clips of the run, not the best.
SHEET_CLIPS = 24
#: One clip in so many also is delivered at 720p, to measure what enlarging costs frame 0.
ENLARGED = 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One generated clip. frames: first, middle and last, (3, H, W, 3) uint8.

    frame0_db: PSNR of the clip's first frame against the approved preview, both as delivered.
    """

    wish: Wish
    read: Attributes
    frames: np.ndarray
    frame0_db: float | None = None


@dataclass(frozen=True)
class Bench:
    """The product's pipeline and the critic that looks at its files."""

    manager: ModelManager
    critic: Critic
    folder: Path

    def from_preview(self, number: int, one: Wish, size: tuple[int, int] | None = NATIVE) -> Seen:
        """One preview and the clip that starts from it; size None is the family's delivery."""
        request = _request(number, one, size)
        (still,) = preview(request, self.manager, out_dir=self.folder, num_images=1)
        seen = self._film(request.replace(image=still.path), one)
        with Image.open(still.path) as picture:
            approved = np.asarray(picture.convert("RGB"))
        return replace(seen, frame0_db=psnr_db(seen.frames[0], approved))

    def from_words(self, number: int, one: Wish) -> Seen:
        """A clip from the words alone."""
        return self._film(_request(number, one, NATIVE), one)

    def _film(self, request: VideoRequest, one: Wish) -> Seen:
        clip = render(request, self.manager, out_dir=self.folder)
        frames = read_frames(clip.path)
        ends = frames[[0, len(frames) // 2, -1]]
        return Seen(wish=one, read=self.critic.read(frames), frames=ends)

    def draw(self, n: int) -> Marks:
        """The critic on n held-out clips that the renderer drew itself: its own accuracy."""
        marks = Marks()
        for scene in islice(held_out_scenes(1), n):
            marks.add(scene, self.critic.read(render_scene(scene)))
        return marks

    def rebuild(self, n: int) -> tuple[float, Marks]:
        """Mean PSNR of n held-out clips through the VAE and back; the critic on what came back."""
        components = family("starter").checkpoint("text_to_video").components
        part = next(part for part in components if part.name == "vae")
        vae = load_component(self.manager, family("starter"), part).to(self.manager.device)
        found, marks = [], Marks()
        for scene in islice(held_out_scenes(2), n):
            frames = render_scene(scene)
            latents = encode_condition(vae, frames, None, len(frames)).latents
            back = np.concatenate(list(decode_frames(vae, latents)))
            found.append(psnr_db(back, frames))
            marks.add(scene, self.critic.read(back))
        return mean(found), marks


def _request(number: int, one: Wish, size: tuple[int, int] | None) -> VideoRequest:
    seed = FIRST_SEED + number
    return VideoRequest(prompt=one.text, model="starter", seed=seed, output_size=size)


def held_out_scenes(seed: int) -> Iterator[Scene]:
    """Scenes without end whose subject, colour and place were never trained on together."""
    rng = random.Random(seed)
    while True:
        scene = sample_scene(rng)
        if is_held_out(scene):
            yield scene


def wishes(n: int) -> list[Wish]:
    """The n captions of the run, always the same."""
    rng = random.Random(3)
    return [wish(scene, rng) for scene in islice(held_out_scenes(3), n)]


def marks_of(clips: Sequence[Seen]) -> Marks:
    """What was read right."""
    marks = Marks()
    for seen in clips:
        marks.add(seen.wish.scene, seen.read)
    return marks


def show(clips: Sequence[Seen], path: Path) -> None:
    """The contact sheet."""
    rows = []
    for seen in clips:
        right = Attributes.of(seen.wish.scene).agrees(seen.read)
        words = tuple((getattr(seen.read, name), ok) for name, ok in right.items())
        rows.append(Row(caption=seen.wish.text, frames=seen.frames, readings=words))
    title = (
        f"The first {len(rows)} clips of the run: first, middle and last frame; below, what the "
        "critic read (red, marked (!): not what was asked for)"
    )
    write_sheet(rows, path, title)


def _critics(bench: Bench, checks: int) -> tuple[Marks, tuple[float, Marks]]:
    own = bench.draw(checks)
    print(
        f"critic on {checks} held-out clips of the renderer: {100 * own.mean():.1f} %", flush=True
    )
    rebuilt = bench.rebuild(max(1, checks // 10))
    print(f"VAE on held-out clips, 81 frames: {rebuilt[0]:.2f} dB", flush=True)
    return own, rebuilt


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a process needs to make a bench of its own. threads: of torch; 0: its default."""

    models_dir: Path | None
    critic: Path
    threads: int

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """A bench whose files go when it does."""
        if self.threads:
            torch.set_num_threads(self.threads)
        with tempfile.TemporaryDirectory() as folder:
            manager = ModelManager(models_dir=self.models_dir)
            yield Bench(manager, Critic.load(self.critic), Path(folder))


#: Of one caption: the clip from its preview, and for some those from words alone and at 720p.
Three = tuple[Seen, Seen | None, Seen | None]


def film_all(place: Place, n: int, processes: int) -> Iterator[Three]:
    """The clips of all captions, in order, made by that many processes."""
    numbers = [range(first, min(first + 5, n)) for first in range(0, n, 5)]
    if processes == 1:
        yield from chain.from_iterable(map(partial(_film_some, place), numbers))
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from chain.from_iterable(pool.map(partial(_film_some, place), numbers))


def _film_some(place: Place, numbers: range) -> list[Three]:
    captions = wishes(numbers.stop)
    with place.bench() as bench:
        return [
            (
                bench.from_preview(number, captions[number]),
                bench.from_words(number, captions[number]) if number % 4 == 0 else None,
                bench.from_preview(number, captions[number], None)
                if not number % ENLARGED
                else None,
            )
            for number in numbers
        ]


def measure(
    place: Place, n: int, checks: int, processes: int = 1
) -> tuple[dict[str, object], list[Seen]]:
    """Run everything, print it as it comes; the figures and the clips that started from previews.

    n: captions. checks: clips the critic is tested on; a tenth of them go through the VAE.
    """
    with place.bench() as bench:
        own, (vae_db, rebuilt) = _critics(bench, checks)
    seen: list[Seen] = []
    direct: list[Seen] = []
    enlarged: list[Seen] = []
    for three in film_all(place, n, processes):
        for kept, one in zip((seen, direct, enlarged), three, strict=True):
            kept += [one] if one else []
        if len(seen) % 20 == 0:
            print(f"{len(seen)} of {n}: {marks_of(seen).shares()}", flush=True)
    approved, words = marks_of(seen), marks_of(direct)
    columns = {"renderer": own, "VAE": rebuilt, "preview -> clip": approved, "text -> clip": words}
    print(table(columns))
    figures: dict[str, object] = {"n": n, "vae_psnr_db": round(vae_db, 2)}
    figures |= spelled(approved.shares())
    figures |= {
        "frame0_psnr_db": round(mean([s.frame0_db for s in seen]), 2),
        "frame0_psnr_db_720p": round(mean([s.frame0_db for s in enlarged]), 2),
        "classifier_accuracy": round(own.mean(), 4),
        "classifier": spelled(own.shares()),
        "classifier_after_vae": spelled(rebuilt.shares()),
        "from_words_alone": {"n": len(direct)} | spelled(words.shares()),
        "subject_in_new_words": share_of("subject", [s for s in seen if s.wish.new_noun]),
        "colour_in_new_words": share_of("color", [s for s in seen if s.wish.new_hue]),
    }
    return figures, seen


def share_of(name: str, clips: Sequence[Seen]) -> float | None:
    """One attribute's share of right answers."""
    return marks_of(clips).shares().get(name)


def spelled(shares: dict[str, float]) -> dict[str, float]:
    """Attributes as the result names them."""
    return {"colour" if name == "color" else name: value for name, value in shares.items()}


def mean(values: Sequence[float | None]) -> float:
    """Mean of the values that are there."""
    return float(np.mean([value for value in values if value is not None]))


def main() -> None:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starter_quality")
    parser.add_argument("--n", type=int, default=200, help="captions")
    parser.add_argument("--checks", type=int, default=300, help="clips that test the critic")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    parser.add_argument("--processes", type=int, default=1, help="that make clips side by side")
    parser.add_argument("--models-dir", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--critic", type=Path, default=WEIGHTS, help="another critic")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the result is kept")
    args = parser.parse_args()
    place = Place(models_dir=args.models_dir, critic=args.critic, threads=args.threads)
    figures, seen = measure(place, args.n, args.checks, args.processes)
    show(seen[:SHEET_CLIPS], args.out / "starter_quality.png")
    keep("starter_quality", figures | provenance(), out=args.out)


if __name__ == "__main__":
    main()
