"""The picture-book world: deterministic captioned scenes with exact ground truth."""

from ourvidz.starter.world.captions import caption, movement_caption
from ourvidz.starter.world.render import portrait, render_frame, render_scene
from ourvidz.starter.world.scene import Scene, is_held_out, sample_scene

__all__ = [
    "Scene",
    "caption",
    "is_held_out",
    "movement_caption",
    "portrait",
    "render_frame",
    "render_scene",
    "sample_scene",
]
