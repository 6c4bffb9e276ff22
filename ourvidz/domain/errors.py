"""The one family tree of errors. Each text says what happened *and* what to do next.

Anything that is not an `OurVidzError` is a bug: it is logged, the job fails as
"internal error" and is refunded.
"""

from __future__ import annotations


class OurVidzError(Exception):
    """Base of every error that a user, a researcher or an engineer is meant to read."""

    #: Process exit status of the command line when this error ends it.
    exit_code = 1

    @property
    def in_full(self) -> str:
        """The message as who runs the service may read it, on a terminal or in a log."""
        return str(self)


class InvalidRequest(OurVidzError):
    """The request can not be carried out as it stands; nothing was spent.

    >>> str(InvalidRequest("num_frames", "must be at least 1; use 80 for five seconds"))
    'num_frames: must be at least 1; use 80 for five seconds'
    """

    exit_code = 2

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotEnoughCredits(OurVidzError):
    """The price is higher than the balance; nothing was spent.

    >>> str(NotEnoughCredits(need=5, have=2))
    'This costs 5 credits and you have 2. Nothing was spent: add credits, or ask for less.'
    """

    exit_code = 3

    def __init__(self, need: int, have: int) -> None:
        super().__init__(
            f"This costs {need} credit{'' if need == 1 else 's'} and you have {have}. "
            "Nothing was spent: add credits, or ask for less."
        )
        self.need = need
        self.have = have


class NotAllowed(OurVidzError):
    """The caller may not do this; the text never confirms that someone else's thing exists.

    >>> str(NotAllowed())
    'There is no such thing, or it is not yours.'
    """

    exit_code = 4

    def __init__(self, reason: str = "There is no such thing, or it is not yours.") -> None:
        super().__init__(reason)


class WorkerRefused(NotAllowed):
    """A worker is not let in: its token or its app's address is wrong.

    Its job is none the worse, and another worker may run it.
    """


class PolicyRefused(OurVidzError):
    """The content policy refuses before any GPU work; `category` names the rule."""

    exit_code = 5

    def __init__(self, category: str, reason: str) -> None:
        super().__init__(reason)
        self.category = category


class OutOfMemory(OurVidzError):
    """No rung of the memory ladder was left.

    >>> e = OutOfMemory("denoise", need_bytes=23 * 2**30, free_bytes=8 * 2**30)
    >>> str(e)
    'denoise needs 23.0 GiB and 8.0 GiB are free. Choose a smaller size or a smaller model.'
    """

    exit_code = 6

    def __init__(self, stage: str, need_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"{stage} needs {need_bytes / 2**30:.1f} GiB and {free_bytes / 2**30:.1f} GiB are "
            "free. Choose a smaller size or a smaller model."
        )
        self.stage = stage
        self.need_bytes = need_bytes
        self.free_bytes = free_bytes


class Cancelled(OurVidzError):
    """The user stopped it; nothing partial is kept."""

    exit_code = 130

    def __init__(self, reason: str = "Cancelled; nothing was kept.") -> None:
        super().__init__(reason)


class Unavailable(OurVidzError):
    """A model, the database, the storage or the disk can not be reached right now.

    detail: said instead of `advice` to who runs the service: addresses, causes, settings. Pages
    and jobs show the message, which has none of these.

    >>> away = Unavailable("database", "try again", "db.example:5432 refuses; start it")
    >>> str(away), away.in_full
    ('database: try again', 'database: db.example:5432 refuses; start it')
    """

    exit_code = 7

    def __init__(self, what: str, advice: str, detail: str = "") -> None:
        super().__init__(f"{what}: {advice}")
        self.what = what
        self.advice = advice
        self.detail = detail

    @property
    def in_full(self) -> str:
        """See `OurVidzError`."""
        return f"{self.what}: {self.detail}" if self.detail else str(self)
