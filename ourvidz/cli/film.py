"""`ourvidz film`: a storyboard, or one idea, becomes a film; run again, it goes on."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from ourvidz import pipeline
from ourvidz.cli.commands import tell_of_preparing
from ourvidz.cli.never import Never
from ourvidz.cli.screen import Screen, aligned
from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import Cancelled, InvalidRequest, PolicyRefused
from ourvidz.domain.film import Continuity, Film
from ourvidz.domain.idea import split_idea
from ourvidz.domain.progress import OnProgress
from ourvidz.domain.request import Profile
from ourvidz.domain.storyboard_text import parse_storyboard
from ourvidz.pipeline.budget import Speeds
from ourvidz.pipeline.given import is_file
from ourvidz.settings import read_settings

DEFAULT_SECONDS = 60
MAX_TITLE_CHARS = 100


def film_options(verb: ArgumentParser) -> None:
    """What can be typed after `film`."""
    verb.add_argument("story", metavar="STORY", help="a storyboard's file, or one idea in quotes")
    verb.add_argument(
        "-o", "--out", type=Path, default=Path("film.mp4"), metavar="FILE", help="default: film.mp4"
    )
    verb.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="its parts (default: beside the film)"
    )
    verb.add_argument(
        "--seconds", type=int, metavar="N", help=f"of an idea (default {DEFAULT_SECONDS})"
    )
    verb.add_argument("--model", help=", ".join(FAMILIES))
    verb.add_argument("--profile", choices=get_args(Profile), help="more passes or fewer")
    verb.add_argument("--continuity", choices=get_args(Continuity), help="of shots in a scene")
    verb.add_argument("--negative-prompt", metavar="TEXT", help="what to avoid")
    verb.add_argument("--seed", type=int, metavar="N", help="the same one gives the same film")
    verb.add_argument("--soundtrack", type=Path, metavar="FILE", help="music for the film")
    verb.add_argument(
        "--until",
        choices=("storyboard", "keyframes", "film"),
        default="film",
        help="stop there, to look at it and to edit it",
    )
    verb.add_argument(
        "--enhance", action=BooleanOptionalAction, default=True, help="make prompts cinematic"
    )
    verb.add_argument("--native", action="store_true", help="keep the model's size, do not upscale")


def film(args: Namespace, screen: Screen) -> None:
    """Make a film from a storyboard or from one idea; run it again to go on."""
    from ourvidz.pipeline.film import RenderedFilm, render_film, render_keyframes
    from ourvidz.pipeline.film_folder import FilmFolder
    from ourvidz.pipeline.stitch import check_out

    check_out(args.out)  # now, not after hours of rendering
    parts: Path = args.folder or args.out.with_suffix(".parts")
    is_new = not parts.exists()
    folder = FilmFolder(parts)
    settings = read_settings()
    manager = pipeline.ModelManager(
        models_dir=settings.models_dir,
        device=settings.device,
        speeds=Speeds(settings.speeds_path),
    )
    made: RenderedFilm | None = None
    try:
        with screen.watching() as on_progress:
            film = _film(args, folder.film(), folder.storyboard)
            _tell_of_seconds(film, args, folder.storyboard, screen)
            never = Never(settings.models_dir)
            _check(film, never)
            reasons: tuple[str, ...] = ()
            if args.enhance:
                film, reasons = _enhanced(film, args, manager, screen, on_progress)
                _check(film, never)
            folder.save(film)
            screen.tell(f"storyboard: {folder.storyboard}")
            size = _native_size(film) if args.native else None
            if args.until == "keyframes":
                made = render_keyframes(film, manager, on_progress, folder.folder, output_size=size)
            elif args.until == "film":
                made = render_film(
                    film,
                    manager,
                    on_progress,
                    folder.folder,
                    out=args.out,
                    output_size=size,
                    soundtrack=args.soundtrack,
                )
    except (InvalidRequest, PolicyRefused):
        if is_new:
            _removed(folder.stills, folder.clips, folder.folder)
        raise
    except (Cancelled, KeyboardInterrupt) as error:
        raise Cancelled(
            f"Stopped. What is finished is in {folder.folder}; run the same command to go on."
        ) from error
    _show(film, folder.folder, made, reasons, screen)


def _film(args: Namespace, before: Film | None, storyboard: Path) -> Film:
    """What was typed; what was not, as this folder's film had it."""
    story = Path(args.story)
    is_file = _is_file(args.story)
    if not is_file and story.suffix == ".txt":
        raise InvalidRequest("story", f"there is no file {story}; check the path")
    title = " ".join((story.stem if is_file else args.story).split())[:MAX_TITLE_CHARS]
    if before is not None and is_file and story.resolve() == storyboard.resolve():
        title = before.title
    if before is not None and before.title != title:
        raise InvalidRequest(
            "folder", f"holds another film, {before.title!r}; choose another --folder or -o"
        )
    if is_file and args.seconds:
        raise InvalidRequest("seconds", "are for an idea; a storyboard says its own lengths")
    source = story if is_file else storyboard
    if before is not None or is_file:
        # An idea's storyboard may have been edited since: it goes before the idea.
        scenes = parse_storyboard(_text(source), before.scenes if before else ())
    else:
        scenes = split_idea(args.story, args.seconds or DEFAULT_SECONDS)
    if not args.enhance:
        scenes = tuple(replace(one, enhanced_prompt=None) for one in scenes)
    names = ("model", "profile", "seed", "continuity", "negative_prompt")
    typed = {name: value for name in names if (value := getattr(args, name)) is not None}
    if before is not None:
        return before.replace(scenes=scenes, **typed)
    return Film(**{"title": title, "scenes": scenes, "seed": secrets.randbelow(2**31), **typed})


def _tell_of_seconds(film: Film, args: Namespace, storyboard: Path, screen: Screen) -> None:
    """Say where the lengths come from when they are not those that were typed."""
    seconds = sum(scene.seconds for scene in film.scenes)
    if args.seconds is not None and args.seconds != seconds:
        screen.tell(
            f"This film has {seconds} s as {storyboard} says; --seconds counts for a new one. "
            "Write other lengths there, or choose another --folder or -o."
        )


def _check(film: Film, never: Never) -> None:
    """Judge all words of a film together."""
    texts = [text for scene in film.scenes for text in (scene.prompt, scene.enhanced_prompt)]
    never.check(texts, negative_prompt=film.negative_prompt)


def _enhanced(
    film: Film,
    args: Namespace,
    manager: pipeline.ModelManager,
    screen: Screen,
    on_progress: OnProgress,
) -> tuple[Film, tuple[str, ...]]:
    """The film with an enhanced prompt in each scene that has none, and why not by a model.

    An idea that nobody has edited yet is told anew as a whole.
    """
    if any(scene.enhanced_prompt is None for scene in film.scenes):
        tell_of_preparing(manager, screen)
    if not _is_file(args.story):
        seconds = sum(scene.seconds for scene in film.scenes)
        if film.scenes == split_idea(args.story, seconds):
            told = pipeline.storyboard(
                args.story, seconds, manager, seed=film.seed, on_progress=on_progress
            )
            return film.replace(scenes=told.scenes), told.reasons

    def enhance(prompt: str) -> str:
        made = pipeline.enhance(prompt, manager, seed=film.seed, on_progress=on_progress)
        return made.enhanced

    scenes = tuple(
        replace(one, enhanced_prompt=enhance(one.prompt)) if one.enhanced_prompt is None else one
        for one in film.scenes
    )
    return film.replace(scenes=scenes), ()


def _removed(*folders: Path) -> None:
    """Folders that were made for nothing: those with something in them stay."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _is_file(story: str) -> bool:
    return is_file(Path(story))


def _native_size(film: Film) -> tuple[int, int]:
    return FAMILIES[film.model].sizes[0]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            "story", f"{path} can not be read as text; save it as UTF-8"
        ) from error


def _show(film: Film, folder: Path, made: Any, reasons: tuple[str, ...], screen: Screen) -> None:
    document = {
        "video": made and made.path and str(made.path),
        "folder": str(folder),
        "title": film.title,
        "seed": film.seed,
        "seconds": film.seconds,
        "num_frames": film.num_frames,
        "scenes": len(film.scenes),
        "shots": len(film.shots),
        "stills_made": made.stills_made if made else 0,
        "clips_made": made.clips_made if made else 0,
        "notes": [*reasons, *(made.notes if made else ())],
    }
    rows = {
        "film": str(made.path) if made and made.path else "not yet; run it again without --until",
        "folder": str(folder),
        "length": f"{film.seconds:g} s; scenes: {len(film.scenes)}, shots: {len(film.shots)}",
        "made now": f"{document['stills_made']} stills, {document['clips_made']} clips",
        "seed": str(film.seed),
    }
    notes = [f"note: {note}" for note in document["notes"]]
    screen.show(document, aligned(*rows.items()), *notes)
