"""The word lists: words, beginnings, phrases, scripts, ages, harmless phrases."""

from __future__ import annotations

import pytest

from ourvidz.safety.ages import has_minor_age
from ourvidz.safety.lexicon import Kind, Lexicon, load_lexicon

LANGUAGES = {"en", "es", "fr", "de", "it", "pt", "ru", "zh", "ja", "ko", "hi", "ar"}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a naked person", Kind.SEX),
        ("nudity", Kind.SEX),
        ("without any clothes", Kind.SEX),
        ("eine nackte person", Kind.SEX),
        ("全裸の女性", Kind.SEX),
        ("벌거벗은", Kind.SEX),
        ("kids", Kind.MINOR),
        ("she is fifteen", Kind.MINOR),
        ("мальчика", Kind.MINOR),
        ("my ex", Kind.REAL),
        ("taylor swift", Kind.FAMOUS),
    ],
)
def test_words_are_found(lexicon: Lexicon, text: str, kind: Kind) -> None:
    assert kind in lexicon.kinds(text)


@pytest.mark.parametrize(
    "text", ["a naked flame", "sussex", "peacock", "girlfriend", "kidney", "the pen is red"]
)
def test_words_inside_words_and_harmless_phrases_are_not(lexicon: Lexicon, text: str) -> None:
    assert lexicon.kinds(text) <= {Kind.COERCION, Kind.CLAIM}


def test_every_term_is_found_among_other_words(lexicon: Lexicon) -> None:
    for terms in (lexicon.whole, lexicon.opening):
        for term, kinds in terms.items():
            text = f"the {term} there"
            if lexicon.read_harmless(text) == text:
                assert kinds <= lexicon.kinds(text), term


def test_a_harmless_phrase_does_not_hide_its_neighbour(lexicon: Lexicon) -> None:
    assert Kind.SEX in lexicon.kinds("a naked flame and a naked person")


@pytest.mark.parametrize("kind", ["sex", "minor", "non_consent", "extreme", "real", "deceptive"])
def test_the_lists_that_refuse_know_twelve_languages(kind: str) -> None:
    from importlib.resources import files

    text = (files("ourvidz.safety") / "lexicon" / f"{kind}.txt").read_text("utf-8")
    rows = [row for row in text.splitlines() if not row.startswith("#")]
    assert {row.partition(":")[0] for row in rows} == LANGUAGES
    assert all(term.strip() for row in rows for term in row.partition(":")[2].split(","))


YOUNG = ("14yo", "16 y/o", "aged 12", "fifteen-year-old", "a girl, 13", "girl of twelve")
YOUNG += ("turned fourteen", "under eighteen", "13 anos", "14岁", "12 лет", "10살", "looks ten")
GROWN = ("18yo", "an 80 year old man", "aged 40", "12 years later", "35mm", "under 20 meters")
GROWN += ("10 men", "is 5 feet tall", "2024", "room 12", "14 岁月"[:2])


@pytest.mark.parametrize("text", YOUNG)
def test_ages_below_18_are_read(text: str) -> None:
    assert has_minor_age(text)


@pytest.mark.parametrize("text", GROWN)
def test_other_numbers_are_no_ages(text: str) -> None:
    assert not has_minor_age(text)
