"""The administration: a mount of its own, which only admins see; one page one module."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from ourvidz.web.pages.admin import figures, jobs, overview, people

ADMIN_PAGES: Sequence[ModuleType] = (overview, jobs, people, figures)
