"""Which access tokens are believed: no round trip, no trust in what the token says of itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import jwt
import pytest
from jwt import PyJWK

from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.gotrue import KeySet, TokenCheck
from ourvidz.domain.errors import NotAllowed, Unavailable

ISSUER = "https://project.example.org/auth/v1"
SECRET = "a legacy project's secret of 40 letters."


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path / "keys.json")


@pytest.fixture
def check(keys: SigningKeys) -> TokenCheck:
    return TokenCheck(KeySet(keys.jwks), issuer=ISSUER)


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says; None takes a claim away."""
    now = int(time.time())
    good = {
        "iss": ISSUER, "sub": str(uuid4()), "aud": "authenticated", "role": "authenticated",
        "iat": now, "exp": now + 3600, "email": "a@example.org", "session_id": str(uuid4()),
    } | changes  # fmt: skip
    return {name: value for name, value in good.items() if value is not None}


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(header: dict[str, Any], payload: dict[str, Any], secret: bytes = b"") -> str:
    """A token signed by HMAC with `secret`, whatever its header says."""
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def kid_of(keys: SigningKeys) -> str:
    return keys.jwks()["keys"][0]["kid"]


def test_a_good_token_names_its_person(check: TokenCheck, keys: SigningKeys) -> None:
    said = claims()
    identity = check.verify(keys.sign(said))
    assert str(identity.user_id) == said["sub"]
    assert (identity.email, identity.session_id) == (said["email"], said["session_id"])
    assert identity.claims == said


@pytest.mark.parametrize(
    "changes",
    [{name: None} for name in ("exp", "iat", "sub", "aud", "iss", "role", "session_id")]
    + [
        {"aud": "anon"}, {"aud": ["other"]}, {"iss": "https://evil.example.org/auth/v1"},
        {"iss": ISSUER + "/"}, {"role": "service_role"}, {"role": "anon"}, {"role": ["x"]},
        {"sub": "admin"}, {"sub": 7}, {"exp": "never"}, {"exp": 0}, {"is_anonymous": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_for_something_else_is_refused(
    check: TokenCheck, keys: SigningKeys, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotAllowed, match="sign in again"):
        check.verify(keys.sign(claims(**changes)))


@pytest.mark.parametrize(
    ("name", "ahead_s", "good"),
    [("exp", -5, True), ("exp", -15, False), ("iat", 5, True), ("iat", 60, False),
     ("nbf", 5, True), ("nbf", 60, False)],
)  # fmt: skip
def test_clocks_may_differ_by_ten_seconds(
    check: TokenCheck, keys: SigningKeys, name: str, ahead_s: int, good: bool
) -> None:
    token = keys.sign(claims(**{name: int(time.time()) + ahead_s}))
    if good:
        check.verify(token)
        return
    with pytest.raises(NotAllowed):
        check.verify(token)


def other_payload(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{part(claims())}.{signature}"


def other_signature(token: str) -> str:
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


@pytest.mark.parametrize(
    "tamper",
    [other_payload, other_signature, lambda token: token + "A", lambda token: token[:-1],
     lambda token: token.rpartition(".")[0] + ".", lambda token: token.upper()],
)  # fmt: skip
def test_a_changed_token_is_refused(
    check: TokenCheck, keys: SigningKeys, tamper: Callable[[str], str]
) -> None:
    with pytest.raises(NotAllowed):
        check.verify(tamper(keys.sign(claims())))


def test_no_algorithm_but_es256_is_believed(check: TokenCheck, keys: SigningKeys) -> None:
    kid = kid_of(keys)
    public = keys.jwks()["keys"][0]
    unsigned = f"{part({'alg': 'none', 'kid': kid})}.{part(claims())}."
    attempts = [
        unsigned,
        unsigned.replace(part({"alg": "none", "kid": kid}), part({"alg": "nOnE", "kid": kid})),
        forged({"alg": "HS256", "kid": kid}, claims(), json.dumps(public).encode()),
        forged({"alg": "HS256"}, claims(), b""),
        forged({"alg": "ES256", "kid": kid}, claims(), SECRET.encode()),
        forged({"alg": "HS256", "kid": kid}, claims(), SECRET.encode()),
    ]
    for token in attempts:
        with pytest.raises(NotAllowed):
            check.verify(token)


def test_the_public_key_is_no_secret(keys: SigningKeys) -> None:
    """The classic: an HS256 token signed with the public key's PEM, even where HS256 is allowed."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public: Any = PyJWK(keys.jwks()["keys"][0]).key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (None, SECRET):
        check = TokenCheck(KeySet(keys.jwks), issuer=ISSUER, secret=secret)
        with pytest.raises(NotAllowed):
            check.verify(forged({"alg": "HS256", "kid": kid_of(keys)}, claims(), pem))


def test_a_key_that_the_token_brings_along_is_ignored(
    check: TokenCheck, keys: SigningKeys, tmp_path: Path
) -> None:
    thief = SigningKeys(tmp_path / "thief.json")
    stolen_name = {"jwk": thief.jwks()["keys"][0], "kid": kid_of(keys), "jku": "https://x.example"}
    private = PyJWK(json.loads((tmp_path / "thief.json").read_text())["keys"][0] | {"alg": "ES256"})
    token = jwt.encode(claims(), cast(Any, private.key), algorithm="ES256", headers=stolen_name)
    for attempt in (token, thief.sign(claims())):
        with pytest.raises(NotAllowed):
            check.verify(attempt)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "\0", "\ud800", "é.é.é", "x" * 10_000, "e30.e30.e30",
     part({"alg": "ES256", "kid": ["x"]}) + ".e30.AA", part([1]) + ".e30.AA",
     part(b"[" * 5000) + ".e30.AA"],
)  # fmt: skip
def test_garbage_is_refused(check: TokenCheck, token: str) -> None:
    with pytest.raises(NotAllowed, match="sign in again"):
        check.verify(token)


def test_a_legacy_project_signs_with_its_secret_only(keys: SigningKeys) -> None:
    check = TokenCheck(KeySet(keys.jwks), issuer=ISSUER, secret=SECRET)
    check.verify(jwt.encode(claims(), SECRET, algorithm="HS256"))
    check.verify(keys.sign(claims()))  # when the project moves on
    for token in (
        jwt.encode(claims(), SECRET + "!", algorithm="HS256"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
        jwt.encode(claims(role="service_role", sub=None), SECRET, algorithm="HS256"),
    ):
        with pytest.raises(NotAllowed):
            check.verify(token)


class Clock:
    """Monotonic seconds that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """A place to load keys from that counts, and may be away."""

    def __init__(self, keys: SigningKeys) -> None:
        self.keys = keys
        self.asked = 0
        self.away = False

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise Unavailable("sign-in", "is away")
        return self.keys.jwks()


def test_unknown_keys_make_it_look_again_at_most_twice_a_minute(
    keys: SigningKeys, tmp_path: Path
) -> None:
    clock, service = Clock(), Service(keys)
    check = TokenCheck(KeySet(service, clock=clock), issuer=ISSUER)
    check.verify(keys.sign(claims()))
    stranger = SigningKeys(tmp_path / "stranger.json")
    clock.now += 31
    for _ in range(20):
        clock.now += 1
        with pytest.raises(NotAllowed):
            check.verify(stranger.sign(claims()))
        check.verify(keys.sign(claims()))
    assert service.asked == 2
    clock.now += 580
    check.verify(keys.sign(claims()))
    assert service.asked == 2
    clock.now += 3
    check.verify(keys.sign(claims()))
    assert service.asked == 3


def test_after_a_rotation_both_keys_are_good(keys: SigningKeys) -> None:
    clock, service = Clock(), Service(keys)
    check = TokenCheck(KeySet(service, clock=clock), issuer=ISSUER)
    old = keys.sign(claims())
    check.verify(old)
    keys.rotate()
    clock.now += 31
    check.verify(keys.sign(claims()))
    check.verify(old)
    assert service.asked == 2


def test_while_the_service_is_away_known_keys_stay_good(keys: SigningKeys) -> None:
    clock, service = Clock(), Service(keys)
    check = TokenCheck(KeySet(service, clock=clock), issuer=ISSUER)
    service.away = True
    for _ in range(5):
        with pytest.raises(Unavailable, match="public keys"):
            check.verify(keys.sign(claims()))
    assert service.asked == 1
    service.away = False
    clock.now += 3
    check.verify(keys.sign(claims()))
    service.away = True
    clock.now += 3600
    check.verify(keys.sign(claims()))
    check.verify(keys.sign(claims()))
    assert service.asked == 3
