"""Many ways to say each thing of the world, as data for the caption writer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, tuple[str, ...]]

SUBJECT: Words = MappingProxyType(
    {
        "woman": ("woman", "woman", "lady", "young woman", "girl"),
        "man": ("man", "man", "guy", "young man", "gentleman"),
        "grandmother": ("grandmother", "grandma", "old woman", "elderly lady", "granny"),
        "grandfather": ("grandfather", "grandpa", "old man", "elderly man"),
        "chef": ("chef", "cook", "baker"),
        "astronaut": ("astronaut", "spaceman", "person in a space suit", "cosmonaut"),
        "dog": ("dog", "dog", "puppy", "hound"),
        "cat": ("cat", "cat", "kitten", "kitty"),
        "horse": ("horse", "horse", "pony", "stallion"),
        "bird": ("bird", "bird", "seagull", "parrot", "songbird"),
        "butterfly": ("butterfly", "butterfly", "moth"),
        "car": ("car", "car", "sedan", "taxi", "automobile"),
        "bus": ("bus", "bus", "coach", "van", "camper"),
        "ball": ("ball", "ball", "beach ball", "toy ball"),
        "sailboat": ("sailboat", "sailboat", "boat", "sailing boat", "yacht"),
        "balloon": ("hot air balloon", "hot-air balloon", "balloon", "hot air balloon"),
        "airplane": ("airplane", "plane", "aeroplane", "jet", "aircraft"),
        "rocket": ("rocket", "rocket", "spaceship", "rocket ship"),
        "ufo": ("ufo", "flying saucer", "alien spaceship", "UFO"),
    }
)
PLACE: Words = MappingProxyType(
    {
        "beach": ("on the beach", "on a sandy beach", "at the beach with palm trees",
                  "along the shore", "past palm trees by the ocean", "on a tropical beach"),
        "forest": ("in the forest", "in the woods", "between pine trees", "in a deep forest",
                   "through the forest"),
        "city": ("in the city", "in town", "on a city street", "downtown",
                 "in front of tall buildings", "in the big city"),
        "mountains": ("in the mountains", "in front of snowy peaks", "below high mountains",
                      "in the alps", "among rocky mountains"),
        "desert": ("in the desert", "between cacti", "on the sand dunes", "in a dry desert",
                   "across the desert"),
        "snow": ("in the snow", "in a snowy landscape", "on a snow-covered field",
                 "in a winter landscape", "on a white snowy plain"),
        "sea": ("on the sea", "over the ocean", "on the open water", "at sea", "on the waves"),
        "space": ("in space", "in outer space", "on the moon", "among the planets",
                  "on the surface of the moon"),
        "meadow": ("in a meadow", "in a green field", "in the park", "among flowers",
                   "in a flowery meadow", "on green grass"),
    }
)  # fmt: skip
TIME: Words = MappingProxyType(
    {
        "day": ("during the day", "in daylight", "at noon", "in the morning", "by day",
                "on a bright day", "in the afternoon"),
        "sunset": ("at sunset", "at dusk", "in the evening", "as the sun goes down",
                   "at golden hour", "at sunrise", "in the evening light"),
        "night": ("at night", "by night", "under the moon", "after dark", "at midnight",
                  "in the moonlight", "under the night sky"),
    }
)  # fmt: skip
WEATHER: Words = MappingProxyType(
    {
        "clear": ("under a clear sky", "in clear weather", "in fine weather", "in good weather",
                  "without any clouds", "with no clouds above", "under a cloud-free sky",
                  "with no cloud to be seen"),
        "cloudy": ("under a cloudy sky", "in cloudy weather", "on an overcast day",
                   "under grey clouds", "with many clouds", "under a sky full of clouds",
                   "in dull grey weather"),
        "rain": ("in the rain", "while it rains", "in rainy weather", "in pouring rain",
                 "during a rain shower", "in a storm"),
        "snow": ("while it snows", "in falling snow", "in a snowfall", "with snowflakes falling",
                 "in a snowstorm"),
    }
)  # fmt: skip
CAMERA: Words = MappingProxyType(
    {
        "static": ("static shot", "the camera stands still", "fixed camera", "still camera"),
        "pan_left": ("the camera pans left", "slow pan to the left", "pan left"),
        "pan_right": ("the camera pans right", "slow pan to the right", "pan right"),
        "zoom_in": ("the camera zooms in", "slow zoom in", "slow push-in", "zoom in"),
        "zoom_out": ("the camera zooms out", "slow zoom out", "slow pull-back", "zoom out"),
    }
)
#: action -> third person verbs; the participle is listed at the same position in `DOING`.
DOES: Words = MappingProxyType(
    {
        "walk": ("walks", "strolls", "is walking", "goes"),
        "run": ("runs", "is running", "races", "jogs"),
        "dance": ("dances", "is dancing", "jumps for joy", "swings and dances"),
        "stand": ("stands still", "is standing", "waits", "rests"),
        "float": ("floats", "is floating", "drifts", "hovers"),
        "jump": ("jumps", "is jumping", "hops", "leaps"),
        "fly": ("flies", "is flying", "soars", "glides"),
        "drive": ("drives", "is driving", "rolls", "cruises"),
        "roll": ("rolls", "is rolling", "rolls along"),
        "bounce": ("bounces", "is bouncing", "hops and bounces", "jumps up and down"),
        "sail": ("sails", "is sailing", "glides", "drifts"),
    }
)
DOING: Words = MappingProxyType(
    {
        "walk": ("walking", "strolling"),
        "run": ("running", "racing"),
        "dance": ("dancing",),
        "stand": ("standing", "waiting"),
        "float": ("floating", "drifting"),
        "jump": ("jumping", "hopping"),
        "fly": ("flying", "soaring"),
        "drive": ("driving", "cruising"),
        "roll": ("rolling",),
        "bounce": ("bouncing",),
        "sail": ("sailing", "gliding"),
    }
)
DIRECTION: Words = MappingProxyType(
    {
        "left": ("to the left", "leftwards", "from right to left", "towards the left", "left",
                 "from the right to the left", "over to the left", "towards the left edge",
                 "crossing the picture from right to left"),
        "right": ("to the right", "rightwards", "from left to right", "towards the right",
                  "right", "from the left to the right", "over to the right",
                  "towards the right edge", "crossing the picture from left to right"),
        "up": ("upwards", "up", "up into the sky", "rising", "gaining height", "going up"),
        "down": ("downwards", "down", "down to the ground", "sinking", "losing height",
                 "going down"),
        "none": ("",),
    }
)  # fmt: skip
SPEED: Words = MappingProxyType(
    {"slow": ("slowly", "gently", "calmly"), "fast": ("fast", "quickly", "at high speed")}
)
WEARS: Words = MappingProxyType(
    {
        "woman": ("in a {} dress", "wearing a {} dress", "in {}", "with a {} dress"),
        "grandmother": ("in a {} dress", "wearing a long {} dress", "in {}"),
        "man": ("in a {} shirt", "wearing a {} jacket", "in {}", "with a {} sweater"),
        "grandfather": ("in a {} coat", "wearing a {} jacket", "in {}"),
        "chef": ("in a {} jacket", "wearing {}", "in {} clothes"),
        "astronaut": ("in a {} space suit", "in a {} suit", "wearing a {} suit"),
    }
)
HUE: Words = MappingProxyType(
    {
        "red": ("red", "red", "red", "crimson", "scarlet", "vivid red", "tomato red", "deep red",
                "blood-red", "vermilion", "dark red"),
        "orange": ("orange", "orange", "orange", "bright orange", "apricot", "carrot orange",
                   "deep orange", "orange-coloured", "mandarin orange"),
        "yellow": ("yellow", "yellow", "yellow", "golden", "lemon yellow", "mustard yellow",
                   "banana yellow", "light yellow", "sunflower yellow"),
        "green": ("green", "green", "green", "emerald", "lime green", "forest green", "dark green",
                  "mint green", "bright green", "olive green", "apple-green"),
        "blue": ("blue", "blue", "blue", "azure", "navy blue", "sapphire", "ultramarine",
                 "deep blue", "sky-blue", "indigo blue"),
        "purple": ("purple", "purple", "purple", "violet", "lilac", "mauve", "amethyst",
                   "aubergine", "dark purple", "grape purple"),
        "pink": ("pink", "pink", "pink", "rose pink", "magenta", "hot pink", "light pink",
                 "candy pink", "salmon pink", "flamingo pink", "cerise"),
        "white": ("white", "white", "white", "snow-white", "milk-white", "cream white",
                  "pearl white", "bright white", "alabaster"),
        "black": ("black", "black", "black", "jet black", "raven-black", "ink-black", "onyx",
                  "midnight black", "charcoal black", "deep black"),
        "brown": ("brown", "brown", "brown", "chocolate brown", "nut-brown", "cocoa brown",
                  "dark brown", "mahogany", "walnut brown", "caramel brown", "tawny brown"),
    }
)  # fmt: skip
HAIR: Words = MappingProxyType(
    {
        "black": ("with black hair", "black-haired"),
        "brown": ("with brown hair", "brunette"),
        "blond": ("with blond hair", "blonde"),
        "red": ("with red hair", "red-haired"),
        "grey": ("with grey hair", "grey-haired"),
    }
)
#: A caption of several sentences: {who}, {does}, {place}, {air} (hour and weather, may be empty).
SPOKEN = (
    "Imagine {who}, {does}, {place}.{air}",
    "Please film {who} {place}. It is {does}.{air}",
    "A clip with {who}: {does}, {place}.{air}",
    "{air} Here is {who}, {does} {place}.",
    "The film shows {who} {place}.{air} We see it {does}.",
    "A picture of {who} {place}.{air} It is {does}.",
)
OWNERS = ("", "", "", "", "", "my ", "our ", "my grandma's ", "the neighbour's ")
ADJECTIVES = (
    "",
    "",
    "",
    "",
    "little ",
    "big ",
    "old ",
    "beautiful ",
    "vintage ",
    "shiny ",
    "cute ",
)
