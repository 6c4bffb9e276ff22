"""Many ways to say where, when and how, as data for the caption writer."""

from __future__ import annotations

from types import MappingProxyType

from ourvidz.starter.world.names import Words

PLACE: Words = MappingProxyType(
    {
        "beach": ("on the beach", "on a sandy beach", "at the beach with palm trees",
                  "along the shore", "past palm trees by the ocean", "on a tropical beach",
                  "at the seashore", "on a palm beach", "on a holiday island", "on a sandy shore",
                  "on a palm-lined beach", "by the ocean", "in the sand by the water"),
        "forest": ("in the forest", "in the woods", "between pine trees", "in a deep forest",
                   "through the forest", "among tall trees", "in a forest clearing",
                   "under green fir trees", "among the firs", "in the wood", "on a forest trail",
                   "in the shade of the trees"),
        "city": ("in the city", "in town", "on a city street", "downtown",
                 "in front of tall buildings", "in the big city", "on the boulevard",
                 "between office towers", "in the streets of New York", "in the city centre",
                 "in front of houses and towers", "on a busy road in town", "past the shops"),
        "mountains": ("in the mountains", "in front of snowy peaks", "below high mountains",
                      "in the alps", "among rocky mountains", "in the highlands",
                      "on a mountain pass", "in the Himalayas", "among cliffs and peaks",
                      "on an alpine road", "up in the mountains", "on a mountain"),
        "desert": ("in the desert", "between cacti", "on the sand dunes", "in a dry desert",
                   "across the desert", "among saguaros", "in the dunes", "on hot sand with cacti",
                   "in arid land", "in the Gobi", "in a desert of sand", "in the dry heat"),
        "snow": ("in the snow", "in a snowy landscape", "on a snow-covered field",
                 "in a winter landscape", "on a white snowy plain", "in an icy landscape",
                 "in deep winter", "on frosty ground", "in Antarctica", "on a glacier",
                 "on an ice field", "in a world of ice", "on the white tundra",
                 "in the cold of winter"),
        "sea": ("on the sea", "over the ocean", "on the open water", "at sea", "on the waves",
                "in the middle of the ocean", "over the waves", "out at sea", "above the water",
                "on blue water", "on the high seas", "across the Atlantic"),
        "space": ("in space", "in outer space", "on the moon", "among the planets",
                  "on the surface of the moon", "in the cosmos", "in the universe",
                  "among the stars", "on a far planet", "in orbit", "in the Milky Way",
                  "in zero gravity"),
        "meadow": ("in a meadow", "in a green field", "in the park", "among flowers",
                   "in a flowery meadow", "on green grass", "on a green hill",
                   "in a garden full of flowers", "on the grass", "in the countryside",
                   "in a field of flowers", "in a clover field", "on a village green"),
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
                 "toward the left-hand side", "going left", "leaving the right for the left",
                 "toward the left", "leftward", "in the left direction", "off to the left",
                 "towards the left border", "to the left-hand side",
                 "out of the picture on the left", "starting on the right, ending on the left"),
        "right": ("to the right", "rightwards", "from left to right", "towards the right", "right",
                  "from the left to the right", "over to the right", "towards the right edge",
                  "crossing the picture from left to right", "heading right",
                  "moving to the right", "toward the right-hand side", "going right",
                  "leaving the left for the right", "toward the right", "rightward",
                  "in the right direction", "off to the right", "towards the right border",
                  "to the right-hand side", "out of the picture on the right",
                  "starting on the left, ending on the right"),
        "up": ("upwards", "up", "up into the sky", "rising", "gaining height", "going up",
               "ascending", "climbing", "up and up", "moving up", "skywards", "upward", "higher",
               "towards the top", "to the top of the picture"),
        "down": ("downwards", "down", "down to the ground", "sinking", "losing height",
                 "going down", "descending", "coming down", "dropping", "moving down",
                 "groundwards", "downward", "lower", "towards the bottom",
                 "to the bottom of the picture"),
        "none": ("",),
    }
)  # fmt: skip
SPEED: Words = MappingProxyType(
    {"slow": ("slowly", "gently", "calmly"), "fast": ("fast", "quickly", "at high speed")}
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
