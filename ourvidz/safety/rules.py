"""What is refused: intersections of what was seen, and the words in which it is said."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from ourvidz.safety.lexicon import Kind

#: Probabilities at which a head counts: the lowest that keep false refusals near 3 % on the list
#: that is tuned on (tests/safety/benign.tsv and the casual prompts).
SEX = 0.5
MINOR = 0.6
EXTREME = 0.6
#: What is sexual anyway is nearer to the extreme examples.
EXTREME_IF_SEXUAL = 0.75
#: With a face that exists less suspicion is enough, with children still less.
SUGGESTIVE = 0.4
SUGGESTIVE_WITH_MINOR = 0.2

#: Category -> what the person reads. Never the prompt, never more than the rule.
REASONS: Mapping[str, str] = {
    "minor": "Sexual content with anyone who is or looks under 18 is never made. "
    "Remove the sexual part, or the young person.",
    "real_person": "Sexual or deceptive content with real people or uploaded pictures is never "
    "made. Use an invented person without a picture, or remove that part.",
    "non_consent": "Sexual content without everyone's consent is never made. Remove that part.",
    "extreme": "Content that shows, praises or teaches abuse, terror, killing or self-harm is "
    "never made. Remove that part. If you think of harming yourself, call your local helpline.",
    "adult": "Nudity and sexual content are not made here. Describe the scene without them.",
    "adult_unverified": "Nudity and sexual content need a verified age. Verify your age in the "
    "account page, or describe the scene without them.",
    "language": "The words could not be read as English, so they could not be checked. "
    "Please write in plain English.",
    "guard": "The safety model of this service refuses this film. Describe another scene.",
    "unavailable": "The safety model of this service did not answer, so nothing was made and "
    "nothing was spent. Try again in a minute.",
    "error": "The words could not be checked, so nothing was made and nothing was spent. "
    "Try again; shorten the text if it happens again.",
}


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen in a film. kinds: words of the lists. scores: of the heads, 0 to 1.

    named: a full name. negative: words of the lists in the negative prompt. image: whether a
    picture was uploaded.
    """

    kinds: Set[Kind]
    scores: Mapping[str, float]
    named: bool
    negative: Set[Kind]
    image: bool

    @property
    def is_sexual(self) -> bool:
        """Nudity or acts, in words or in meaning, or by taking clothes away."""
        return Kind.SEX in self.kinds or self.scores["sex"] >= SEX

    @property
    def is_suggestive(self) -> bool:
        """Sexual, or near it."""
        undressed = Kind.DRESSED in self.negative
        least = SUGGESTIVE_WITH_MINOR if self.has_minor else SUGGESTIVE
        near = Kind.SUGGESTIVE in self.kinds or self.scores["sex"] >= least
        return near or undressed or self.is_sexual

    @property
    def has_minor(self) -> bool:
        """Children in words or in meaning, or adults taken away."""
        if Kind.MINOR in self.kinds or self.scores["minor"] >= MINOR:
            return True
        return Kind.ADULT_AGE in self.negative

    @property
    def is_forged(self) -> bool:
        """A real person made to do what they did not."""
        real = self.named or self.image or bool(self.kinds & {Kind.REAL, Kind.FAMOUS})
        return (real and Kind.DECEPTIVE in self.kinds) or {Kind.FAMOUS, Kind.CLAIM} <= self.kinds


def broken_rule(sight: Sight) -> str | None:
    """The first rule that the film breaks; "adult" for sexual content between adults."""
    kinds = sight.kinds
    real = sight.named or sight.image or bool(kinds & {Kind.REAL, Kind.FAMOUS})
    touched = bool(kinds & {Kind.SEX, Kind.SUGGESTIVE}) or sight.is_sexual
    rules = {
        "minor": sight.has_minor and sight.is_suggestive,
        "non_consent": Kind.NON_CONSENT in kinds or (Kind.COERCION in kinds and touched),
        "real_person": (real and sight.is_sexual)
        or ((sight.image or Kind.FAMOUS in kinds) and sight.is_suggestive)
        or sight.is_forged,
        "extreme": Kind.EXTREME in kinds
        or {Kind.ACT, Kind.NOT_HUMAN} <= kinds
        or sight.scores["extreme"] >= (EXTREME_IF_SEXUAL if sight.is_sexual else EXTREME),
        "adult": sight.is_sexual,
    }
    return next((rule for rule, applies in rules.items() if applies), None)
