"""The parent process: claims jobs, keeps their leases, and watches over the GPU child."""

from __future__ import annotations

from collections.abc import Callable

from ourvidz.ports import Courier, Live, Policy, WorkQueue
from ourvidz.worker.settings import WorkerSettings

#: Called in the child process, so it must be picklable: a function of a module, or a partial.
PolicyFactory = Callable[[], Policy]


class Worker:
    """Claims jobs and runs them until it is told to stop.

    policy_factory: makes the policy inside the child, before any job; when it raises, the worker
    takes no job. id: how the database calls this worker; None draws one.
    """

    def __init__(
        self,
        queue: WorkQueue,
        live: Live,
        courier: Courier,
        policy_factory: PolicyFactory,
        settings: WorkerSettings,
    ) -> None:
        self._queue, self._live, self._courier = queue, live, courier
        self._policy_factory, self._settings = policy_factory, settings

    def run(self) -> None:
        """Work until `stop` or SIGTERM. Returns with no child left and the worker signed off.

        Called in the main thread it installs handlers for SIGTERM and SIGINT: the first one hands
        the job back and stops, a second one ends the process at once.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Hand the running job back and let `run` return; from any thread."""
        raise NotImplementedError
