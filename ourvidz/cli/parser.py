"""What can be typed: the verbs and their options."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from ourvidz.cli import commands, doctor, models, plan, service, up, user
from ourvidz.cli.film import film, film_options
from ourvidz.cli.stitch import stitch, stitch_options
from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.family import MADE_HERE
from ourvidz.domain.request import FPS, MAX_PROMPT_CHARS, Profile

DEFAULT_MODEL = next(iter(FAMILIES))


def make_parser() -> ArgumentParser:
    """The parser of `ourvidz`; the parsed `command` is called with the arguments and a Screen."""
    parser = ArgumentParser(
        prog="ourvidz", description="A sentence becomes a video, on this machine."
    )
    parser.add_argument("--version", action="version", version=f"OurVidz {version('ourvidz')}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def verb(name: str, command: Callable[..., None]) -> ArgumentParser:
        text = (command.__doc__ or "").splitlines()[0]
        added = verbs.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="print one JSON document")
        added.set_defaults(command=command)
        return added

    _video_options(verb("video", commands.video))
    _preview_options(verb("preview", commands.preview))
    _enhance_options(verb("enhance", commands.enhance))
    models.options(verb("models", models.models))
    verb("info", commands.info).add_argument("file", type=Path, metavar="FILE", help="MP4 or PNG")
    plan.plan_options(verb("plan", plan.plan))
    film_options(verb("film", film))
    stitch_options(verb("stitch", stitch))
    up.up_options(verb("up", up.up))
    up.up_options(verb("migrate", up.migrate))
    service.serve_options(verb("serve", service.serve))
    service.worker_options(verb("worker", service.worker))
    doctor.options(verb("doctor", doctor.doctor))
    people = verbs.add_parser("user", help="Make accounts, give credits, name admins.")
    user.add_options(people)
    return parser


def _video_options(verb: ArgumentParser) -> None:
    _prompt(verb)
    _sampling(verb)
    _weights(verb)
    _size(verb)
    verb.add_argument(
        "--frames", type=int, default=80, metavar="N", help=f"at {FPS} fps (default 80 = 5 s)"
    )
    verb.add_argument("--image", type=Path, metavar="FILE", help="picture of the first frame")
    verb.add_argument(
        "--preview",
        action=BooleanOptionalAction,
        default=True,
        help="draw the first frame first where the model is better that way (default), or not",
    )
    verb.add_argument("--last-image", type=Path, metavar="FILE", help="picture of the last frame")
    verb.add_argument(
        "--gpus", type=int, default=1, metavar="N", help="cards of this machine that share the work"
    )
    _enhancing(verb)
    _output(verb)


def _preview_options(verb: ArgumentParser) -> None:
    _prompt(verb)
    _sampling(verb)
    _weights(verb)
    _size(verb)
    verb.add_argument(
        "--images", type=int, default=4, metavar="N", help="candidates, 1 to 4 (default 4)"
    )
    _enhancing(verb)
    _output(verb)


def _enhance_options(verb: ArgumentParser) -> None:
    _prompt(verb)
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="another one re-rolls")
    verb.add_argument(
        "--time-limit",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="of the writing, once the model is loaded; then your words are kept (default 30)",
    )


def _prompt(verb: ArgumentParser) -> None:
    verb.add_argument(
        "prompt",
        metavar="PROMPT",
        help=f"what should be seen, in quotes, up to {MAX_PROMPT_CHARS} characters",
    )


def _sampling(verb: ArgumentParser) -> None:
    families = f"{', '.join(FAMILIES)} (default: {DEFAULT_MODEL})"
    verb.add_argument("--model", default=DEFAULT_MODEL, help=families)
    verb.add_argument(
        "--profile",
        choices=get_args(Profile),
        default="balanced",
        help="more passes or fewer (default: balanced)",
    )
    verb.add_argument("--negative-prompt", default="", metavar="TEXT", help="what to avoid")
    verb.add_argument("--seed", type=int, metavar="N", help="the same one gives the same again")
    verb.add_argument("--steps", type=int, metavar="N", help="default: the profile's")
    verb.add_argument("--guidance", type=float, metavar="X", help="1 switches guidance off")


def _weights(verb: ArgumentParser) -> None:
    plan.quantization_option(verb, ("bf16", *MADE_HERE))
    verb.add_argument(
        "--transformer",
        type=Path,
        metavar="FILE",
        help="a GGUF file with the weights of the model's transformer",
    )


def _size(verb: ArgumentParser) -> None:
    verb.add_argument("--width", type=int, metavar="PX", help="size that the model samples at")
    verb.add_argument(
        "--height", type=int, metavar="PX", help="without one of both the other one follows it"
    )


def _enhancing(verb: ArgumentParser) -> None:
    verb.add_argument(
        "--enhance",
        action=BooleanOptionalAction,
        default=True,
        help="make the prompt cinematic first (default), or keep your words as they are",
    )


def _output(verb: ArgumentParser) -> None:
    verb.add_argument("--native", action="store_true", help="keep the model's size, do not upscale")
    verb.add_argument(
        "-o",
        "--out-dir",
        type=Path,
        default=Path("out"),
        metavar="FOLDER",
        help="where files appear (default: out)",
    )
