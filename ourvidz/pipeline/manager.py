"""Who owns the models: loads each once, in the right format, and puts it where it computes."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from ourvidz.domain.family import ComponentName, Precision
from ourvidz.pipeline.budget import Machine, Placement, Plan, Speeds
from ourvidz.pipeline.hardware import (
    allocated_bytes,
    find_device,
    free_bytes,
    free_memory,
    machine_of,
    settle_allocators,
)
from ourvidz.pipeline.host import free_host_bytes, host_bytes
from ourvidz.pipeline.packed import formats_of, look_into
from ourvidz.pipeline.parallel import Share
from ourvidz.pipeline.placing import Loaded
from ourvidz.pipeline.precision import Work, choose_dtype, is_fast_in_bf16

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Embeds kept, newest first out last: 4 MB each for the largest family.
_EMBEDS_KEPT = 64
#: Share of a component's bytes that must be free on the GPU before it moves there unplanned.
_HEADROOM = 1.3
#: Bytes that a job may leave behind before that is a leak: libraries keep some workspace.
_LEAK_BYTES = 64 * 2**20


class ModelManager:
    """Models by name, loaded when first asked for and kept until `evict`.

    The same code runs on a CPU and on a GPU: on a CPU every component already is where it
    computes. One job at a time: `job` holds a lock, further threads wait. What lies where while
    a job runs is decided by its plan (`follow`); this class only acts on it.

    models_dir: where downloaded and converted models are kept, as `models_dir/name/folder` of
    their catalog source; looked in before the package or the hub's cache that the source names.
    device: "cpu", "cuda", ...; None takes CUDA where there is a GPU. Raises Unavailable for a GPU
    that does not answer. vram_limit_bytes: what this process may use of the card, None for all.
    formats: the transformers', those that plans may use, best first; None leaves that to them.
    transformer: a GGUF file that takes the place of a family's transformer. speeds: where jobs
    keep how fast they were, and plans find it; None keeps nothing.

    Raises InvalidRequest for a file that is none, and for formats that are not made here.
    """

    def __init__(
        self,
        *,
        models_dir: Path | None = None,
        device: str | None = None,
        vram_limit_bytes: int | None = None,
        formats: tuple[Precision, ...] | None = None,
        transformer: Path | None = None,
        speeds: Speeds | None = None,
    ) -> None:
        self.models_dir = models_dir
        self.speeds = speeds
        self.packed = transformer and look_into(transformer)
        self.formats = formats_of(self.packed, formats)
        self.device = find_device(device)
        #: The plan of the job that runs or ran last.
        self.plan: Plan | None = None
        #: Seconds that stages took the last time, by the shape of the job; feeds the time left.
        self.pace: dict[Hashable, dict[Any, float]] = {}
        #: Of the transformer, where several devices work on one clip.
        self.share: Share | None = None
        self._limit_bytes = vram_limit_bytes
        self._loaded: dict[str, Loaded] = {}
        self._placements: dict[str, Placement] = {}
        self._dtypes: dict[Work, torch.dtype] = {}
        self._embeds: OrderedDict[Hashable, torch.Tensor] = OrderedDict()
        self._found: dict[Hashable, Any] = {}
        self._lock = threading.RLock()
        self._depth = 0
        self._stray_bytes: int | None = None
        if self.device.type == "cuda":
            settle_allocators()
        if self.device.type == "cuda" and vram_limit_bytes:
            share = min(1.0, vram_limit_bytes / self.memory_bytes)
            # By its number: torch refuses "cuda" here, and takes None for the current one.
            torch.cuda.set_per_process_memory_fraction(share, self.device.index)

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
        return host_bytes()

    @property
    def machine(self) -> Machine:
        """What a plan counts with now."""
        machine = machine_of(self.device, self._limit_bytes)
        if self.speeds:
            machine = self.speeds.known(machine)
        if machine.device == "cpu":
            return replace(machine, fast_bf16=is_fast_in_bf16(self.dtype))
        if self.share and machine.ram_bytes:
            return replace(machine, ram_bytes=machine.ram_bytes // self.share.count)
        return machine

    def component(self, name: str, load: Callable[[], T]) -> T:
        """The component called `name`; `load` makes it (on the CPU) the first time."""
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = Loaded(load, self.device)
            return self._loaded[name].module

    @contextmanager
    def job(self) -> Iterator[None]:
        """Nobody else loads, moves or runs a component inside; may be entered again within.

        Afterwards nothing is on the device but components; what else is left is logged.
        """
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._look_for_leaks()

    def get(self, name: str) -> Any:
        """A component that is loaded, wherever it is."""
        with self._lock:
            return self._loaded[name].module

    @property
    def names(self) -> tuple[str, ...]:
        """Of the components that are loaded."""
        with self._lock:
            return tuple(self._loaded)

    def stays(self, name: str) -> bool:
        """Whether a component stays on the device between the stages that it computes in."""
        return self._placements.get(name, "resident") == "resident"

    def format(self, name: str) -> str:
        """The format of a component that was loaded, in torch's words or "fp8", "int8", "nf4"."""
        with self._lock:
            return self._loaded[name].format

    def follow(self, plan: Plan, names: Mapping[ComponentName, str]) -> None:
        """From now on components lie where `plan` wants them; what it does not count with goes.

        names: the manager's name of each component of the plan.
        """
        with self._lock:
            self.plan = plan
            self._placements = {
                name: plan.component(part).placement
                for part, name in names.items()
                if part != "tokenizer"
            }
            others = {n: one for n, one in self._loaded.items() if n not in self._placements}
            room = plan.machine.vram_bytes - plan.peak_bytes - plan.headroom_bytes
            if sum(one.device_bytes for one in others.values()) > room:
                for one in others.values():
                    one.leave()
            for name, placement in self._placements.items():
                if placement != "resident" and name in self._loaded:
                    self._loaded[name].leave()
            self._loaded[names["vae"]].module.use_tiling = plan.vae_tiling

    @contextmanager
    def on_gpu(self, *names: str) -> Iterator[Any]:
        """Loaded components, ready on the device: one module, or a tuple for several names.

        Afterwards those that the plan wants resident stay, the others leave. Without a plan they
        stay until something else needs the room.
        """
        with self._lock:
            try:
                for name in names:
                    self._enter(name, names)
                modules = tuple(self._loaded[name].module for name in names)
                yield modules[0] if len(modules) == 1 else modules
            finally:
                for name in names:
                    if not self.stays(name):
                        self._loaded[name].leave()

    def dtype(self, work: Work) -> torch.dtype:
        """The format to load a component in that is mostly `work`; measured once."""
        with self._lock:
            if work not in self._dtypes:
                self._dtypes[work] = choose_dtype(self.device, work)
            return self._dtypes[work]

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` found the first time it was asked for `key`."""
        with self._lock:
            if key not in self._found:
                self._found[key] = find()
            return self._found[key]

    def embeds(self, key: Hashable, encode: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Embeds of an earlier prompt, or what `encode` makes of a new one."""
        with self._lock:
            if key not in self._embeds:
                self._embeds[key] = encode()
                if len(self._embeds) > _EMBEDS_KEPT:
                    self._embeds.popitem(last=False)
            self._embeds.move_to_end(key)
            return self._embeds[key]

    def keep_one(self, name: str, kind: str, need_bytes: int) -> None:
        """Before `name` is loaded: forget other versions of the same weights, and, where the
        host has no room for `need_bytes` more, all that the plan does not count with.

        kind: how the names of all versions begin.
        """
        with self._lock:
            if name in self._loaded:
                return
            same = {n for n in self._loaded if n == kind or n.startswith(f"{kind}/")}
            tight = self.device.type == "cuda" and free_host_bytes() < need_bytes * _HEADROOM
            spare = {n for n in self._loaded if n.split("/")[1:2] == name.split("/")[1:2]}
            for old in same | (spare if tight else set()):
                self.evict(old)

    def evict(self, prefix: str = "") -> None:
        """Forget the components whose name starts with `prefix` and free their memory."""
        with self._lock:
            names = [name for name in self._loaded if name.startswith(prefix)]
            for name in names:
                del self._loaded[name]
            if names:
                free_memory()

    def rest(self) -> None:
        """Take everything off the device and free what is left: after memory ran out."""
        with self._lock:
            for one in self._loaded.values():
                one.leave()
            free_memory()

    def _enter(self, name: str, beside: tuple[str, ...]) -> None:
        self._read_again_later(name)
        one, placement = self._loaded[name], self._placements.get(name)
        if placement is None:
            self._make_room(one, beside)
        one.enter(placement or "resident")

    def _read_again_later(self, wanted: str) -> None:
        """Give up encoders that have done their work, where the host has no room for them."""
        if self.plan is None or self.plan.choices.text_parked or self.device.type == "cpu":
            return
        for name, placement in self._placements.items():
            is_encoder = name.split("/")[1] in ("text_encoder", "image_encoder")
            if is_encoder and name != wanted and placement != "resident" and name in self._loaded:
                self._loaded[name].forget()

    def _make_room(self, wanted: Loaded, beside: tuple[str, ...]) -> None:
        """Move what is not needed now off the GPU when `wanted` would not fit beside it."""
        if self.device.type != "cuda" or wanted.device_bytes:
            return
        need = _HEADROOM * wanted.bytes
        for name, other in self._loaded.items():
            if free_bytes(self.device) >= need:
                return
            if name not in beside:
                other.leave()
                free_memory()

    def _look_for_leaks(self) -> None:
        """Log what lies on the device beside components, when that has grown since a job before."""
        if self.device.type == "cpu":
            return
        free_memory()
        ours = sum(one.device_bytes for one in self._loaded.values())
        stray = allocated_bytes(self.device) - ours
        least = self._stray_bytes
        if least is not None and stray - least > _LEAK_BYTES:
            log.warning("%.2f GiB were left on the device by a job", (stray - least) / 2**30)
        self._stray_bytes = stray if least is None else min(least, stray)
