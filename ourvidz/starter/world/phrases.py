"""Many ways to say each thing of the world, as data for the caption writer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, tuple[str, ...]]

SUBJECT: Words = MappingProxyType(
    {
        "woman": ("woman", "woman", "woman", "lady", "young woman", "girl", "mother",
                  "businesswoman", "young lady", "mum", "actress", "princess", "ballerina",
                  "hostess", "aunt", "wife", "sister", "queen", "saleswoman"),
        "man": ("man", "man", "man", "guy", "young man", "gentleman", "father", "chap", "dude",
                "businessman", "dad", "uncle", "husband", "brother", "lad", "workman", "actor",
                "postman", "king", "salesman"),
        "grandmother": ("grandmother", "grandma", "old woman", "elderly lady", "granny", "gran",
                        "elderly woman", "senior lady", "grandmum", "great-grandmother",
                        "retired woman", "grandmamma", "white-haired old woman", "elderly aunt"),
        "grandfather": ("grandfather", "grandpa", "old man", "elderly man", "granddad",
                        "elderly gentleman", "senior man", "grandad", "great-grandfather",
                        "retired man", "grandpapa", "white-haired old man", "elderly uncle"),
        "chef": ("chef", "chef", "cook", "baker", "pizza baker", "kitchen chef", "sous-chef",
                 "cook in a kitchen hat", "master chef", "sushi chef", "hotel cook", "grill cook",
                 "kitchen master", "cook with a tall hat"),
        "astronaut": ("astronaut", "astronaut", "spaceman", "person in a space suit", "cosmonaut",
                      "space explorer", "moon explorer", "spacewoman", "space pilot",
                      "person with a space helmet", "astronaut with a helmet", "space walker",
                      "rocket pilot", "space hero"),
        "dog": ("dog", "dog", "dog", "puppy", "hound", "poodle", "beagle", "spaniel", "husky",
                "sheepdog", "retriever", "dachshund", "bulldog", "dalmatian", "pug", "collie",
                "doberman", "greyhound", "hunting dog", "pet dog", "mutt"),
        "cat": ("cat", "cat", "cat", "kitten", "kitty", "tomcat", "pussycat", "siamese cat",
                "ginger cat", "moggy", "persian cat", "alley cat", "pet cat", "striped cat",
                "fluffy cat", "kitty-cat", "mouser"),
        "horse": ("horse", "horse", "horse", "pony", "stallion", "colt", "steed", "foal",
                  "thoroughbred", "bronco", "filly", "gelding", "riding horse", "pinto",
                  "workhorse", "arabian horse", "palomino", "farm horse"),
        "bird": ("bird", "bird", "bird", "seagull", "parrot", "songbird", "swallow", "finch",
                 "blackbird", "dove", "crow", "starling", "eagle", "hawk", "goldfinch", "thrush",
                 "kingfisher", "gull", "magpie", "lark", "hummingbird", "budgie", "cuckoo", "jay"),
        "butterfly": ("butterfly", "butterfly", "butterfly", "moth", "monarch butterfly",
                      "butterfly with big wings", "little insect with wings", "peacock butterfly",
                      "hawk moth", "cabbage butterfly", "flying insect with wings",
                      "bug with large wings", "summer butterfly", "papillon"),
        "car": ("car", "car", "car", "sedan", "taxi", "automobile", "saloon", "roadster",
                "sports car", "convertible", "limousine", "beetle car", "cab", "motor vehicle",
                "station wagon", "race car", "auto", "estate car", "SUV", "family car",
                "cabriolet"),
        "bus": ("bus", "bus", "bus", "coach", "van", "camper", "city bus", "tour bus", "omnibus",
                "motor coach", "camper van", "double-decker", "trolleybus", "public bus",
                "transit bus", "motorhome", "bus with many windows", "travel coach", "autobus"),
        "ball": ("ball", "ball", "ball", "beach ball", "toy ball", "soccer ball", "basketball",
                 "tennis ball", "round ball", "volleyball", "gym ball", "handball", "bowling ball",
                 "big ball", "sphere", "plastic ball", "kickball", "leather ball", "dodgeball",
                 "toy"),
        "sailboat": ("sailboat", "sailboat", "sailboat", "boat", "sailing boat", "yacht", "sloop",
                     "catamaran", "schooner", "ship with a sail", "sailing yacht", "sail boat",
                     "yawl", "ketch", "regatta boat", "vessel with a sail", "cutter", "windjammer",
                     "wooden boat"),
        "balloon": ("hot air balloon", "hot air balloon", "hot-air balloon", "balloon",
                    "giant balloon", "balloon in the air", "balloon carrying a basket",
                    "sightseeing balloon", "fire balloon", "big round balloon",
                    "balloon with people on board", "montgolfier", "gas balloon"),
        "airplane": ("airplane", "airplane", "plane", "aeroplane", "jet", "aircraft", "jumbo jet",
                     "propeller plane", "jetliner", "private plane", "boeing", "airbus", "biplane",
                     "turboprop", "cargo plane", "seaplane", "small plane", "holiday plane"),
        "rocket": ("rocket", "rocket", "rocket", "spaceship", "rocket ship", "moon rocket",
                   "space vehicle", "missile", "spacecraft", "rocket on fire", "launch vehicle",
                   "carrier rocket", "starship", "saturn rocket", "booster rocket", "moonship",
                   "rocket with a fiery tail"),
        "ufo": ("ufo", "UFO", "flying saucer", "alien spaceship", "alien ship",
                "unidentified flying object", "saucer from another planet", "space saucer",
                "alien vessel", "spaceship of aliens", "extraterrestrial ship",
                "martian spaceship", "mothership", "hovering saucer", "UFO with lights"),
    }
)  # fmt: skip
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
WEARS: Words = MappingProxyType(
    {
        "woman": ("in a {} dress", "wearing a {} dress", "in {}", "with a {} dress",
                  "clothed in {}", "with a long {} dress", "whose dress is {}", "in {} clothes"),
        "grandmother": ("in a {} dress", "wearing a long {} dress", "in {}", "clothed in {}",
                        "with a {} dress", "whose dress is {}", "in {} clothes"),
        "man": ("in a {} shirt", "wearing a {} jacket", "in {}", "with a {} sweater",
                "clothed in {}", "wearing a {} shirt", "whose shirt is {}", "in {} clothes",
                "in a {} t-shirt"),
        "grandfather": ("in a {} coat", "wearing a {} jacket", "in {}", "clothed in {}",
                        "with a {} coat", "whose coat is {}", "in {} clothes"),
        "chef": ("in a {} jacket", "wearing {}", "in {} clothes", "clothed in {}",
                 "with a {} jacket", "whose jacket is {}", "in {}"),
        "astronaut": ("in a {} space suit", "in a {} suit", "wearing a {} suit", "clothed in {}",
                      "with a {} space suit", "whose suit is {}", "in {}"),
    }
)  # fmt: skip
HUE: Words = MappingProxyType(
    {
        "red": ("red", "red", "red", "red", "red", "crimson", "scarlet", "vivid red", "tomato red",
                "deep red", "blood-red", "vermilion", "dark red", "garnet", "carmine",
                "strawberry red", "poppy red", "brick red", "red", "maroon", "burgundy",
                "cardinal", "ketchup red", "rose red", "raspberry", "cranberry", "chili red",
                "paprika", "wine-red", "lobster red", "lipstick red", "fire-engine red",
                "rust red", "cherry-tomato red"),
        "orange": ("orange", "orange", "orange", "orange", "orange", "bright orange", "apricot",
                   "carrot orange", "deep orange", "orange-coloured", "mandarin orange",
                   "clementine", "mango", "persimmon", "saffron", "marigold", "papaya", "satsuma",
                   "orange", "peach", "copper", "burnt orange", "ginger", "traffic-cone orange",
                   "cantaloupe", "sunset orange", "nectarine", "coral orange", "rust orange",
                   "fox orange", "kumquat", "terracotta orange", "tiger orange"),
        "yellow": ("yellow", "yellow", "yellow", "yellow", "yellow", "golden", "lemon yellow",
                   "mustard yellow", "banana yellow", "light yellow", "sunflower yellow", "lemon",
                   "buttercup", "daffodil", "butter yellow", "straw yellow", "yellow", "gold",
                   "corn yellow", "honey yellow", "citrus", "maize", "primrose", "dandelion",
                   "pineapple yellow", "blond yellow", "topaz", "taxi yellow", "brass yellow",
                   "egg-yolk yellow", "saffron yellow"),
        "green": ("green", "green", "green", "green", "green", "emerald", "lime green",
                  "forest green", "dark green", "mint green", "bright green", "olive green",
                  "apple-green", "malachite", "moss green", "fern green", "pistachio", "lime",
                  "green", "olive", "sage", "shamrock", "avocado", "viridian", "chartreuse",
                  "bottle green", "racing green", "sea green", "kiwi", "basil green", "frog green",
                  "pine green", "clover", "spinach green", "parsley"),
        "blue": ("blue", "blue", "blue", "blue", "blue", "azure", "navy blue", "sapphire",
                 "ultramarine", "deep blue", "sky-blue", "indigo blue", "lapis", "navy",
                 "cerulean", "denim blue", "ocean blue", "cornflower blue", "blue", "steel blue",
                 "baby blue", "midnight blue", "aquamarine", "prussian blue", "ice blue",
                 "sapphire blue", "blueberry", "delft blue", "peacock blue", "turquoise blue",
                 "lapis lazuli", "police blue", "marine blue", "jeans blue"),
        "purple": ("purple", "purple", "purple", "purple", "purple", "violet", "lilac", "mauve",
                   "amethyst", "aubergine", "dark purple", "grape purple", "wisteria", "mulberry",
                   "orchid", "eggplant purple", "blackberry", "heather", "iris", "damson",
                   "purple", "fig purple", "elderberry", "periwinkle purple", "crocus", "hyacinth",
                   "magenta purple", "royal purple", "byzantium", "beetroot purple", "thistle",
                   "indigo purple", "heliotrope", "prune purple", "pansy", "violet-coloured"),
        "pink": ("pink", "pink", "pink", "pink", "pink", "rose pink", "magenta", "hot pink",
                 "light pink", "candy pink", "salmon pink", "flamingo pink", "cerise", "rose",
                 "blush", "peony", "cherry blossom pink", "raspberry pink", "pink", "coral pink",
                 "shell pink", "baby pink", "powder pink", "watermelon pink", "carnation",
                 "azalea", "lotus pink", "pastel pink", "pig pink", "cotton candy pink", "rosy",
                 "rhubarb pink", "dusty pink", "lip-gloss pink"),
        "white": ("white", "white", "white", "white", "white", "snow-white", "milk-white",
                  "cream white", "pearl white", "bright white", "alabaster", "porcelain", "pearl",
                  "eggshell", "off-white", "lily-white", "milky", "bone white", "white",
                  "cotton white", "paper-white", "ghost white", "snowy", "vanilla white",
                  "swan-white", "cloud white", "sugar white", "marble white", "white as a sheet",
                  "polar white", "coconut white", "salt-white", "linen white"),
        "black": ("black", "black", "black", "black", "black", "jet black", "raven-black",
                  "ink-black", "onyx", "midnight black", "charcoal black", "deep black",
                  "obsidian", "inky", "sable", "soot-black", "liquorice black", "black",
                  "carbon black", "tar black", "panther black", "black as ink", "black as night",
                  "graphite black", "jet", "raven", "black as tar", "piano black", "vinyl black",
                  "asphalt black", "dark as night", "velvet black"),
        "brown": ("brown", "brown", "brown", "brown", "brown", "chocolate brown", "nut-brown",
                  "cocoa brown", "dark brown", "mahogany", "walnut brown", "caramel brown",
                  "tawny brown", "cinnamon", "umber", "toffee", "mocha", "hickory", "bronze brown",
                  "walnut", "brown", "tan", "sienna", "russet", "sepia", "teak", "oak brown",
                  "cedar", "peat brown", "gingerbread brown", "espresso", "rust brown",
                  "leather brown", "fudge", "maple brown", "wood-brown", "earth brown",
                  "bear brown", "nutmeg"),
    }
)  # fmt: skip
#: What a plain colour may be called besides: none of these changes it here.
SHADES = ("vivid", "intense", "rich", "glossy", "shiny", "neon", "plain", "matt", "lovely",
          "strong", "electric", "warm", "soft", "deep-dyed", "completely", "all",
          "brilliant")  # fmt: skip
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
