"""What every part of a worker works with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ourvidz.ports import Courier, Live, WorkQueue
from ourvidz.worker.child import Child
from ourvidz.worker.folders import Folders
from ourvidz.worker.settings import WorkerSettings
from ourvidz.worker.waker import Waker


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The ports, the child, the folders. stopping: set once the worker must end.

    waker: poked, for the main thread, when something has happened anywhere.
    """

    queue: WorkQueue
    live: Live
    courier: Courier
    settings: WorkerSettings
    child: Child
    folders: Folders
    waker: Waker = field(default_factory=Waker)
    stopping: threading.Event = field(default_factory=threading.Event)
