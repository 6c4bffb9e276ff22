"""A film: scenes, their keyframes, and the shots of five seconds that are rendered between them.

Everything a film needs follows from its scenes and one seed. A scene of n shots has n + 1
keyframes; neighbouring shots share one, so their seam has no jump, and each shot can be rendered
without waiting for another.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.library import MAX_NAME_CHARS, check_text
from ourvidz.domain.request import FPS, Profile, VideoRequest
from ourvidz.domain.scene import SHOT_S, Scene, Transition, check_scenes

#: anchored: every shot between two keyframes. chained: each shot goes on from the frames of the
#: one before. independent: each shot starts from a keyframe of its own.
Continuity = Literal["anchored", "chained", "independent"]

SHOT_FRAMES = SHOT_S * FPS


@dataclass(frozen=True, kw_only=True)
class Keyframe:
    """One still of a film. key: "scene-id/place". place: 0 is the scene's master.

    Those derived from the master share a seed: they are made in one run.
    """

    key: str
    scene_id: str
    place: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Five seconds of a scene: one clip of `num_frames`.

    index, scene_index: place in the film; place: in the scene. first_keyframe, last_keyframe:
    keys of what it must show first and right after its last frame, or None. A chained shot
    without a first keyframe goes on from the shot before.
    """

    index: int
    scene_index: int
    scene_id: str
    place: int
    first_keyframe: str | None
    last_keyframe: str | None
    seed: int
    num_frames: int = SHOT_FRAMES


@dataclass(frozen=True, kw_only=True)
class Seam:
    """Where shot `before` meets shot `after`.

    frames: length of the transition. shared: both are of one scene, so the seam must not show.
    """

    before: int
    after: int
    transition: Transition
    frames: int
    shared: bool

    @property
    def overlap(self) -> int:
        """Frames by which the film gets shorter here: those of a crossfade."""
        return self.frames if self.transition == "crossfade" else 0


@dataclass(frozen=True, kw_only=True)
class Film:
    """1 to 360 shots, at most 30 minutes, in one model and profile.

    seed: 0 to 2**63 - 1; every shot and keyframe draws its own from it.

    Raises InvalidRequest naming the scene and its field, as in "scenes[3].prompt".

    >>> film = Film(title="Sea", scenes=(Scene(id="a", prompt="a sailboat", seconds=10),
    ...                                  Scene(id="b", prompt="a lighthouse")))
    >>> [k.key for k in film.keyframes], film.seconds
    (['a/0', 'a/1', 'a/2', 'b/0', 'b/1'], 15.0)
    >>> [(s.first_keyframe, s.last_keyframe) for s in film.shots]
    [('a/0', 'a/1'), ('a/1', 'a/2'), ('b/0', 'b/1')]
    """

    title: str
    scenes: tuple[Scene, ...]
    model: str = "starter"
    profile: Profile = "balanced"
    seed: int = 0
    continuity: Continuity = "anchored"
    negative_prompt: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be rendered or charged."""
        if not self.title.strip():
            raise InvalidRequest("title", "is empty; give the film a name")
        check_text("title", self.title, MAX_NAME_CHARS)
        family(self.model)
        if self.continuity not in get_args(Continuity):
            raise InvalidRequest("continuity", "must be anchored, chained or independent")
        check_scenes(self.scenes)
        VideoRequest(
            prompt="any", negative_prompt=self.negative_prompt, profile=self.profile, seed=self.seed
        )

    def scene(self, scene_id: str) -> Scene:
        """The scene of that id; raises InvalidRequest when there is none."""
        for scene in self.scenes:
            if scene.id == scene_id:
                return scene
        raise InvalidRequest("scene", f"there is no scene {scene_id[:40]!r}; take one of the film")

    @property
    def shots(self) -> tuple[Shot, ...]:
        """All shots in order."""
        return tuple(self._shots())

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """All stills in order. A scene's first is its master; the others are derived from it."""
        return tuple(
            Keyframe(
                key=f"{scene.id}/{place}",
                scene_id=scene.id,
                place=place,
                seed=_seed(self.seed, scene.id, "keyframe", min(place, 1)),
            )
            for scene in self.scenes
            for place in range(self._keyframes_of(scene))
        )

    @property
    def seams(self) -> tuple[Seam, ...]:
        """One less than shots: how each meets the next."""
        shots = self.shots
        seams: list[Seam] = []
        for before, after in pairwise(shots):
            shared = before.scene_index == after.scene_index
            scene = self.scenes[before.scene_index]
            seams.append(
                Seam(
                    before=before.index,
                    after=after.index,
                    transition="cut" if shared else scene.transition,
                    frames=0 if shared else scene.transition_frames,
                    shared=shared,
                )
            )
        return tuple(seams)

    @property
    def num_frames(self) -> int:
        """Frames of the finished film, exactly."""
        overlaps = (s.transition_frames for s in self.scenes[:-1] if s.transition == "crossfade")
        return sum(s.num_shots for s in self.scenes) * SHOT_FRAMES - sum(overlaps)

    @property
    def seconds(self) -> float:
        """Playing time of the finished film, exactly."""
        return self.num_frames / FPS

    def still_request(self, keyframe: Keyframe) -> VideoRequest:
        """What the model is asked for a keyframe."""
        return self._request(keyframe.scene_id, keyframe.seed, num_frames=1)

    def shot_request(self, shot: Shot) -> VideoRequest:
        """What the model is asked for a shot, without its pictures."""
        return self._request(shot.scene_id, shot.seed, num_frames=shot.num_frames)

    def replace(self, **changes: object) -> Film:
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def _request(self, scene_id: str, seed: int, *, num_frames: int) -> VideoRequest:
        scene = self.scene(scene_id)
        return VideoRequest(
            prompt=scene.prompt,
            enhanced_prompt=scene.enhanced_prompt,
            negative_prompt=self.negative_prompt,
            model=self.model,
            profile=self.profile,
            num_frames=num_frames,
            seed=seed,
        )

    def _keyframes_of(self, scene: Scene) -> int:
        counts = {"anchored": scene.num_shots + 1, "independent": scene.num_shots, "chained": 1}
        return counts[self.continuity]

    def _shots(self) -> Iterator[Shot]:
        index = 0
        for scene_index, scene in enumerate(self.scenes):
            keyframes = self._keyframes_of(scene)
            for place in range(scene.num_shots):
                ends = self.continuity == "anchored"
                yield Shot(
                    index=index,
                    scene_index=scene_index,
                    scene_id=scene.id,
                    place=place,
                    first_keyframe=f"{scene.id}/{place}" if place < keyframes else None,
                    last_keyframe=f"{scene.id}/{place + 1}" if ends else None,
                    seed=_seed(self.seed, scene.id, "shot", place),
                )
                index += 1


def _seed(film_seed: int, scene_id: str, kind: str, place: int) -> int:
    """A seed of its own for each thing: moving, adding and removing scenes changes no other's.

    Below 2**31, short enough to be typed again.
    """
    digest = hashlib.sha256(f"{film_seed} {scene_id} {kind} {place}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
