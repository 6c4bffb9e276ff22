"""The keys that sign access tokens: one file, readable by its owner only."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from ourvidz.domain.errors import Unavailable

#: A signing key that is older at a start makes room for a new one.
ROTATE_AFTER_S = 90 * 24 * 3600
#: Old public keys stay until no token that they signed is good: its hour, and a day to be safe.
KEEP_OLD_S = 25 * 3600

_Key = dict[str, Any]


class SigningKeys:
    """An ES256 key pair, the public halves of the ones before, and a secret for hashes.

    Made when first asked for; several processes may ask at once and get the same. Raises
    Unavailable when the file can not be used, or others can read it.
    """

    def __init__(self, path: Path, *, now: float | None = None) -> None:
        self._path = path
        moment = time.time() if now is None else now
        if not path.exists():
            _write(path, {"keys": [_new_key(moment)], "secret": secrets.token_hex(32)}, new=True)
        kept = _read(path)
        self._secret = bytes.fromhex(kept["secret"])
        self._keys: list[_Key] = kept["keys"]
        if moment - self._keys[0]["made_at"] > ROTATE_AFTER_S:
            self.rotate(moment)

    def rotate(self, now: float | None = None) -> None:
        """Sign with a new key from now on; tokens signed with the old one stay good."""
        moment = time.time() if now is None else now
        old = [
            _public(key) | {"retired_at": key.get("retired_at", moment), "made_at": key["made_at"]}
            for key in self._keys
            if moment - key.get("retired_at", moment) < KEEP_OLD_S
        ]
        self._keys = [_new_key(moment), *old]
        _write(self._path, {"keys": self._keys, "secret": self._secret.hex()}, new=False)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        key = self._keys[0]
        private = ECAlgorithm.from_jwk(key)
        return jwt.encode(
            dict(claims), cast(Any, private), algorithm="ES256", headers={"kid": key["kid"]}
        )

    def jwks(self) -> dict[str, Any]:
        """The public keys, as .well-known/jwks.json shows them."""
        return {"keys": [_public(key) for key in self._keys]}

    def digest(self, purpose: str, text: str) -> str:
        """43 letters that only the holder of the file can make from `text`; a purpose each."""
        made = hmac.digest(self._secret, f"{purpose}\0{text}".encode(), hashlib.sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode()


def _new_key(made_at: float) -> _Key:
    private = ec.generate_private_key(ec.SECP256R1())
    made = ECAlgorithm.to_jwk(private, as_dict=True)
    return {**made, "kid": secrets.token_hex(8), "made_at": made_at}


def _public(key: _Key) -> _Key:
    shown = {name: key[name] for name in ("kty", "crv", "x", "y", "kid")}
    return shown | {"alg": "ES256", "use": "sig", "key_ops": ["verify"]}


def _read(path: Path) -> dict[str, Any]:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Unavailable(
                "signing keys", f"others can read {path}; run `chmod 600 {path}`, or delete it "
                "(then everybody has to sign in again)"
            )  # fmt: skip
        kept = json.loads(path.read_text())
        if kept["keys"][0]["d"] and len(kept["secret"]) == 64:
            return kept
    except (ValueError, LookupError, TypeError):
        pass
    except OSError as error:
        raise Unavailable(
            "signing keys", f"{path} can not be used ({error.strerror}); make it yours or delete it"
        ) from error
    raise Unavailable(
        "signing keys", f"{path} is damaged; delete it (then everybody has to sign in again)"
    )


def _write(path: Path, kept: Mapping[str, Any], *, new: bool) -> None:
    """Whole or not at all. new: whoever comes second leaves the first one's file."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
        _put(draft, path, new=new)
    except OSError as error:
        raise Unavailable(
            "signing keys", f"{path} can not be written ({error.strerror}); make its folder yours"
        ) from error


def _put(draft: Path, path: Path, *, new: bool) -> None:
    if not new:
        draft.replace(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
