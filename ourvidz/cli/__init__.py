"""The command line: `ourvidz video | preview | enhance | models | info | plan` need no account,
no database and no server; `up | migrate | serve | worker | user | doctor` are the service.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ourvidz.cli.parser import make_parser
from ourvidz.cli.screen import Screen
from ourvidz.domain.errors import Cancelled, OurVidzError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit status; argv is without the program's name.

    0 all went well, 2 to 7 the status of the `OurVidzError` that ended it, 130 cancelled.
    """
    parser = make_parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        return 2
    args = parser.parse_args(argv)
    screen = Screen(as_json=args.json)
    # Libraries warn of optional packages at import; a user can do nothing about that.
    logging.disable(logging.WARNING)
    try:
        args.command(args, screen)
    except OurVidzError as error:
        return screen.failed(error)
    except KeyboardInterrupt:
        return screen.failed(Cancelled())
    finally:
        logging.disable(logging.NOTSET)
    return 0
