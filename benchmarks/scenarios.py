"""What the throughput benchmark measures, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ourvidz.domain.catalog import family
from ourvidz.domain.family import Ability, Checkpoint, Family
from ourvidz.domain.request import Profile, VideoRequest
from ourvidz.pipeline.budget import Workload, workload_of


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One clip or still. size: (width, height) px that the model samples; None is its default."""

    model: str
    profile: Profile
    num_frames: int = 81
    size: tuple[int, int] | None = None
    ability: Ability = "text_to_video"

    @property
    def name(self) -> str:
        """As results are named.

        >>> Scenario(model="starter", profile="fast", num_frames=1, ability="image").name
        'starter image 224x128x1 fast'
        """
        work = self.workload
        size = f"{work.width}x{work.height}x{work.num_frames}"
        return f"{self.model} {self.ability} {size} {self.profile}"

    @property
    def family(self) -> Family:
        """The catalog's entry."""
        return family(self.model)

    @property
    def checkpoint(self) -> Checkpoint:
        """The weights that can do it."""
        return self.family.checkpoint(self.ability)

    @property
    def request(self) -> VideoRequest:
        """The request of it; given pictures come with the condition, not from files."""
        width, height = self.size or self.checkpoint.sizes[0]
        return VideoRequest(
            prompt="a red sailboat sails to the right on the sea at sunset",
            model=self.model,
            profile=self.profile,
            seed=7,
            width=width,
            height=height,
            num_frames=self.num_frames,
        )

    @property
    def workload(self) -> Workload:
        """For the planner's arithmetic."""
        return workload_of(self.request, self.ability)


_SD = (832, 480)

#: Small ones first. Those of large families need a GPU.
SCENARIOS: tuple[Scenario, ...] = (
    Scenario(model="starter", profile="fast", num_frames=1, ability="image"),
    Scenario(model="starter", profile="balanced"),
    Scenario(model="starter", profile="balanced", ability="first_frame"),
    Scenario(model="wan2.1-1.3b", profile="balanced"),
    Scenario(model="wan2.2-ti2v-5b", profile="balanced"),
    Scenario(model="wan2.1-14b", profile="fast", num_frames=1, ability="image"),
    Scenario(model="wan2.1-14b", profile="fast", size=_SD),
    Scenario(model="wan2.1-14b", profile="fast"),
    Scenario(model="wan2.1-14b", profile="fast", ability="first_frame"),
    Scenario(model="wan2.1-14b", profile="quality"),
    Scenario(model="wan2.1-vace-14b", profile="fast", ability="first_frame"),
)
