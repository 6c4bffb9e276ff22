"""The file of signing keys: made once, private, and never lost by a rotation."""

from __future__ import annotations

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
from jwt import PyJWKSet

from ourvidz.backends.embedded.signing import KEEP_OLD_S, ROTATE_AFTER_S, SigningKeys
from ourvidz.domain.errors import Unavailable


def kids(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in keys.jwks()["keys"]]


def test_it_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    keys = SigningKeys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = SigningKeys(path)
    assert kids(again) == kids(keys)
    assert again.digest("code", "x") == keys.digest("code", "x") != keys.digest("token", "x")
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_what_is_shown_holds_no_private_part(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "keys.json")
    keys.rotate()
    private = json.loads((tmp_path / "keys.json").read_text())["keys"][0]["d"]
    shown = json.dumps(keys.jwks())
    assert '"d"' not in shown and private not in shown
    assert set(keys.jwks()["keys"][0]) == {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}


def test_whoever_starts_at_once_shares_one_key(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def make(path: Path) -> str:
        start.wait()
        return kids(SigningKeys(path))[0]

    with ThreadPoolExecutor(4) as racers:
        for n in range(30):
            path = tmp_path / str(n) / "keys.json"
            assert len(set(racers.map(make, [path] * 4))) == 1


def test_old_tokens_stay_good_for_as_long_as_they_live(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    born = 1_000_000.0
    first = SigningKeys(path, now=born)
    token = first.sign({"sub": "someone"})
    [old] = kids(first)
    assert kids(SigningKeys(path, now=born + ROTATE_AFTER_S - 1)) == [old]
    later = born + ROTATE_AFTER_S + 1
    rotated = SigningKeys(path, now=later)
    assert kids(rotated)[1:] == [old]
    key = {key.key_id: key for key in PyJWKSet.from_dict(rotated.jwks()).keys}[old]
    assert jwt.decode(token, key, algorithms=["ES256"]) == {"sub": "someone"}
    assert "d" not in json.loads(path.read_text())["keys"][1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rotated.rotate(later + KEEP_OLD_S + 1)
    assert old not in kids(rotated)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    SigningKeys(path)
    path.chmod(mode)
    with pytest.raises(Unavailable, match=f"chmod 600 {path}"):
        SigningKeys(path)
    path.chmod(0o600)
    SigningKeys(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"keys": [], "secret": ""}', "null"])
def test_a_damaged_file_is_told_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(Unavailable, match="is damaged; delete it"):
        SigningKeys(path)
    assert path.read_text() == text


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=r"signing keys: .* can not be"):
        SigningKeys(tmp_path / "file" / "keys.json")
