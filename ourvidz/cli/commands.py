"""What the verbs do. Torch is imported by the pipeline only when a model is needed."""

from __future__ import annotations

from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

from ourvidz import pipeline
from ourvidz.cli.never import Never
from ourvidz.cli.opening import Opening, opening
from ourvidz.cli.screen import Screen, aligned, as_bytes
from ourvidz.domain.clip import Clip
from ourvidz.domain.enhancement import Enhancement
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.progress import OnProgress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import Speeds
from ourvidz.pipeline.given import is_file
from ourvidz.pipeline.profiles import resolve
from ourvidz.settings import read_settings


def video(args: Namespace, screen: Screen) -> None:
    """Make a video from a sentence and write it as an MP4."""
    request = _request(args, num_frames=args.frames, image=args.image, last_image=args.last_image)
    with screen.watching() as on_progress:
        manager = _manager(args)
        request, enhancement = _worded(request, args, manager, screen, on_progress)
    with opening(request, args, manager, screen) as begun:
        if begun.still:
            request = request.replace(image=begun.still.path)
        with screen.watching() as on_progress, _crew(request, args, manager):
            clip = pipeline.render(request, manager, on_progress, args.out_dir)
    rows = {"video": str(clip.path), "seed": str(clip.seed)}
    rows |= {"picture": str(begun.still.path)} if begun.still else {}
    screen.show(
        {
            **asdict(clip),
            "seconds": clip.seconds,
            "enhancement": _document(enhancement),
            "still": asdict(begun.still) if begun.still else None,
        },
        aligned(*(rows | _texts(enhancement)).items()),
        "",
        aligned(*_timing(clip, enhancement, begun).items()),
    )


def preview(args: Namespace, screen: Screen) -> None:
    """Make candidate pictures for the first frame; render one with `video --image`."""
    request = _request(args, num_frames=1)
    with screen.watching() as on_progress:
        manager = _manager(args)
        request, enhancement = _worded(request, args, manager, screen, on_progress)
        stills = pipeline.preview(
            request, manager, on_progress, args.out_dir, num_images=args.images
        )
    rows = {f"seed {still.seed}": str(still.path) for still in stills} | _texts(enhancement)
    screen.show(
        {"stills": [asdict(still) for still in stills], "enhancement": _document(enhancement)},
        aligned(*rows.items()),
    )


def enhance(args: Namespace, screen: Screen) -> None:
    """Make a prompt cinematic and show both texts."""
    settings = read_settings()
    prompt = VideoRequest(prompt=args.prompt).prompt
    with screen.watching() as on_progress:
        Never(settings.models_dir).check([prompt])
        manager = pipeline.ModelManager(models_dir=settings.models_dir, device=settings.device)
        tell_of_preparing(manager, screen)
        enhancement = pipeline.enhance(
            prompt,
            manager,
            seed=args.seed,
            on_progress=on_progress,
            time_limit_s=args.time_limit,
        )
    screen.show(asdict(enhancement), aligned(*_texts(enhancement).items()))


def info(args: Namespace, screen: Screen) -> None:
    """Show what a finished file says about how it was made."""
    from ourvidz.pipeline.reading import picture_kind, read_metadata

    if not is_file(args.file):
        raise InvalidRequest("file", f"there is no file {args.file}; give an MP4 or a PNG")
    foreign = f"{args.file} was not made by OurVidz."
    try:
        metadata = read_metadata(args.file)
    except InvalidRequest:
        kind = picture_kind(args.file)
        if kind is None:
            raise
        metadata = {}
        foreign = f"{args.file} is a picture ({kind}) and says nothing of how it was made."
    screen.show(metadata, aligned(*metadata.items()) if metadata else foreign)


def _request(args: Namespace, **more: Any) -> VideoRequest:
    """What was typed, with nothing left open: the enhancer and the model share the drawn seed."""
    request = VideoRequest(
        prompt=args.prompt,
        negative_prompt=args.negative_prompt,
        model=args.model,
        profile=args.profile,
        width=args.width,
        height=args.height,
        seed=args.seed,
        num_inference_steps=args.steps,
        guidance_scale=args.guidance,
        **more,
    )
    request = resolve(request)
    if args.native:
        return request.replace(output_size=(request.width, request.height))
    return request


def _manager(args: Namespace) -> pipeline.ModelManager:
    settings = read_settings()
    return pipeline.ModelManager(
        models_dir=settings.models_dir,
        device=settings.device,
        formats=(args.quantization,) if args.quantization else None,
        transformer=args.transformer,
        speeds=Speeds(settings.speeds_path),
    )


def _crew(
    request: VideoRequest, args: Namespace, manager: pipeline.ModelManager
) -> AbstractContextManager[None]:
    if args.gpus == 1:
        return nullcontext()
    if manager.device.type == "cpu":
        raise InvalidRequest("gpus", "no GPU is used on this machine; leave --gpus out")
    return pipeline.crewed(manager, request, args.gpus)


def tell_of_preparing(manager: pipeline.ModelManager, screen: Screen) -> None:
    """Say why the first enhancement takes longer than its time limit."""
    if not pipeline.is_prepared(manager):
        screen.tell(
            "Preparing the language model, once: minutes on a slow machine. "
            "Enhancing, and its time limit, begin then."
        )


def _worded(
    request: VideoRequest,
    args: Namespace,
    manager: pipeline.ModelManager,
    screen: Screen,
    on_progress: OnProgress,
) -> tuple[VideoRequest, Enhancement | None]:
    """The request with its last words. Raises PolicyRefused for what is made nowhere."""
    never = Never(manager.models_dir)
    never.check([request.prompt], negative_prompt=request.negative_prompt)
    if not args.enhance:
        return request, None
    tell_of_preparing(manager, screen)
    enhancement = pipeline.enhance(
        request.prompt, manager, seed=request.seed or 0, on_progress=on_progress
    )
    words = [request.prompt, enhancement.enhanced]
    never.check(words, negative_prompt=request.negative_prompt)
    return request.replace(enhanced_prompt=enhancement.enhanced), enhancement


def _texts(enhancement: Enhancement | None) -> dict[str, str]:
    if enhancement is None:
        return {}
    texts = {"your words": enhancement.original, "enhanced": enhancement.enhanced}
    return texts | ({"note": enhancement.reason} if enhancement.reason else {})


def _document(enhancement: Enhancement | None) -> dict[str, Any] | None:
    return asdict(enhancement) if enhancement else None


def _timing(clip: Clip, enhancement: Enhancement | None, begun: Opening) -> dict[str, str]:
    seconds = {"enhance": enhancement.seconds} if enhancement else {}
    seconds |= {"preview": begun.seconds} if begun.still else {}
    seconds |= clip.seconds_by_stage
    rows = {stage: f"{value:7.2f} s" for stage, value in seconds.items()}
    return rows | {
        "together": f"{sum(seconds.values()):7.2f} s",
        "peak memory": as_bytes(clip.peak_bytes),
    }
