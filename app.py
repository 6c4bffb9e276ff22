"""The entry of a hosted app: `python app.py` serves it as the environment says (OURVIDZ_…)."""

from __future__ import annotations

import sys

from ourvidz.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
