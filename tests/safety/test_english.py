"""The language gate."""

from __future__ import annotations

import pytest

from ourvidz.safety.english import is_english
from tests.safety.conftest import Model


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat",
        "old man fishing, rainy",
        "35mm film, 4k, f2",
        "a café in São Paulo",
        "Rio de la Plata at sunset, wide view",
        "Elara raises her staff",
        "Elara Vyndrath",
        "Łukasz Żółkiewski",
        "\N{GRINNING FACE}",
    ],
)
def test_english_passes(model: Model, text: str) -> None:
    assert is_english(text, model.vocabulary)


@pytest.mark.parametrize(
    "text",
    [
        "eine frau mit dem hund und der katze",
        "una mujer en la playa con el perro",
        "кошка на диване",
        "猫",
        "q z x w v n d c",
        "xqzt wvvk brrm",
        "Юлия Смирнова",
        "wordsthatruntogetherlikethese",
    ],
)
def test_what_the_sentence_model_can_not_read_does_not(model: Model, text: str) -> None:
    assert not is_english(text, model.vocabulary)
