"""`python -m ourvidz`."""

import sys

from ourvidz.cli import main

if __name__ == "__main__":
    sys.exit(main())
