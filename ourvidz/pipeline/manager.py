"""Who owns the models: loads each once, in the right format, and puts it where it computes."""

from __future__ import annotations

import gc
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from ourvidz.pipeline.precision import Work, choose_dtype

T = TypeVar("T")

#: Embeds kept, newest first out last: 4 MB each for the largest family.
_EMBEDS_KEPT = 64
#: Share of a component's bytes that must be free on the GPU before it moves there.
_HEADROOM = 1.3


class ModelManager:
    """Models by name, loaded when first asked for and kept until `evict`.

    The same code runs on a CPU and on a GPU: on a CPU every component already is where it
    computes. One job at a time: `job` holds a lock, further threads wait.

    models_dir: where downloaded and converted models are kept, as `models_dir/name/folder` of
    their catalog source; looked in before the package or the hub's cache that the source names.
    device: "cpu", "cuda", ...; None takes CUDA where there is a GPU.
    """

    def __init__(self, *, models_dir: Path | None = None, device: str | None = None) -> None:
        self.models_dir = models_dir
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        #: Seconds that stages took the last time, by the shape of the job; feeds the time left.
        self.pace: dict[Hashable, dict[Any, float]] = {}
        self._components: dict[str, Any] = {}
        self._dtypes: dict[Work, torch.dtype] = {}
        self._embeds: OrderedDict[Hashable, torch.Tensor] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def device_name(self) -> str:
        """What the card is called; "CPU" without one."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return self.device.type.upper()

    @property
    def memory_bytes(self) -> int:
        """All memory of the card, or of the machine without one."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_properties(self.device).total_memory
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def component(self, name: str, load: Callable[[], T]) -> T:
        """The component called `name`; `load` makes it (on the CPU) the first time."""
        with self._lock:
            if name not in self._components:
                self._components[name] = load()
            return self._components[name]

    @contextmanager
    def job(self) -> Iterator[None]:
        """Nobody else loads, moves or runs a component inside; may be entered again within."""
        with self._lock:
            yield

    def get(self, name: str) -> Any:
        """A component that is loaded, wherever it is."""
        with self._lock:
            return self._components[name]

    @contextmanager
    def on_gpu(self, *names: str) -> Iterator[Any]:
        """Loaded components, moved to the device: one module, or a tuple for several names.

        They stay there until something else needs the room.
        """
        with self._lock:
            modules = [self._components[name] for name in names]
            for module in modules:
                self._make_room(module, modules)
                module.to(self.device)
            yield modules[0] if len(modules) == 1 else tuple(modules)

    def dtype(self, work: Work) -> torch.dtype:
        """The format to load a component in that is mostly `work`; measured once."""
        with self._lock:
            if work not in self._dtypes:
                self._dtypes[work] = choose_dtype(self.device, work)
            return self._dtypes[work]

    def embeds(self, key: Hashable, encode: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Embeds of an earlier prompt, or what `encode` makes of a new one."""
        with self._lock:
            if key not in self._embeds:
                self._embeds[key] = encode()
                if len(self._embeds) > _EMBEDS_KEPT:
                    self._embeds.popitem(last=False)
            self._embeds.move_to_end(key)
            return self._embeds[key]

    def evict(self, prefix: str = "") -> None:
        """Forget the components whose name starts with `prefix` and free their memory."""
        with self._lock:
            names = [name for name in self._components if name.startswith(prefix)]
            for name in names:
                del self._components[name]
            if names:
                _free_memory()

    def _make_room(self, wanted: Any, keep: list[Any]) -> None:
        """Move what is not needed now off the GPU when `wanted` would not fit beside it."""
        if self.device.type != "cuda" or wanted.device.type == "cuda":
            return
        need = _HEADROOM * sum(p.numel() * p.element_size() for p in wanted.parameters())
        for other in self._components.values():
            if torch.cuda.mem_get_info(self.device)[0] >= need:
                return
            if isinstance(other, torch.nn.Module) and all(other is not k for k in keep):
                other.to("cpu")
                _free_memory()


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
