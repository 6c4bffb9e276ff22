"""Files that users name."""

from __future__ import annotations

from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether there is a file that this process may look at.

    `Path.is_file` raises for names that no disk takes and for folders that are closed to us.

    >>> is_file(Path("a red sailboat" * 20))
    False
    """
    try:
        return path.is_file()
    except OSError:
        return False
