"""Captions in words and sentences that the starter model was never trained on.

Everything here is said otherwise than in `ourvidz.starter.world`; of a subject and of a colour
there also is the plain word, because that is what most people type. Some names of colours are in
`ourvidz.domain.colours`, by which the product reads them: what is measured is the product.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ourvidz.starter.world import Scene
from ourvidz.starter.world.vocabulary import ADULTS

Words = Mapping[str, tuple[str, ...]]

SUBJECT: Words = MappingProxyType(
    {
        "woman": ("female", "young female", "housewife"),
        "man": ("fellow", "bloke", "male person"),
        "grandmother": ("nana", "old lady", "aged woman"),
        "grandfather": ("gramps", "old gentleman", "aged man"),
        "chef": ("pastry chef", "restaurant cook", "head chef"),
        "astronaut": ("space traveller", "moonwalker", "NASA astronaut"),
        "dog": ("doggy", "labrador", "terrier"),
        "cat": ("tabby", "house cat", "feline"),
        "horse": ("mare", "mustang", "racehorse"),
        "bird": ("sparrow", "pigeon", "robin"),
        "butterfly": ("fluttering insect", "swallowtail butterfly", "winged insect"),
        "car": ("hatchback", "motorcar", "coupe"),
        "bus": ("minibus", "school bus", "shuttle bus"),
        "ball": ("rubber ball", "bouncy ball", "football"),
        "sailboat": ("dinghy", "boat with sails", "sailing ship"),
        "balloon": ("air balloon", "balloon with a basket", "passenger balloon"),
        "airplane": ("airliner", "passenger plane", "jet plane"),
        "rocket": ("space rocket", "space shuttle", "rocket with flames"),
        "ufo": ("flying disc", "alien craft", "alien saucer"),
    }
)
HUE: Words = MappingProxyType(
    {
        "red": ("ruby", "cherry red", "bright red"),
        "orange": ("tangerine", "pumpkin orange", "amber"),
        "yellow": ("canary yellow", "sunny yellow", "bright yellow"),
        "green": ("leaf green", "grass-green", "jade"),
        "blue": ("cobalt", "royal blue", "bright blue"),
        "purple": ("plum", "lavender", "deep purple"),
        "pink": ("fuchsia", "bubblegum pink", "pale pink"),
        "white": ("ivory", "pure white", "chalk-white"),
        "black": ("ebony", "coal-black", "pitch-black"),
        "brown": ("chestnut", "coffee-brown", "hazel brown"),
    }
)
#: {} is the colour. What is not listed has the colour before its name.
WEARS: Words = MappingProxyType(
    {
        "woman": ("who has a {} dress on", "dressed in a {} gown"),
        "grandmother": ("who has a {} dress on", "dressed all in {}"),
        "man": ("who has a {} shirt on", "dressed in a {} pullover"),
        "grandfather": ("who has a {} coat on", "dressed all in {}"),
        "chef": ("who has a {} jacket on", "dressed all in {}"),
        "astronaut": ("whose space suit is {}", "dressed in a {} space suit"),
    }
)
PLACE: Words = MappingProxyType(
    {
        "beach": ("by the seaside, where the palm trees grow", "on a tropical coast",
                  "on the sand beside the ocean, under palms"),
        "forest": ("where the trees stand close together", "deep inside the woodland",
                   "on a path through a pine forest"),
        "city": ("where the skyscrapers are", "on an avenue of the metropolis",
                 "on the street between high-rise buildings"),
        "mountains": ("high up in a mountain valley", "with a mountain range behind",
                      "at the foot of the rocky summits"),
        "desert": ("where only cactuses grow", "in the middle of a sandy desert",
                   "in the Sahara, among the dunes"),
        "snow": ("where everything is covered in snow", "in the arctic snow",
                 "on a frozen white field in winter"),
        "sea": ("far out on the sea", "with nothing but ocean waves around",
                "above the blue sea"),
        "space": ("somewhere in the galaxy, between the planets", "on a lunar landscape",
                  "up there in outer space"),
        "meadow": ("on a lawn full of flowers", "out on a grassy pasture",
                   "in the middle of a flower meadow"),
    }
)  # fmt: skip
TIME: Words = MappingProxyType(
    {
        "day": ("It is the middle of the day", "It is bright daytime", "It is early afternoon"),
        "sunset": ("The sun is setting", "It is a glowing sunset", "The evening sun is low"),
        "night": ("It is late at night", "It is a dark night", "It is night-time and very dark"),
    }
)
WEATHER: Words = MappingProxyType(
    {
        "clear": ("not a cloud in the sky", "the sky is clear", "cloudless weather"),
        "cloudy": ("clouds cover the sky", "the weather is cloudy and grey", "an overcast sky"),
        "rain": ("it is raining", "rain comes down", "the weather is wet and rainy"),
        "snow": ("it is snowing", "snow comes down", "thick snowflakes fall from the sky"),
    }
)
ACTION: Words = MappingProxyType(
    {
        "walk": ("taking a walk", "wandering"),
        "run": ("on the run", "sprinting"),
        "dance": ("doing a dance", "having a dance"),
        "stand": ("standing there without moving", "staying in one spot"),
        "float": ("gently floating along", "suspended in the air and drifting"),
        "jump": ("jumping along", "making leaps"),
        "fly": ("in full flight", "flying along"),
        "drive": ("driving along", "on a drive"),
        "roll": ("rolling along the ground", "rolling away"),
        "bounce": ("bouncing along", "bouncing up again and again"),
        "sail": ("sailing along", "under full sail"),
    }
)
DIRECTION: Words = MappingProxyType(
    {
        "left": ("moving left across the picture", "heading for the left side",
                 "from the right side over to the left side"),
        "right": ("moving right across the picture", "heading for the right side",
                  "from the left side over to the right side"),
        "up": ("climbing higher and higher", "on its way upwards"),
        "down": ("getting lower and lower", "on its way downwards"),
        "none": ("",),
    }
)  # fmt: skip
SENTENCE = (
    "Show me {who}, {does}, {place}.{air}",
    "I would like to see {who} {place}, {does}.{air}",
    "There is {who} {place}. We see it all in one take: {does}.{air}",
    "A short video of {who}, {does}. The scene plays {place}.{air}",
    "{air} We look at {who} {place}, {does}.",
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A caption, the scene it speaks of, and which of its words are new to the model."""

    text: str
    scene: Scene
    new_noun: bool
    new_hue: bool


def wish(scene: Scene, rng: random.Random) -> Wish:
    """A caption of `scene` that names every attribute that is read back, in unseen phrasing.

    Every other subject and colour, on average, is called by a word that no training caption has.
    """
    new_noun, new_hue = rng.random() < 0.5, rng.random() < 0.5
    noun = (
        rng.choice(SUBJECT[scene.subject])
        if new_noun
        else _PLAIN.get(scene.subject) or (scene.subject)
    )
    hue = rng.choice(HUE[scene.color]) if new_hue else scene.color
    if scene.subject in ADULTS:
        who = f"{noun} {rng.choice(WEARS[scene.subject]).format(hue)}"
    else:
        who = f"{hue} {noun}"
    does = ", ".join(
        filter(None, (rng.choice(ACTION[scene.action]), rng.choice(DIRECTION[scene.direction])))
    )
    air = ""
    if scene.place != "space":
        air = f" {rng.choice(TIME[scene.time])}, {rng.choice(WEATHER[scene.weather])}."
    text = rng.choice(SENTENCE).format(
        who=f"{'an' if who[0] in 'aeio' else 'a'} {who}",
        does=does,
        place=rng.choice(PLACE[scene.place]),
        air=air,
    )
    return Wish(text=text.strip(), scene=scene, new_noun=new_noun, new_hue=new_hue)


_PLAIN = MappingProxyType({"balloon": "hot air balloon", "ufo": "UFO"})
