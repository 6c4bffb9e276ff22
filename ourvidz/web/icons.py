"""Icons as SVG in the colour of the text around them: decoration only, words say it too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "create": '<path d="M12 3l1.9 5.1L19 10l-5.1 1.9L12 17l-1.9-5.1L5 10l5.1-1.9z"/>'
        '<path d="M19 16v4M17 18h4M5 16v3M3.5 17.5h3"/>',
        "library": '<rect x="3" y="5" width="18" height="14" rx="3"/>'
        '<path d="M10.5 9.5v5l4-2.5z"/>',
        "films": '<rect x="3" y="4" width="18" height="16" rx="2.5"/><path d="M7.5 4v16M16.5 '
        '4v16M3 9h4.5M3 15h4.5M16.5 9H21M16.5 15H21M7.5 12h9"/>',
        "up": '<path d="M12 19V6M6.5 11.5L12 6l5.5 5.5"/>',
        "down": '<path d="M12 5v13M6.5 12.5L12 18l5.5-5.5"/>',
        "copy": '<rect x="8" y="8" width="12" height="12" rx="2.5"/>'
        '<path d="M16 8V6.5A2.5 2.5 0 0 0 13.5 4h-7A2.5 2.5 0 0 0 4 6.5v7A2.5 2.5 0 0 0 6.5 '
        '16H8"/>',
        "split": '<path d="M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4"/>',
        "characters": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6"/>',
        "account": '<circle cx="12" cy="12" r="3"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 '
        '5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2"/>',
        "credits": '<circle cx="12" cy="12" r="8.5"/><path d="M12 8v8M9.5 10h3.8a1.8 1.8 0 0 1 0 '
        '4H9.5"/>',
        "check": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
        "download": '<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>',
        "play": '<path d="M9 6.5v11l9-5.5z"/>',
        "again": '<path d="M4 6h10a5 5 0 0 1 5 5v1M4 6l3-3M4 6l3 3"/>'
        '<path d="M20 18H10a5 5 0 0 1-5-5v-1"/>',
        "retry": '<path d="M20 12a8 8 0 1 1-2.6-5.9M20 3.5V8h-4.5"/>',
        "undo": '<path d="M4 9h10a5.5 5.5 0 0 1 0 11H9M4 9l4-4M4 9l4 4"/>',
        "edit": '<path d="M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19z"/><path d="M14.5 6.5l3 3"/>',
        "delete": '<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5M14 11v5"/>',
        "cancel": '<circle cx="12" cy="12" r="8.5"/><path d="M6 6l12 12"/>',
        "close": '<path d="M6 6l12 12M18 6L6 18"/>',
        "plus": '<path d="M12 5v14M5 12h14"/>',
        "queue": '<path d="M4 6h16M4 12h16M4 18h9"/>',
        "figures": '<path d="M4 20h16M7 16v-5M12 16V5M17 16V9"/>',
        "alert": '<path d="M12 4l9 16H3z"/><path d="M12 10v4.5M12 17.2v.3"/>',
    }
)


def icon(name: str) -> str:
    """One icon, hidden from screen readers.

    >>> icon("check")[:18]
    '<svg class="ov-ico'
    """
    return (
        '<svg class="ov-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f"{_PATHS[name]}</svg>"
    )
