"""Signed links: what is believed, and what is not."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from ourvidz.backends.embedded.links import Link, Signer
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from tests.files import SECRET

KEY = "videos-final/u1/j1/a1/out.mp4"
NOW = 1_800_000_000.0

READ = Link(right="GET", key=KEY, expires=int(NOW) + 60, download="film.mp4")
WRITE = Link(
    right="PUT", key=KEY, expires=int(NOW) + 60, content_type="video/mp4", limit_bytes=1_000
)
LINKS = [READ, WRITE, replace(WRITE, right="TUS"), replace(WRITE, right="TUS", upload="ab12")]


def signer(now: float = NOW, secret: bytes = SECRET) -> Signer:
    return Signer(secret, "https://ourvidz.example/", lambda: now)


def query_of(link: Link) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(signer().url(link)).query, strict_parsing=True))


@pytest.mark.parametrize("link", LINKS)
def test_a_link_says_again_what_was_signed(link: Link) -> None:
    assert signer().read(link.right, link.key, query_of(link)) == link


def test_a_link_leads_to_the_app() -> None:
    assert signer().url(READ).startswith(f"https://ourvidz.example/m/{KEY}?exp=1800000060&")
    assert signer().url(LINKS[2]).startswith(f"https://ourvidz.example/tus/{KEY}?")


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", ["exp", "download", "type", "limit", "upload", "sig"])
@pytest.mark.parametrize(
    "value", [None, "", "0", "-1", "1800000061", "9" * 5_000, "text/html", "x", "é", "\ud800"]
)
def test_nothing_in_a_link_can_be_changed(link: Link, name: str, value: str | None) -> None:
    forged = query_of(link)
    before = forged.pop(name, "")
    if value is not None:
        forged[name] = value
    if (value or "") == before or (name == "limit" and value == "0" and not before):
        return  # Nothing was changed.
    with pytest.raises(NotAllowed, match="Reload the page"):
        signer().read(link.right, link.key, forged)


@pytest.mark.parametrize("name", ["exp", "limit"])
@pytest.mark.parametrize("form", ["+{}", " {}", "{} ", "0{}", "{}.0", "{}_0"])
def test_a_number_has_one_spelling(name: str, form: str) -> None:
    query = query_of(WRITE)
    with pytest.raises(NotAllowed):
        signer().read("PUT", KEY, query | {name: form.format(query[name])})


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_good_for_one_key_and_one_right(link: Link) -> None:
    for other in ("videos-final/u2/j1/a1/out.mp4", KEY + "x", "", f"{KEY}?", "../" + KEY):
        with pytest.raises(NotAllowed):
            signer().read(link.right, other, query_of(link))
    for right in {"GET", "PUT", "TUS"} - {link.right}:
        with pytest.raises(NotAllowed):
            signer().read(right, link.key, query_of(link))  # pyright: ignore[reportArgumentType]


def test_parts_do_not_run_into_each_other() -> None:
    """Moving characters from one part to the next makes another signature."""
    shifted = [replace(READ, key=KEY + "f", download="ilm.mp4"), replace(READ, key="", download="")]
    signatures = {query_of(link)["sig"] for link in [READ, *shifted]}
    assert len(signatures) == 3


def test_a_link_ends_when_it_expires() -> None:
    query = query_of(READ)
    assert signer(NOW + 59.9).read("GET", KEY, query) == READ
    for now in (NOW + 60, NOW + 1e6):
        with pytest.raises(NotAllowed, match="not valid any more"):
            signer(now).read("GET", KEY, query)


def test_another_secret_is_not_believed() -> None:
    with pytest.raises(NotAllowed):
        signer(secret=b"y" * 32).read("GET", KEY, query_of(READ))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="32 random bytes"):
        signer(secret=b"short")
