"""`python -m ourvidz.cli.child PARENT WORDS`: `ourvidz WORDS`, which ends when PARENT does.

However the parent ends: a worker without its supervisor would go on holding the GPU.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

from ourvidz.cli import main

_PR_SET_PDEATHSIG = 1


def run(argv: Sequence[str]) -> int:
    """argv: the parent's process id and the words."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(argv[0]):
        return 0  # it has ended meanwhile
    return main(argv[1:])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
