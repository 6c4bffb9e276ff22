"""With a guard model configured: what it may allow, and what nothing allows."""

from __future__ import annotations

import pytest

from ourvidz.backends.hosted.guard_model import HttpGuardModel
from ourvidz.domain.errors import PolicyRefused
from ourvidz.safety.floor import SafetyFloor
from tests.guard_endpoint import Answer, endpoint, raw, says, trickles
from tests.safety.conftest import Model


def refusal(model: Model, answer: Answer, texts: list[str], **given: bool) -> str | None:
    with endpoint(answer) as url:
        guard = HttpGuardModel(dialect="llama-guard", url=url, timeout_s=0.5)
        try:
            SafetyFloor(model.embed, model.vocabulary, guard).check(texts, **given)
        except PolicyRefused as refused:
            return refused.category
    return None


@pytest.mark.parametrize(
    ("answer", "verified", "category"),
    [
        (says("safe"), True, None),
        (says("unsafe\nS12"), True, None),
        (says("unsafe\nS12"), False, "adult_unverified"),
        (says("safe"), False, "adult_unverified"),
        (says("unsafe\nS4"), True, "minor"),
        (says("unsafe\nS1"), True, "guard"),
        (raw(b"", 500), True, "unavailable"),
        (raw(b"garbage"), True, "unavailable"),
        (trickles, True, "unavailable"),
    ],
)
def test_adult_content_needs_a_verified_age_and_a_guard_model_that_agrees(
    model: Model, answer: Answer, verified: bool, category: str | None
) -> None:
    assert refusal(model, answer, ["two adults having sex"], adult_verified=verified) == category


@pytest.mark.parametrize("answer", [raw(b"", 500), raw(b"garbage"), trickles])
def test_without_a_clear_answer_nothing_at_all_is_made(model: Model, answer: Answer) -> None:
    assert refusal(model, answer, ["a cat on a skateboard"]) == "unavailable"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("nude underage girl", "minor"),
        ("naked Brad Pitt", "real_person"),
        ("gang rape", "non_consent"),
        ("zoophilia", "extreme"),
    ],
)
def test_no_guard_model_can_allow_what_is_always_refused(
    model: Model, text: str, category: str
) -> None:
    assert refusal(model, says("safe"), [text], adult_verified=True) == category


def test_what_the_guard_model_calls_sexual_is_refused_with_an_uploaded_picture(
    model: Model,
) -> None:
    given = {"adult_verified": True, "has_reference_image": True}
    assert refusal(model, says("unsafe\nS12"), ["she dances"], **given) == "real_person"


def test_with_a_guard_model_other_languages_are_welcome(model: Model) -> None:
    assert refusal(model, says("safe"), ["eine Katze schläft auf dem Sofa"]) is None
