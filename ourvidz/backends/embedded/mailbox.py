"""Where codes go: to a mail server, or into a folder of the one person at this machine."""

from __future__ import annotations

import os
import secrets
import smtplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ourvidz.domain.errors import InvalidRequest, Unavailable

_TIMEOUT_S = 15.0


class FileMailbox:
    """Writes each e-mail to a file of its own, newest name last, for the owner only."""

    def __init__(self, folder: Path, sender: str = "OurVidz <no-reply@localhost>") -> None:
        self._folder = folder
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """The file appears whole or not at all; Unavailable when it can not be written."""
        letter = _message(self._sender, to, subject, text).as_bytes(policy=SMTP)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}.eml"
        draft = self._folder / f".{name}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "wb") as file:
                file.write(letter)
            draft.rename(self._folder / name)
        except OSError as error:
            raise Unavailable(
                "e-mail", f"{self._folder} can not be written ({error.strerror}); make it yours"
            ) from error


class SmtpMailbox:
    """Hands each e-mail to a mail server.

    url: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465. Without TLS
    for HOST localhost only. Raises InvalidRequest for another kind of address.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise InvalidRequest("smtp_url", "must be smtp://USER:PASSWORD@HOST:587, or smtps://")
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Returns when the server has it; Unavailable when it does not take it."""
        message = _message(self._sender, to, subject, text)
        try:
            with self._connected() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            # The class alone: a server's own words may repeat what it was sent.
            raise Unavailable(
                "e-mail",
                f"{self._host}:{self._port} did not take it ({type(error).__name__}); "
                "check OURVIDZ_SMTP_URL",
            ) from error

    @contextmanager
    def _connected(self) -> Generator[smtplib.SMTP]:
        if self._implicit_tls:
            context = ssl.create_default_context()
            with smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_S, context=context
            ) as server:
                yield server
            return
        with smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S) as server:
            if self._host not in ("localhost", "127.0.0.1", "::1"):
                server.starttls(context=ssl.create_default_context())
            yield server


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain="ourvidz.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
