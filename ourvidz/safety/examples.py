"""Sentences that the heads learn from: every head from its own, adults and children apart.

`minor` learns who is in a picture, from everyday scenes only. `sex` learns nudity and acts, of
adults or of nobody in particular. No sentence here holds both, and none is graphic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_ADULTS = _split(
    "a woman|a man|a couple|two adults|two women|two men|a model|an actress|a dancer|lovers|"
    "husband and wife|a businesswoman|a soldier|a queen|a stranger|someone|a person|she|he|"
    "people|a blonde|a nurse|a secretary|an elf warrior|a vampire|an android"
)
_CHILDREN = _split(
    "a child|a kid|a little girl|a little boy|a toddler|a baby|an infant|a teenager|"
    "a teenage girl|a teenage boy|a schoolgirl|a schoolboy|a pupil|children|kids|a preschooler|"
    "a ten year old|a girl of eight|a fifteen year old boy|a twelve-year-old|a 14yo|"
    "a 16 y/o girl|a tween|an adolescent|a minor|someone under eighteen|a sixth grader|"
    "a high school freshman|a middle school student|a kindergartner|a young girl|a young boy|"
    "a girl scout|an orphan boy|her small daughter|his little son|a youngster|"
    "a small person who looks like a child|a young-looking character with a childlike body|"
    "a prepubescent boy|an anime schoolgirl|someone who has not finished primary school|"
    "a seventeen year old|a juvenile"
)
_GROWN = _split(
    "a woman|a man|an old woman|an old man|a couple|a young woman|a young man|a grandmother|"
    "a grandfather|a soldier|a surgeon|a pilot|a chef|a businessman|a bride|"
    "a student at university|a thirty year old|a 45 year old man|a woman aged fifty|a singer|"
    "a boxer|a farmer|a knight|a queen|a robot|an astronaut|a kitten|a puppy|a lion cub|"
    "a young horse|a foal|a dragon|a young tree|a small car|a professor|adults|a retired teacher|"
    "a middle aged woman|a pregnant woman"
)
_EVERYDAY = _split(
    "walks home|is in a kitchen|sits on a bench|plays the piano|rides a bicycle|laughs|sleeps|"
    "eats ice cream|dances|looks at the camera|reads a book|runs on the beach|stands in the rain|"
    "is in a bedroom|is in a bathroom|swims in a pool|plays football|draws a picture|cries|"
    "in a forest|in a portrait|jumps|waits for a bus|opens a present|at school|at a party|"
    "holds a cat|looks out of the window|in a swimsuit|in a costume|at the doctor|"
    "watches television"
)
_SEXUAL = _split(
    "naked|nude|without clothes|wearing nothing at all|in the nude|with nothing on|undressed|"
    "undressing slowly|taking off all clothes|removing the last piece of clothing|topless|"
    "with bare breasts|showing the whole bare body|with exposed private parts|posing nude|"
    "having sex|having intercourse|making love|in an erotic scene|in a porn video|"
    "in an adult film|in explicit content|in a sexual act|in a sexual position|masturbating|"
    "pleasuring themselves|performing oral sex|doing a striptease|stripping|in a hardcore scene|"
    "in a bdsm scene|in bondage|aroused|with an erection|in an orgy|in a threesome|"
    "getting intimate in bed|going all the way with a lover|in a nsfw picture|in a lewd pose|"
    "in a seductive pose in lingerie|moaning with pleasure|in hentai style, uncensored|"
    "as a stripper|sleeping with someone, explicit|being touched sexually|being groped|"
    "sexualised for the viewer|in a bedroom encounter, uncensored|filmed for a pornographic site|"
    "in fetish wear, erotic|wearing only skin|with clothes vanishing"
)
_PLACES = _split(
    "|in a bedroom|on a beach|in a hotel room|in a car|in the forest|, cinematic, 4k|at night"
)
_HARMLESS = _split(
    "naked flame of a candle|stars seen with the naked eye|naked mole rats|a sexy sports car|"
    "breast cancer awareness campaign|a doctor examines a patient|a mammogram in a hospital|"
    "a mother breastfeeds her baby|chicken breast in a pan|an anatomy lesson with a skeleton|"
    "a marble statue of a goddess|a renaissance painting in a museum|"
    "art students draw a sculpture|a woman in a bikini on the beach|swimmers in a pool|"
    "a man in swim trunks|a fashion show|a bride puts on her dress|a wedding kiss|"
    "a couple kisses in the rain|a romantic dinner|a passionate tango|a massage at a spa|"
    "a bubble bath with candles|a woman in a bathrobe|a mother washes her baby|"
    "kids in swimsuits with a hose|a birth in a hospital|a pregnant woman|he takes off his coat|"
    "she takes off her shoes|barefoot on the grass|bare trees in winter|dogs and cats|"
    "horses in a meadow|a rooster on a farm|small birds at a feeder|lions hunt a zebra|"
    "a bodybuilder on stage|wrestlers in a ring|a boxing match|ballet dancers|gymnasts|"
    "yoga class|lovers holding hands|a couple hugging|sleeping in a tent|a bed with white linen|"
    "underwear shop|a tattoo artist at work|a physiotherapist treats a back|sauna in finland|"
    "a cocktail on a bar|a village in england|a road sign|a lake in the andes|a city at night|"
    "a castle in fog|a sex education class poster|adult coloring book|adults in an evening class|"
    "drag queen on stage"
)
_EXTREME = _split(
    "a woman is raped|a man rapes someone|sex without consent|a forced sexual act|"
    "sexual violence against a captive|an unconscious person is abused sexually|"
    "a drugged person is undressed by strangers|someone gropes a stranger against her will|"
    "secret filming in a bathroom|hidden camera footage of people undressing|"
    "filming under skirts|private sex videos published in revenge|"
    "a victim of sex trafficking is used|a person sold for sex|sex between a human and an animal|"
    "sexual acts with a horse|sexual acts with a dead body|"
    "a real killing filmed for entertainment|a prisoner is tortured to death on camera|"
    "a hostage is beheaded on camera|a victim is mutilated for pleasure|"
    "graphic torture of a person|people are burned alive for fun, gore|"
    "dismembering a living person, realistic gore|propaganda for a terrorist group|"
    "join our terror cell|a recruiting film for jihadists|praise for a mass shooter as a hero|"
    "a call to murder all people of one religion|a call to wipe out an ethnic group|"
    "kill all immigrants, propaganda|genocide is good|how to build a bomb at home|"
    "instructions for making explosives|how to make poison gas|how to cook illegal drugs|"
    "tutorial for making methamphetamine|how to kill yourself|a guide to suicide|"
    "go and end your life, message to viewers|how to hang yourself|"
    "encouraging people to cut themselves|abuse of children|trade in pictures of child abuse|"
    "sex between close relatives|a person forced to strip at gunpoint|"
    "they do it although she begs them to stop|he takes advantage of a passed out guest|"
    "she wakes up while someone touches her body|a slave forced to serve in bed"
)
_FRAMES = _split(
    "{}|a video of this: {}|{}, realistic|{}, close up, cinematic|anime: {}|{} at night|scene: {}"
)
_PEACEFUL = _split(
    "a medieval battle with knights|soldiers land on a beach in a war film|a zombie film|"
    "a vampire bites a neck|a detective at a crime scene|police arrest a robber|a bank robbery|"
    "a duel at noon|gladiators in an arena|a hunter in the forest|a lion eats its prey|"
    "a butcher at work|a surgeon operates|a blood test|a boxing match|a car crash, action film|"
    "a building explodes, action film|an atomic test in the desert|a bomb squad robot|"
    "the hero escapes from prison|a hostage drama, thriller|a kidnapped princess is rescued|"
    "a headless horseman|a guillotine in a museum|a historical execution, drama|"
    "a crucifixion painting|a ghost in a mansion|a monster attacks a city|dinosaurs fight|"
    "a shark attack|a funeral|a memorial for victims|a documentary about a war|a courtroom trial|"
    "a protest march|a chemistry class|a pharmacy|a scientist in a laboratory|poppy field|"
    "a wine tasting|a hidden waterfall|a wildlife camera|a security camera in a garage|"
    "a spy film|a couple having sex|a naked woman|an erotic dance|a nude model|"
    "two adults make love|a rider on a horse|a girl hugs her dog|a farmer with goats|"
    "horses mating, documentary|a sad man sits alone|a woman cries at a window|"
    "a support group talks|a therapist listens|a prayer in a mosque|a rabbi reads|"
    "a church service|a temple festival|immigrants arrive by ship|a person sleeps on a train|"
    "a drunk man sings|a wake up call in the morning|a slave ship museum"
)

Example = tuple[str, bool]


def examples(head: str, seed: int = 0) -> list[Example]:
    """Sentences of one head ("minor", "sex", "extreme") and whether it should answer yes."""
    pick = Random(seed)
    made = {"minor": _minor, "sex": _sex, "extreme": _extreme}[head](pick)
    return sorted(dict(made).items())


def _sex(pick: Random) -> list[Example]:
    yes = [f"{who} {what} {where}" for who, what, where in product(_ADULTS, _SEXUAL, _PLACES)]
    no = [f"{who} {what} {where}" for who, what, where in product(_ADULTS, _EVERYDAY, _PLACES)]
    no += [f"{who} {what}" for who, what in product(_CHILDREN, _EVERYDAY)]
    calm = [frame.format(text) for frame, text in product(_FRAMES, (*_HARMLESS, *_quiet()))]
    alone = _framed(_SEXUAL)
    return [
        *((text, True) for text in (*_some(pick, yes, 900), *alone)),
        *((text, False) for text in (*_some(pick, no, 700), *calm)),
    ]


def _minor(pick: Random) -> list[Example]:
    yes = [f"{who} {what} {where}" for who, what, where in product(_CHILDREN, _EVERYDAY, _PLACES)]
    no = [f"{who} {what} {where}" for who, what, where in product(_GROWN, _EVERYDAY, _PLACES)]
    adult = [f"{who} {what}" for who, what in product(_ADULTS, _SEXUAL)]
    calm = [*_quiet(), *(text for text in _HARMLESS if "baby" not in text and "kids" not in text)]
    return [
        *((text, True) for text in (*_some(pick, yes, 900), *_framed(_CHILDREN))),
        *((text, False) for text in (*_some(pick, no, 700), *_some(pick, adult, 400), *calm)),
    ]


def _extreme(pick: Random) -> list[Example]:
    calm = [f"{who} {what}" for who, what in product((*_ADULTS, *_CHILDREN), _EVERYDAY)]
    adult = [f"{who} {what}" for who, what in product(_ADULTS, _SEXUAL)]
    no = (*_framed(_PEACEFUL), *_framed(_HARMLESS), *_some(pick, calm, 300))
    return [
        *((text, True) for text in _framed(_EXTREME)),
        *((text, False) for text in (*no, *_some(pick, adult, 300))),
    ]


def _quiet() -> list[str]:
    """Violent, sad or dark scenes that are nothing but stories."""
    return [text for text in _PEACEFUL if not any(word in text for word in _ADULT_WORDS)]


def _framed(texts: Sequence[str]) -> list[str]:
    return [frame.format(text) for frame, text in product(_FRAMES, texts)]


def _some(pick: Random, texts: list[str], count: int) -> list[str]:
    return pick.sample(texts, min(count, len(texts)))


_ADULT_WORDS = ("sex", "naked", "erotic", "nude", "make love", "mating")
