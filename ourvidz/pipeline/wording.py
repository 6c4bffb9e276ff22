"""A prompt as words: tokens, stems and the word classes that an enhancement must respect."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType

import snowballstemmer

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[^\w\s]")


def _terms(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _terms(
    "a an the and or but of in on at to by with for from into onto over under above below near "
    "beside behind between through across around along past up down off out as is are was were be "
    "being been it its this that these those there then while when who which his her hers him he "
    "she they them their my our your i we you me us so very really just some any all "
    "one's next against toward towards inside outside upon during late early"
)
NEGATORS = _terms(
    "no not never without neither nor none lacking n't isn't aren't doesn't don't didn't wasn't "
    "weren't won't can't cannot dont doesnt isnt wasnt"
)
COLOURS = _terms(
    "red orange yellow green blue purple pink brown black white grey gray gold golden silver "
    "turquoise teal cyan magenta violet crimson scarlet beige ivory maroon navy indigo lavender "
    "blonde blond brunette ginger"
)
_SAME_COLOUR = MappingProxyType({"grey": "gray", "golden": "gold", "blond": "blonde"})
_JOINING = _terms("in on at but and with by while under over near")
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_FIGURES = MappingProxyType({word: str(n) for n, word in enumerate(_NUMBERS.split())})
_COUNTS = MappingProxyType(
    {
        **_FIGURES,
        **dict.fromkeys(("a", "an", "single", "lone"), "1"),
        **dict.fromkeys(("pair", "couple", "both"), "2"),
        **dict.fromkeys(("several", "many", "dozens", "hundreds", "thousands"), "many"),
        "trio": "3",
        "dozen": "12",
        "few": "few",
    }
)

#: Words that put a person or an animal into the picture, singular; plurals are found by stem.
_PEOPLE = _terms(
    "person people human man men woman women boy girl child children kid baby toddler teen "
    "teenager adult guy lady ladies gentleman couple friend family mother father mom dad parent "
    "grandma grandpa grandmother grandfather brother sister son daughter uncle aunt husband wife "
    "bride groom king queen prince princess knight warrior soldier pirate wizard witch fairy "
    "monk nun priest doctor nurse chef cook waiter waitress farmer fisherman sailor captain "
    "driver cyclist rider runner jogger surfer skier skater swimmer diver dancer ballerina singer "
    "musician guitarist pianist drummer artist painter photographer astronaut pilot businessman "
    "businesswoman worker policeman police firefighter detective thief tourist traveler hiker "
    "climber cowboy samurai ninja athlete player boxer student teacher crowd pedestrian passerby "
    "bystander onlooker spectator stranger villager shopper commuter robot android zombie ghost "
    "alien monster angel mermaid giant vampire"
)
_ANIMALS = _terms(
    "animal creature beast pet dog puppy puppies cat kitten horse pony ponies foal donkey cow "
    "calf bull sheep lamb goat pig chicken hen rooster duck duckling goose geese swan bird "
    "seagull gull eagle hawk falcon owl crow raven parrot pigeon dove sparrow penguin flamingo "
    "peacock fish goldfish shark whale dolphin octopus jellyfish turtle tortoise frog toad snake "
    "lizard crocodile dinosaur dragon unicorn lion tiger leopard cheetah panther wolf wolves "
    "fox deer stag moose elk rabbit bunny bunnies hare squirrel mouse mice rat hedgehog raccoon "
    "monkey gorilla chimpanzee elephant giraffe zebra hippo rhino kangaroo koala panda camel llama "
    "butterfly butterflies bee wasp ant spider ladybug dragonfly firefly fireflies beetle crab "
    "lobster snail"
)


def stem(word: str) -> str:
    """What a word shares with its other forms.

    >>> stem("dogs") == stem("dog's") == stem("dog")
    True
    """
    # A stemmer holds the word it works on, so a shared one would not be safe between threads.
    return snowballstemmer.stemmer("english").stemWord(word.removesuffix("'s"))


_LIVING = frozenset(stem(word) for word in _PEOPLE | _ANIMALS)


@dataclass(frozen=True)
class Word:
    """One word or punctuation mark. negated: a "no", "not" or "without" rules it out."""

    text: str
    stem: str  # of a number word: its figure
    negated: bool = False

    @property
    def is_content(self) -> bool:
        """Whether it carries meaning that must survive: no function word, no mark, no negator."""
        bare = self.text.removesuffix("'s")
        return bare not in STOP and bare not in NEGATORS and bare[0].isalnum()

    @property
    def count(self) -> str | None:
        """The number it says, None when it says none.

        >>> [w.count for w in read("two dogs and 2 cats")]
        ['2', None, None, '2', None]
        """
        return self.text if self.text.isdecimal() else _COUNTS.get(self.text)

    @property
    def colour(self) -> str | None:
        """The colour it names, in one spelling."""
        return _SAME_COLOUR.get(self.text, self.text) if self.text in COLOURS else None

    @property
    def is_living(self) -> bool:
        """Whether it puts a person or an animal into the picture."""
        return self.stem in _LIVING


def read(text: str) -> list[Word]:
    """The words and marks of a text, in order.

    A negator rules out the content words after it up to the next mark or joining word.

    >>> [w.text for w in read("empty street, no parked cars at night") if w.negated]
    ['parked', 'cars']
    """
    words: list[Word] = []
    ruled_out = False
    for match in _TOKEN.finditer(text.lower().replace("\u2019", "'")):
        token = match[0]
        word = Word(token, _FIGURES.get(token) or stem(token))
        if token in NEGATORS or token.endswith("n't"):
            ruled_out = True
        elif not token[0].isalnum() or token in _JOINING:
            ruled_out = False
        words.append(replace(word, negated=ruled_out and word.is_content))
    return words


def content(words: list[Word]) -> list[Word]:
    """Those that carry meaning."""
    return [word for word in words if word.is_content]
