"""`ports.Auth` of a Supabase project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from ourvidz.backends.gotrue import Allow, GoTrueAuth, KeySet, Limiter, TokenCheck
from ourvidz.domain.errors import Unavailable

_TIMEOUT_S = 10.0
#: While they are fetched, tokens with unknown keys wait.
_KEYS_TIMEOUT_S = 5.0


def hosted_auth(
    supabase_url: str,
    allow: Allow,
    *,
    anon_key: str,
    service_key: str | None = None,
    jwt_secret: str | None = None,
) -> GoTrueAuth:
    """Sign-in by the project at `supabase_url`; `await auth.aclose()` at the end.

    jwt_secret: of a project that still signs its tokens with HS256. The project should confirm
    addresses at once, and its e-mail templates must show {{ .Token }}, the code.
    """
    url = f"{supabase_url.rstrip('/')}/auth/v1"

    def load() -> Mapping[str, Any]:
        try:
            answer = httpx.get(
                f"{url}/.well-known/jwks.json",
                headers={"apikey": anon_key},
                timeout=_KEYS_TIMEOUT_S,
            )
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("sign-in", "the project does not give its public keys") from error

    return GoTrueAuth(
        url,
        http=httpx.AsyncClient(timeout=_TIMEOUT_S),
        check=TokenCheck(KeySet(load), issuer=url, secret=jwt_secret),
        limiter=Limiter(allow),
        anon_key=anon_key,
        service_key=service_key,
    )
