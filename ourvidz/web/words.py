"""Numbers, dates and spans as people say them; the texts come from a texts module."""

from __future__ import annotations

from datetime import datetime

#: Stands where there is no number.
NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def counted(number: int, forms: tuple[str, str]) -> str:
    r"""
    >>> counted(1, ("1 video", "{} videos")), counted(1200, ("1 video", "{} videos"))
    ('1 video', '1\u202f200 videos')
    """
    return forms[0] if number == 1 else forms[1].format(grouped(number))


def grouped(number: float) -> str:
    r"""Thousands apart, by a space that does not break.

    >>> grouped(12000)
    '12\u202f000'
    """
    return f"{number:,}".replace(",", "\u202f")


def signed(number: int) -> str:
    """
    >>> signed(3), signed(-1) == "\N{MINUS SIGN}1", signed(0)
    ('+3', True, '0')
    """
    return f"+{grouped(number)}" if number > 0 else grouped(number).replace("-", _MINUS)


def dated(at: datetime) -> str:
    """
    >>> dated(datetime(2026, 11, 4, 9, 5))
    '4 Nov 2026'
    """
    return f"{at.day} {at:%b %Y}"


def brief(seconds: float | None) -> str:
    """A span in its largest unit.

    >>> [brief(s) for s in (0.4, 59, 61, 7300, 90_000 * 3)]
    ['0 s', '59 s', '1 min', '2 h', '3 d']
    """
    if seconds is None:
        return NONE
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
