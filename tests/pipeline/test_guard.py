"""The guard lets good rewritings pass and says what is wrong with the others."""

from __future__ import annotations

import pytest

from ourvidz.pipeline.guard import MAX_WORDS, MIN_SIMILARITY, fault, kept_share

GOOD = [
    (
        "a cat on a skateboard",
        "A cat rides a skateboard down a sunlit street, wheels humming. Low tracking shot.",
    ),
    (
        "three white horses galloping on the beach, no people",
        "Three powerful white horses gallop along an empty beach, spray flying, with no people in "
        "sight. The camera tracks beside them in golden light.",
    ),
    (
        "girl with red umbrella walking in neon city at night",
        "At night a girl with a bright red umbrella is walking through a neon city, reflections "
        "trembling in the puddles around her.",
    ),
    (
        "empty street, no cars, early morning fog",
        "An empty street without cars lies in the soft fog of an early morning. Static wide shot.",
    ),
    ("red and white scarf in the wind", "A white and red scarf dances in the wind. Slow zoom in."),
    ("2 dogs playing", "Two dogs are playing in tall grass, one dog leaping over the other."),
    ("a blue car and a red bus", "A red bus passes a blue car in warm evening light."),
    ("zebra herd at dusk", "A herd of zebras at dusk. Static wide shot."),
    ("a boy's kite over the hill", "A boys' kite, the boy's own, dances over the hill."),
    ("dogs playing", "Dogs are playing in tall grass, a dog leaping over the other dogs."),
    ("a walrus on the ice", "A walrus on the blue ice. Static wide shot."),
    ("river valley", "A bird's-eye view of a river valley. Soft overcast daylight."),
    ("a couple of dogs sleeping", "A couple of dogs sleeping by the fire. Static wide shot."),
    ("un gato rojo en la playa", "Un gato rojo en la playa. Bright midday sun."),
    ("一只红色的猫", "一只红色的猫. Bright midday sun."),
    ("row row row your boat", "Row row row your boat. Soft overcast daylight."),
]


@pytest.mark.parametrize(("original", "candidate"), GOOD)
def test_a_faithful_rewriting_passes(original: str, candidate: str) -> None:
    assert fault(original, candidate, similarity=0.8) is None


BAD = [
    ("a cat on a skateboard", "", "empty"),
    ("a cat on a skateboard", "A dog rides a skateboard down the street.", "loses 'cat'"),
    ("a cat on a skateboard", "A cat on a skateboard in the", "not finished"),
    ("a cat on a skateboard", "Sure, a cat on a skateboard in the sun.", "talks about"),
    ("a cat on a skateboard", "Here is the prompt: a cat on a skateboard.", "talks about"),
    ("a cat on a skateboard", "The video prompt shows a cat on a skateboard.", "talks about"),
    ("a cat on a skateboard", "[INST] A cat on a skateboard.", "talks about"),
    ("a cat on a skateboard", "A cat on a skateboard. A woman looks on.", "adds 'woman'"),
    ("a cat on a skateboard", "A cat on a skateboard among cheering crowds.", "adds 'crowds'"),
    ("my dog running", "My dog is running after three seagulls.", "adds 'seagulls'"),
    ("my dog running", "My two dogs are running over a field.", "how many dog"),
    ("a dog running on the beach", "Dogs running on the beach. Static wide shot.", "how many dog"),
    ("a girl and her cat", "Girls and their cat in the evening light.", "how many girl"),
    ("horses on the beach", "A horse on the beach. Static wide shot.", "how many horses"),
    ("two kids building a snowman", "Kids building a snowman in the sun.", "how many kids"),
    ("two kids building a snowman", "Three kids building a snowman in the sun.", "how many kids"),
    ("a red sailboat", "A sailboat glides over the calm sea.", "colour 'red'"),
    ("red sailboat", "A blue sailboat glides towards a red sun.", "colour of 'sailboat'"),
    ("a blue car and a red bus", "A red car passes a blue bus in the sun.", "colour of 'car'"),
    ("a beach, no people", "A beach with people walking along it.", "no 'people'"),
    ("a beach, no people", "A wide beach in golden light.", "no 'people'"),
    ("a city without rain", "A city glistening in the rain.", "no 'rain'"),
    ("a black cat not looking at us", "A black cat looking straight ahead.", "no 'looking'"),
    ("a horse running", "No horse running over the field.", "rules out 'horse'"),
    ("a lake at night", "A lake at night in bright midday sunlight.", "night into day"),
    ("an old man in the rain", "An old man in the rain, under a blue sky.", "rain into clear"),
    (
        "purple sports car drifting, night, tokyo",
        "A purple car in the countryside by day.",
        "loses",
    ),
    (
        "a river",
        "The river flows to the sea. The river flows to the sea. The river flows to the sea.",
        "repeats",
    ),
    (
        "a calm river at dusk.",
        "A calm river at dusk. A calm river at dusk. Static wide shot.",
        "repeats 'a calm river at'",
    ),
    ("a river", "The river is very very very wide.", "repeats 'very'"),
    ("a river", "A river. " + " ".join(f"stone{n}" for n in range(MAX_WORDS)) + ".", "words"),
]


@pytest.mark.parametrize(("original", "candidate", "reason"), BAD)
def test_a_worse_text_is_refused_with_the_reason(
    original: str, candidate: str, reason: str
) -> None:
    found = fault(original, candidate, similarity=0.8)
    assert found is not None
    assert reason in found


def test_a_text_about_something_else_is_refused() -> None:
    text = "A cat on a skateboard. Static wide shot."
    assert fault("a cat on a skateboard", text, similarity=MIN_SIMILARITY) is None
    assert "drifts" in (fault("a cat on a skateboard", text, similarity=0.1) or "")


def test_the_users_own_words_are_no_meta_talk() -> None:
    prompt = "a note that says please"
    assert fault(prompt, "A note that says please. Static wide shot.", similarity=0.8) is None


def test_kept_share_counts_words_in_any_form() -> None:
    assert kept_share("a dog runs on the beach", "Dogs running along beaches") == 1.0
    assert kept_share("of the", "anything") == 1.0
