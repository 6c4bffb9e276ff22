"""Ages in a plain text: whether someone in it is said to be younger than 18."""

from __future__ import annotations

import re

ADULT_YEARS = 18

_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen"
)
_NUMBERS = {word: str(n) for n, word in enumerate(_NUMBER_WORDS.split())}
_NUMBER = re.compile(rf"\b(?:{'|'.join(_NUMBERS)})\b")
_N = r"(?<![\d.,])(\d{1,2})(?![\d.,]\d|\d)"
_PERSON = (
    "girl|boy|she|he|her|his|him|kid|student|pupil|daughter|son|sister|brother|person|someone|"
    "teen|teenager|female|male|woman|man|child"
)
_BEING = ",| is| was| of| has| just| turned| turns| only|['\u2019]s"
_AGE = re.compile(
    "|".join(
        (
            rf"{_N}[\s-]*(?:yo|y[\s/.-]?o|(?:yr|year|month)s?[\s-]*(?:old|of age))\b",
            rf"\b(?:aged?|ages|aging)(?: of| is| to|:)? {_N}",
            rf"\b(?:{_PERSON})s?(?: who)?(?:{_BEING})+ {_N}"
            r"(?! (?:feet|meters|metres|times|people|men|women|more|other|minutes|hours|of))",
            rf"\b(?:turn(?:s|ed|ing)?|under|below|younger than|not yet|less than) {_N}"
            r"(?! (?:feet|meters|metres|percent|degrees|minutes|hours|seconds|dollars|euros))",
            rf"\b(?:looks?(?: like)?|appears?|becomes?|like (?:a|an)) {_N}\b"
            r"(?! (?:feet|meters|metres|other|people|small|big))",
            rf"{_N}\s*(?:anos|ans|jahren?|jahrige[rs]?|anni|лет|года?|летняя|летний)\b",
            rf"{_N}\s*-?\s*(?:летн\w+|jahrig\w+)",
            rf"{_N}\s*(?:岁|歲|歳|才|살|세|साल|वर्ष|سنة|سنوات|عام|أعوام|اعوام)",
        )
    )
)
_UNDERAGE = re.compile(rf"\b(?:under|below|younger than|not yet|less than) {ADULT_YEARS}\b")


def has_minor_age(text: str) -> bool:
    """Whether a plain text names an age below 18.

    >>> has_minor_age("a fifteen-year-old at a desk"), has_minor_age("an 80 year old man")
    (True, False)
    """
    digits = _NUMBER.sub(lambda found: _NUMBERS[found.group()], text)
    ages = (int(next(filter(None, found.groups()))) for found in _AGE.finditer(digits))
    return any(age < ADULT_YEARS for age in ages) or _UNDERAGE.search(digits) is not None
