"""`ports.Auth` without a project anywhere: the sign-in service answers in this process."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx

from ourvidz.backends.embedded.sign_in import SignIn
from ourvidz.backends.embedded.sign_in_api import PREFIX, SignInApi
from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.gotrue import Allow, GoTrueAuth, KeySet, Limiter, TokenCheck
from ourvidz.backends.postgres.auth_store import AuthStore
from ourvidz.ports import Mailbox

#: Never looked up: requests to it stay in the process. It stands in the tokens as their issuer.
ISSUER = f"http://sign-in.ourvidz.invalid{PREFIX}"
KEY_FILE = "signing_keys.json"


def embedded_auth(
    database_url: str, secrets_dir: Path, mailbox: Mailbox, allow: Allow
) -> GoTrueAuth:
    """Sign-in on the embedded database; `await auth.aclose()` at the end.

    database_url: for the role ourvidz_auth. secrets_dir: where the signing keys are kept.
    Raises Unavailable when the keys can not be used.
    """
    keys = SigningKeys(secrets_dir / KEY_FILE)
    check = TokenCheck(KeySet(keys.jwks, reload_after_s=0), issuer=ISSUER)
    service_key = secrets.token_urlsafe(32)
    store = AuthStore(database_url)
    api = SignInApi(SignIn(store, keys, check, mailbox, issuer=ISSUER, service_key=service_key))

    def close() -> None:
        api.close()
        store.close()

    return GoTrueAuth(
        ISSUER,
        http=httpx.AsyncClient(transport=httpx.ASGITransport(api.app)),
        check=check,
        limiter=Limiter(allow),
        anon_key="embedded",
        service_key=service_key,
        on_close=close,
    )
