"""What the service refuses, in the words of `domain.errors`."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import httpx
from pydantic import ValidationError
from supabase_auth.errors import (
    AuthApiError,
    AuthError,
    AuthInvalidCredentialsError,
    AuthInvalidJwtError,
    AuthSessionMissingError,
    AuthWeakPasswordError,
)

from ourvidz.backends.gotrue.credentials import SHORTEST_PASSWORD
from ourvidz.backends.gotrue.limits import too_many
from ourvidz.backends.gotrue.tokens import ENDED
from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError, Unavailable

#: The same for an unknown address and for a wrong password.
WRONG = "E-mail or password is wrong. Check both, or ask for a recovery code."
BAD_CODE = "The code is wrong or no longer valid. Ask for a new one."
TAKEN = "This address can not be used for a new account. If it is yours, sign in or recover it."
CONFIRM = "Open the link that was sent to your e-mail address, then sign in."
NO_ANSWER = "the service does not answer now; try again in a minute"

_NOT_ALLOWED: Mapping[str, str] = {
    "invalid_credentials": WRONG,
    "otp_expired": BAD_CODE,
    "user_already_exists": TAKEN,
    "email_exists": TAKEN,
    "email_not_confirmed": CONFIRM,
    "user_banned": "This account is suspended. Write to the operator of this site.",
    "signup_disabled": "New accounts are closed here. Ask the operator of this site.",
    "email_provider_disabled": "New accounts are closed here. Ask the operator of this site.",
    "captcha_failed": "The check against robots failed. Load the page again.",
    "reauthentication_needed": "Sign out, sign in again, and then change the password.",
} | dict.fromkeys(
    (
        "bad_jwt", "invalid_jwt", "no_authorization", "user_not_found", "session_not_found",
        "session_expired", "refresh_token_not_found", "refresh_token_already_used",
    ),
    ENDED,
)  # fmt: skip

_INVALID: Mapping[str, tuple[str, str]] = {
    "email_address_invalid": ("email", "is not accepted; use another address"),
    "email_address_not_authorized": ("email", "is not accepted; use another address"),
    "same_password": ("password", "is the present one; choose another"),
    "validation_failed": ("request", "was not understood; check what you typed"),
    "bad_json": ("request", "was not understood; check what you typed"),
}

#: What GoTrue's reasons for a weak password mean.
_WEAK: Mapping[str, str] = {
    "length": f"is too short; use at least {SHORTEST_PASSWORD} characters, better twelve",
    "characters": "is too simple; mix small and capital letters, digits and signs",
    "pwned": "is known from a leak elsewhere; choose another",
}


@contextmanager
def understood() -> Generator[None]:
    """Inside, what the client library raises becomes an error of the domain."""
    try:
        yield
    except AuthError as error:
        raise family(error) from error
    except ValidationError:  # its text holds the answer, tokens included: it goes nowhere
        raise Unavailable("sign-in", "the service's answer was not understood") from None


def family(error: AuthError) -> OurVidzError:
    """The error of the domain for what the service said."""
    match error:
        case AuthWeakPasswordError():
            found = [_WEAK[reason] for reason in error.reasons if reason in _WEAK]
            return InvalidRequest("password", found[0] if found else _WEAK["length"])
        case AuthSessionMissingError() | AuthInvalidJwtError():
            return NotAllowed(ENDED)
        case AuthInvalidCredentialsError():
            return NotAllowed(WRONG)
        case AuthApiError():
            return _said(error)
        case _:
            return Unavailable("sign-in", NO_ANSWER)


def _said(error: AuthApiError) -> OurVidzError:
    code = str(error.code)
    if error.status == 429:
        return too_many(_wait_s(error))
    if code in _NOT_ALLOWED:
        return NotAllowed(_NOT_ALLOWED[code])
    if code in _INVALID:
        return InvalidRequest(*_INVALID[code])
    if error.status == 401:
        return Unavailable("sign-in", "it refuses this app's key; give it the project's anon key")
    if error.status >= 500:
        return Unavailable("sign-in", NO_ANSWER)
    return NotAllowed(f"The sign-in service refused ({code}). Try again, or ask the operator.")


def _wait_s(error: AuthApiError) -> float | None:
    """From the Retry-After header, else from the text; None when it does not say."""
    cause = error.__cause__
    after = ""
    if isinstance(cause, httpx.HTTPStatusError):
        after = cause.response.headers.get("retry-after", "")
    said = re.match(r"(\d{1,6})$", after) or re.search(r"after (\d{1,6}) seconds", error.message)
    return float(said[1]) if said else None
