"""Undoing disguises, and leaving alone what is none."""

# ruff: noqa: RUF001 - letters that look alike are what this file is about

from __future__ import annotations

import pytest

from ourvidz.safety.normalise import plain, prompt_sha256, readings

WORDS = frozenset(["red", "woman", "live", "parts", "school", "girl", "pen", "is", "on", "sex"])


def reads(text: str) -> list[str]:
    return readings(text, WORDS.__contains__)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ＲＥＤ", "red"),
        ("r\u200be\u00add", "red"),
        ("r\u0335e\u0301d\u0336", "red"),
        ("rеd wоman", "red woman"),  # Cyrillic letters
        ("🅡🅔🅓", "red"),
        ("🇷🇪🇩", "red"),
        ("ʀᴇᴅ", "red"),
        ("𝓻𝓮𝓭", "red"),
        ("Mädchen", "madchen"),
    ],
)
def test_letters_become_plain(text: str, meant: str) -> None:
    assert plain(text) == meant


@pytest.mark.parametrize("text", ["नग्न", "が", "한국", "голая"])
def test_other_scripts_keep_their_letters(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("r e d   w o m a n", "red woman"),
        ("r.e.d w.o.m.a.n", "red woman"),
        ("r_e_d", "red"),
        ("r-e-d / w-o-m-a-n", "red woman"),
        ("re.d wo-man", "red woman"),
        ("r3d w0m4n", "red woman"),
        ("reeed wooomaaan", "red woman"),
        ("schooool giiirl", "school girl"),
        ("der namow", "red woman"),
        ("namow der", "red woman"),
        ("redwoman", "red woman"),
        ("#RedWoman", "#red woman"),
        ("s3x", "sex"),
        ("$3x", "sex"),
    ],
)
def test_disguised_words_are_read(text: str, meant: str) -> None:
    assert meant in reads(text)


@pytest.mark.parametrize("text", ["live parts", "red pen", "pen is on", "a 14yo girl", "35mm"])
def test_what_is_no_disguise_is_left_alone(text: str) -> None:
    assert reads(text) == [text]


def test_a_fingerprint_ignores_disguise_of_letters_and_tells_prompts_apart() -> None:
    one = prompt_sha256(["A  Cat"], "dogs")
    assert one == prompt_sha256(["ａ c\u200bat"], "DOGS")
    assert len({one, prompt_sha256(["a cat"]), prompt_sha256(["a", "cat"], "dogs")}) == 3
    assert len(one) == 64 and int(one, 16)
