"""`ourvidz user`: what the operator does for people."""

from __future__ import annotations

import asyncio
import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from uuid import uuid4

from ourvidz.cli.screen import Screen, aligned
from ourvidz.domain.account import Account, Role
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.settings import read_settings

if TYPE_CHECKING:
    from ourvidz.bootstrap import Wiring

_LONGEST_PASSWORD_FILE = 1024


def add(args: Namespace, screen: Screen) -> None:
    """Make an account that can sign in at once."""
    password = _password(args.password_file)
    with _wiring() as wiring:
        tokens = asyncio.run(wiring.auth.sign_up(args.email, password))
        made = wiring.administration.user_by_email(tokens.identity.email)
    _show(screen, made)


def grant(args: Namespace, screen: Screen) -> None:
    """Give credits, or take them back with a negative number."""
    with _wiring() as wiring:
        account = _account(wiring, args.email)
        key = args.key or str(uuid4())
        balance = wiring.administration.add_credits(account.user_id, args.credits, args.note, key)
    _show(screen, account, credits=balance)


def role(args: Namespace, screen: Screen) -> None:
    """Make someone an admin, or a user again."""
    with _wiring() as wiring:
        account = _account(wiring, args.email)
        wiring.administration.set_role(account.user_id, args.role)
    _show(screen, account, role=args.role)


def add_options(group: ArgumentParser) -> None:
    """The verbs below `ourvidz user`."""
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in (("add", add), ("grant", grant), ("role", role)):
        text = (command.__doc__ or "").splitlines()[0]
        # No abbreviations: --password would be taken for --password-file, and shown in an error.
        verb = verbs.add_parser(name, help=text, description=text, allow_abbrev=False)
        verb.add_argument("--json", action="store_true", help="print one JSON document")
        verb.add_argument("email", metavar="EMAIL")
        verb.set_defaults(command=command)
        if command is add:
            verb.add_argument(
                "--password-file",
                type=Path,
                metavar="FILE",
                help="read the password from a file, - for stdin (default: ask for it)",
            )
        elif command is grant:
            verb.add_argument("credits", type=int, metavar="N")
            verb.add_argument("--note", default="", metavar="TEXT", help="stands in the ledger")
            verb.add_argument("--key", metavar="KEY", help="the same key grants only once")
        else:
            verb.add_argument("role", choices=get_args(Role))


@contextmanager
def _wiring() -> Iterator[Wiring]:
    from ourvidz.bootstrap import Wiring

    with closing(Wiring(read_settings(), entry="admin")) as wiring:
        yield wiring


def _account(wiring: Wiring, email: str) -> Account:
    try:
        return wiring.administration.user_by_email(email)
    except NotAllowed as error:
        raise InvalidRequest(
            "email", f"{email} has no account; make it with `ourvidz user add {email}`"
        ) from error


def _password(file: Path | None) -> str:
    """Never from the command line, which every other process can read."""
    if file is None:
        if not sys.stdin.isatty():
            raise InvalidRequest("password", "give it with --password-file, - for stdin")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise InvalidRequest("password", "was typed differently; run the command again")
        return password
    try:
        with sys.stdin if str(file) == "-" else file.open() as source:
            return source.readline(_LONGEST_PASSWORD_FILE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InvalidRequest(
            "password", f"{file} can not be read ({reason}); give a file with one line"
        ) from error


def _show(screen: Screen, account: Account, **changed: Any) -> None:
    values = asdict(account) | changed
    names = ("email", "user_id", "role", "tier", "credits")
    screen.show(values, aligned(*((name, str(values[name])) for name in names)))
