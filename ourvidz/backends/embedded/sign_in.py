"""The embedded sign-in service: what GoTrue decides, on the tables that GoTrue has.

Every method is one request of its protocol: values in, the answer's JSON out, `Refused` for the
rest. They block, so they are called in threads.
"""

from __future__ import annotations

import hmac
import secrets
from uuid import UUID

from ourvidz.backends.embedded.gotrue_json import (
    ACCESS_TOKEN_S,
    JsonObject,
    Letter,
    Refused,
    claims,
    code_letter,
    shown,
)
from ourvidz.backends.embedded.passwords import Passwords
from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.gotrue import TokenCheck
from ourvidz.backends.gotrue.credentials import (
    SHORTEST_PASSWORD,
    clean_email,
    password_fault,
)
from ourvidz.backends.postgres.auth_store import (
    AuthStore,
    AuthUser,
    CodeType,
    Scope,
    Session,
)
from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.ports import Mailbox

_CODE_DIGITS = 8


class SignIn:
    """Threads share it. `check` verifies the tokens that `keys` signs for `issuer`."""

    def __init__(
        self,
        store: AuthStore,
        keys: SigningKeys,
        check: TokenCheck,
        mailbox: Mailbox,
        *,
        issuer: str,
        service_key: str,
    ) -> None:
        self._store = store
        self._keys = keys
        self._check = check
        self._mailbox = mailbox
        self._issuer = issuer
        self._service_key = service_key
        self._passwords = Passwords()

    # --- coming in ---

    def sign_up(self, email: str, password: str) -> JsonObject:
        """A new account, signed in. Takes as long when the address is taken."""
        address = _address(email)
        kept = self._kept(password)
        user = self._store.create_user(address, kept)
        if user is None:
            raise Refused(422, "user_already_exists", "User already registered")
        return self._open(user, "password")

    def by_password(self, email: str, password: str) -> JsonObject:
        """A session; the same refusal, after the same time, whatever is wrong."""
        user = self._store.user_by_email(email.strip().lower())
        fits = self._passwords.fits(user.encrypted_password if user else None, password)
        if user is None or not fits:
            raise Refused(400, "invalid_credentials", "Invalid login credentials")
        return self._open(user, "password")

    def by_refresh_token(self, token: str) -> JsonObject:
        """The session goes on with the token's one follower."""
        follower = self._keys.digest("refresh", token)
        session = self._store.rotate(self._hashed(token), self._hashed(follower))
        if session == "replayed":
            raise Refused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        if session == "unknown":
            raise Refused(400, "refresh_token_not_found", "Invalid Refresh Token: Not Found")
        _refuse_banned(session.user)
        return self._answer(session, follower)

    def by_code(self, kind: str, email: str, code: str) -> JsonObject:
        """A session for who holds a code; for "email_change" the new address is taken first."""
        types: dict[str, CodeType] = {
            "recovery": "recovery_token",
            "email_change": "email_change_token_new",
        }
        address = email.strip().lower()
        expired = Refused(403, "otp_expired", "Token has expired or is invalid")
        if kind not in types:
            raise expired
        user_id = self._store.take_code(
            types[kind], address, self._code_hash(types[kind], address, code)
        )
        changes = kind == "email_change"
        if user_id is None or (changes and not self._store.change_email(user_id, address)):
            raise expired
        user = self._store.user_by_email(address)
        if user is None or user.id != user_id:
            raise expired
        return self._open(user, "otp")

    # --- while signed in ---

    def user(self, bearer: str) -> JsonObject:
        """Whose token it is, while the session lives."""
        return shown(self._session(bearer).user)

    def change_user(
        self, bearer: str, password: str | None, email: str | None
    ) -> tuple[JsonObject, Letter | None]:
        """A new password at once; a new address after the code in the letter was confirmed."""
        session = self._session(bearer)
        if password is not None:
            if self._passwords.fits(session.user.encrypted_password, password):
                raise Refused(422, "same_password", "New password should be different")
            self._store.set_password(session.user.id, self._kept(password), session.id)
        letter = None
        if email is not None:
            address = _address(email)
            if self._store.user_by_email(address):
                raise Refused(422, "email_exists", "A user with this address exists already")
            letter = self._coded(session.user.id, "email_change_token_new", address)
        return self.user(bearer), letter

    def sign_out(self, bearer: str, scope: Scope) -> JsonObject:
        """End this session, all, or all others."""
        session = self._session(bearer)
        self._store.end_sessions(session.user.id, session.id, scope)
        return {}

    # --- codes ---

    def send_recovery(self, email: str) -> None:
        """Send a code, if somebody has this address. Called after the answer is out."""
        user = self._store.user_by_email(email.strip().lower())
        if user and user.email and not user.banned:
            self.send(self._coded(user.id, "recovery_token", user.email))

    def send(self, letter: Letter) -> None:
        """Give a letter to the mailbox; Unavailable when it does not take it."""
        self._mailbox.send(letter.to, letter.subject, letter.text)

    # --- for the operator ---

    def delete_user(self, bearer: str, user_id: UUID) -> JsonObject:
        """Delete an account; the service key only."""
        if not hmac.compare_digest(bearer.encode(), self._service_key.encode()):
            raise Refused(403, "not_admin", "User not allowed")
        if not self._store.delete_user(user_id):
            raise Refused(404, "user_not_found", "User not found")
        return {}

    def jwks(self) -> JsonObject:
        """The public keys."""
        return self._keys.jwks()

    # ---

    def _session(self, bearer: str) -> Session:
        if not bearer:
            raise Refused(401, "no_authorization", "This endpoint requires a Bearer token")
        try:
            identity: Identity = self._check.verify(bearer)
            session = self._store.session(UUID(identity.session_id))
        except (NotAllowed, ValueError) as error:
            raise Refused(403, "bad_jwt", "invalid JWT: it is expired or forged") from error
        if session is None or session.user.id != identity.user_id:
            raise Refused(403, "session_not_found", "Session from session_id claim does not exist")
        _refuse_banned(session.user)
        return session

    def _open(self, user: AuthUser, method: str) -> JsonObject:
        _refuse_banned(user)
        token = secrets.token_urlsafe(32)
        return self._answer(self._store.open_session(user.id, self._hashed(token), method), token)

    def _answer(self, session: Session, refresh_token: str) -> JsonObject:
        said = claims(session, self._issuer)
        return {
            "access_token": self._keys.sign(said),
            "token_type": "bearer",
            "expires_in": ACCESS_TOKEN_S,
            "expires_at": said["exp"],
            "refresh_token": refresh_token,
            "user": shown(session.user),
        }

    def _kept(self, password: str) -> str:
        """The hash of a new password, if it is good enough."""
        if fault := password_fault(password):
            reason = "length" if len(password) < SHORTEST_PASSWORD else "characters"
            raise Refused(
                422, "weak_password", f"Password {fault}", weak_password={"reasons": [reason]}
            )
        return self._passwords.hash(password)

    def _coded(self, user_id: UUID, kind: CodeType, address: str) -> Letter:
        code = str(secrets.randbelow(10**_CODE_DIGITS)).zfill(_CODE_DIGITS)
        self._store.put_code(user_id, kind, self._code_hash(kind, address, code), address)
        return code_letter(kind, address, code)

    def _code_hash(self, kind: CodeType, address: str, code: str) -> str:
        return self._keys.digest(f"code:{kind}", f"{address}\0{code}")

    def _hashed(self, token: str) -> str:
        return self._keys.digest("refresh hash", token)


def _address(email: str) -> str:
    try:
        return clean_email(email)
    except InvalidRequest as error:
        raise Refused(400, "email_address_invalid", "Email address is invalid") from error


def _refuse_banned(user: AuthUser) -> None:
    if user.banned:
        raise Refused(400, "user_banned", "User is banned")
