"""The walls of the studio and the worker: what they need, whoever gives it.

Every protocol has one contract suite, run on each of its implementations. All of them raise
`Unavailable` when their server can not be reached, and nothing else that is not in
`domain.errors`. Threads may share every object.
"""

from __future__ import annotations

from ourvidz.ports.live import Frame, Live
from ourvidz.ports.media import Courier, Media
from ourvidz.ports.policy import Policy
from ourvidz.ports.records import Administration, Records, WorkQueue
from ourvidz.ports.sign_in import Auth, Mailbox, SessionStore, Tokens

__all__ = [
    "Administration",
    "Auth",
    "Courier",
    "Frame",
    "Live",
    "Mailbox",
    "Media",
    "Policy",
    "Records",
    "SessionStore",
    "Tokens",
    "WorkQueue",
]
