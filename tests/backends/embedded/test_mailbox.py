"""Letters reach a file or a real mail server, whole and readable."""

from __future__ import annotations

import email.policy
import socket
import socketserver
import stat
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path

import pytest

from ourvidz.backends.embedded.mailbox import FileMailbox, SmtpMailbox
from ourvidz.domain.errors import InvalidRequest, Unavailable

SENDER = "OurVidz <films@example.org>"


class PostOffice(socketserver.ThreadingTCPServer):
    """Takes letters by SMTP, without TLS, and keeps them."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.letters: list[bytes] = []
        self.refuses = False


class Counter(socketserver.StreamRequestHandler):
    server: PostOffice

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 post office")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(b"".join(lines))
                self.say("250 taken")
            elif verb == b"RCPT" and self.server.refuses:
                self.say("550 no such person here: secret details")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as one:
        threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
        yield one
        one.shutdown()


def url(office: PostOffice) -> str:
    return f"smtp://127.0.0.1:{office.server_address[1]}"


def test_a_file_per_letter_for_the_owner_only(tmp_path: Path) -> None:
    box = FileMailbox(tmp_path / "outbox", SENDER)
    box.send("ada@example.org", "Your code", "    123456\nüber")
    box.send("bob@example.org", "Another", "two")
    first, second = sorted((tmp_path / "outbox").iterdir())
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    message = BytesParser(policy=email.policy.default).parsebytes(first.read_bytes())
    assert (message["To"], message["From"], message["Subject"]) == (
        "ada@example.org", SENDER, "Your code",
    )  # fmt: skip
    body = message.get_body()
    assert body is not None
    assert body.get_content().splitlines() == ["    123456", "über"]
    assert b"bob@example.org" in second.read_bytes()


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox").touch()
    with pytest.raises(Unavailable, match=r"e-mail: .*outbox can not be written"):
        FileMailbox(tmp_path / "outbox").send("ada@example.org", "s", "t")


def test_a_mail_server_gets_the_letter(office: PostOffice) -> None:
    SmtpMailbox(url(office), SENDER).send("ada@example.org", "Your code", "123456")
    [letter] = office.letters
    assert b"To: ada@example.org" in letter and b"123456" in letter


def test_a_mail_server_that_refuses_is_told_without_its_words(office: PostOffice) -> None:
    office.refuses = True
    with pytest.raises(Unavailable, match="SMTPRecipientsRefused") as refused:
        SmtpMailbox(url(office), SENDER).send("ada@example.org", "s", "t")
    assert "secret" not in str(refused.value) and "ada@" not in str(refused.value)


def test_a_mail_server_that_is_away_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        box = SmtpMailbox(f"smtp://127.0.0.1:{taken.getsockname()[1]}", SENDER)
        with pytest.raises(Unavailable, match="OURVIDZ_SMTP_URL"):
            box.send("ada@example.org", "s", "t")


def test_a_password_does_not_travel_in_the_clear(office: PostOffice) -> None:
    """A server elsewhere must offer TLS before it hears anything."""
    elsewhere = url(office).replace("127.0.0.1", "127.1")  # the same place by a foreign name
    with pytest.raises(Unavailable, match="SMTPNotSupportedError"):
        SmtpMailbox(elsewhere, SENDER).send("ada@example.org", "s", "t")
    assert office.letters == []


@pytest.mark.parametrize("address", ["", "mail.example.org", "http://x", "smtp://", "smtp:///x"])
def test_another_kind_of_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest, match="smtp_url"):
        SmtpMailbox(address, SENDER)


@pytest.mark.parametrize("to", ["a@example.org\r\nBcc: all@example.org", "a@example.org\nX: y"])
def test_no_address_smuggles_headers(tmp_path: Path, to: str) -> None:
    with pytest.raises(ValueError, match="line"):
        FileMailbox(tmp_path).send(to, "s", "t")
    assert list(tmp_path.iterdir()) == []
