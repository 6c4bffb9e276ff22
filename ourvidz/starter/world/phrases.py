"""Many ways to say each thing of the world, as data for the caption writer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, tuple[str, ...]]

SUBJECT: Words = MappingProxyType(
    {
        "woman": ("woman", "woman", "woman", "lady", "young woman", "girl", "mother",
                  "businesswoman", "young lady", "mum"),
        "man": ("man", "man", "man", "guy", "young man", "gentleman", "father", "chap", "dude",
                "businessman", "dad"),
        "grandmother": ("grandmother", "grandma", "old woman", "elderly lady", "granny", "gran",
                        "elderly woman", "senior lady", "grandmum"),
        "grandfather": ("grandfather", "grandpa", "old man", "elderly man", "granddad",
                        "elderly gentleman", "senior man", "grandad"),
        "chef": ("chef", "chef", "cook", "baker", "pizza baker", "kitchen chef", "sous-chef",
                 "cook in a kitchen hat"),
        "astronaut": ("astronaut", "astronaut", "spaceman", "person in a space suit", "cosmonaut",
                      "space explorer", "moon explorer", "spacewoman"),
        "dog": ("dog", "dog", "dog", "puppy", "hound", "poodle", "beagle", "spaniel", "husky",
                "sheepdog", "retriever"),
        "cat": ("cat", "cat", "cat", "kitten", "kitty", "tomcat", "pussycat", "siamese cat",
                "ginger cat", "moggy"),
        "horse": ("horse", "horse", "horse", "pony", "stallion", "colt", "steed", "foal",
                  "thoroughbred", "bronco"),
        "bird": ("bird", "bird", "bird", "seagull", "parrot", "songbird", "swallow", "finch",
                 "blackbird", "dove", "crow", "starling"),
        "butterfly": ("butterfly", "butterfly", "butterfly", "moth", "monarch butterfly",
                      "butterfly with big wings", "little insect with wings", "peacock butterfly"),
        "car": ("car", "car", "car", "sedan", "taxi", "automobile", "saloon", "roadster",
                "sports car", "convertible", "limousine", "beetle car"),
        "bus": ("bus", "bus", "bus", "coach", "van", "camper", "city bus", "tour bus", "omnibus",
                "motor coach", "camper van"),
        "ball": ("ball", "ball", "ball", "beach ball", "toy ball", "soccer ball", "basketball",
                 "tennis ball", "round ball", "volleyball", "gym ball"),
        "sailboat": ("sailboat", "sailboat", "sailboat", "boat", "sailing boat", "yacht", "sloop",
                     "catamaran", "schooner", "ship with a sail", "sailing yacht"),
        "balloon": ("hot air balloon", "hot air balloon", "hot-air balloon", "balloon",
                    "giant balloon", "balloon in the air", "balloon carrying a basket"),
        "airplane": ("airplane", "airplane", "plane", "aeroplane", "jet", "aircraft", "jumbo jet",
                     "propeller plane", "jetliner", "private plane"),
        "rocket": ("rocket", "rocket", "rocket", "spaceship", "rocket ship", "moon rocket",
                   "space vehicle", "missile", "spacecraft", "rocket on fire"),
        "ufo": ("ufo", "UFO", "flying saucer", "alien spaceship", "alien ship",
                "unidentified flying object", "saucer from another planet", "space saucer"),
    }
)  # fmt: skip
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
                 "crossing the picture from right to left", "heading left", "moving to the left",
                 "toward the left-hand side", "going left", "leaving the right for the left"),
        "right": ("to the right", "rightwards", "from left to right", "towards the right",
                  "right", "from the left to the right", "over to the right",
                  "towards the right edge", "crossing the picture from left to right",
                  "heading right", "moving to the right", "toward the right-hand side",
                  "going right", "leaving the left for the right"),
        "up": ("upwards", "up", "up into the sky", "rising", "gaining height", "going up",
               "ascending", "climbing", "up and up", "moving up"),
        "down": ("downwards", "down", "down to the ground", "sinking", "losing height",
                 "going down", "descending", "coming down", "dropping", "moving down"),
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
        "red": ("red", "red", "red", "red", "red", "crimson", "scarlet", "vivid red", "tomato red",
                "deep red", "blood-red", "vermilion", "dark red", "garnet", "carmine",
                "strawberry red", "poppy red", "brick red"),
        "orange": ("orange", "orange", "orange", "orange", "orange", "bright orange", "apricot",
                   "carrot orange", "deep orange", "orange-coloured", "mandarin orange",
                   "clementine", "mango", "persimmon", "saffron", "marigold", "papaya", "satsuma"),
        "yellow": ("yellow", "yellow", "yellow", "yellow", "yellow", "golden", "lemon yellow",
                   "mustard yellow", "banana yellow", "light yellow", "sunflower yellow", "lemon",
                   "buttercup", "daffodil", "butter yellow", "straw yellow"),
        "green": ("green", "green", "green", "green", "green", "emerald", "lime green",
                  "forest green", "dark green", "mint green", "bright green", "olive green",
                  "apple-green", "malachite", "moss green", "fern green", "pistachio", "lime"),
        "blue": ("blue", "blue", "blue", "blue", "blue", "azure", "navy blue", "sapphire",
                 "ultramarine", "deep blue", "sky-blue", "indigo blue", "lapis", "navy", "cerulean",
                 "denim blue", "ocean blue", "cornflower blue"),
        "purple": ("purple", "purple", "purple", "purple", "purple", "violet", "lilac", "mauve",
                   "amethyst", "aubergine", "dark purple", "grape purple", "wisteria", "mulberry",
                   "orchid", "eggplant purple", "blackberry", "heather", "iris", "damson"),
        "pink": ("pink", "pink", "pink", "pink", "pink", "rose pink", "magenta", "hot pink",
                 "light pink", "candy pink", "salmon pink", "flamingo pink", "cerise", "rose",
                 "blush", "peony", "cherry blossom pink", "raspberry pink"),
        "white": ("white", "white", "white", "white", "white", "snow-white", "milk-white",
                  "cream white", "pearl white", "bright white", "alabaster", "porcelain", "pearl",
                  "eggshell", "off-white", "lily-white", "milky", "bone white"),
        "black": ("black", "black", "black", "black", "black", "jet black", "raven-black",
                  "ink-black", "onyx", "midnight black", "charcoal black", "deep black",
                  "obsidian", "inky", "sable", "soot-black", "liquorice black"),
        "brown": ("brown", "brown", "brown", "brown", "brown", "chocolate brown", "nut-brown",
                  "cocoa brown", "dark brown", "mahogany", "walnut brown", "caramel brown",
                  "tawny brown", "cinnamon", "umber", "toffee", "mocha", "hickory", "bronze brown",
                  "walnut"),
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
