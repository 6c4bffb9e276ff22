"""What people type to sign in, made fit to be sent and kept."""

from __future__ import annotations

import re

from ourvidz.domain.errors import InvalidRequest

SHORTEST_PASSWORD = 8
#: In bytes: what hosted projects keep of a password. Longer ones are refused, not cut.
LONGEST_PASSWORD = 72
_FEWEST_CHARACTERS = 4

_ADDRESS = re.compile(r"[!-?A-~]{1,64}@(?=.{3,190}$)[a-z0-9-]+(\.[a-z0-9-]+)+")
_CODE = re.compile(r"[0-9]{6,10}")


def clean_email(email: str) -> str:
    """In lower case, without spaces around it.

    Raises InvalidRequest for what no mail server would take.

    >>> clean_email(" Ada@Example.org ")
    'ada@example.org'
    """
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address):
        raise InvalidRequest("email", "is not an e-mail address; write it as name@example.org")
    return address


def clean_code(code: str) -> str | None:
    """The digits of a code as people type it; None for what can not be one.

    >>> clean_code(" 1234 5678 ")
    '12345678'
    """
    digits = "".join(code.split())
    return digits if _CODE.fullmatch(digits) else None


def password_fault(password: str) -> str | None:
    """Why a new password is refused, and what to do; None when it is good enough.

    >>> password_fault("short")
    'is too short; use at least 8 characters'
    """
    if not is_text(password):
        return "has characters that can not be kept; use letters, digits and signs"
    if len(password) < SHORTEST_PASSWORD:
        return f"is too short; use at least {SHORTEST_PASSWORD} characters"
    if len(password.encode()) > LONGEST_PASSWORD:
        return f"is too long; use at most {LONGEST_PASSWORD} characters"
    if len(set(password)) < _FEWEST_CHARACTERS:
        return "is too easy to guess; use more different characters"
    return None


def check_password(password: str) -> str:
    """A new password as it is; InvalidRequest tells the rule that it breaks."""
    if fault := password_fault(password):
        raise InvalidRequest("password", fault)
    return password


def is_text(text: str) -> bool:
    """Whether it can be sent and kept: no NUL, no half of a surrogate pair.

    >>> is_text("naïve"), is_text("a" + chr(0)), is_text(chr(0xD800))
    (True, False, False)
    """
    return "\0" not in text and not any(0xD800 <= ord(character) < 0xE000 for character in text)
