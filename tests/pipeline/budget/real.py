"""The real classes in the catalog's shapes, without weights, and what a pass holds at once."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel, WanVACETransformer3DModel
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.dims import TransformerDims
from ourvidz.pipeline.finding import locate

#: What the configs say of the VAEs beyond the classes' defaults.
VAES: dict[str, dict[str, Any]] = {
    "wan2.2-ti2v-5b": {
        "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True,
        "in_channels": 12, "out_channels": 12, "patch_size": 2, "scale_factor_spatial": 16,
        "temperal_downsample": [False, True, True],
        "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48,
    },
}  # fmt: skip


def transformer(dims: TransformerDims) -> Any:
    """The class that the checkpoint's config names, in this shape."""
    cls = WanVACETransformer3DModel if dims.vace_layers else WanTransformer3DModel
    return cls(**dims.config, rope_max_seq_len=1024 if dims.text_dim == 4096 else 64)


def in_bf16(module: torch.nn.Module) -> torch.nn.Module:
    """In bf16 as it is loaded: some parts stay fp32."""
    kept: Any = module._keep_in_fp32_modules
    for name, parameter in module.named_parameters():
        if not set(kept) & set(name.split(".")):
            parameter.data = parameter.data.to(torch.bfloat16)
    return module


def vae(family: str) -> AutoencoderKLWan:
    """The family's VAE."""
    if family != "starter":
        return AutoencoderKLWan(**VAES.get(family, {}))
    part = FAMILIES[family].checkpoints[0].component("vae")
    folder = part and locate(part.source)
    assert folder
    config = json.loads((folder / "config.json").read_text())
    return AutoencoderKLWan(**{k: v for k, v in config.items() if not k.startswith("_")})


@contextmanager
def without_content() -> Iterator[None]:
    """Tensors made inside have shapes and no memory."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        yield


class Live(TorchDispatchMode):
    """Follows the storages that operations make until the last view of each is gone."""

    def __init__(self, *known: torch.Tensor) -> None:
        super().__init__()
        self.now_bytes = self.peak_bytes = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in known}
        self._seen: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        tree_map(self._note, made)
        return made

    def _note(self, tensor: Any) -> None:
        if not isinstance(tensor, torch.Tensor):
            return
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._seen or key in self._known:
            return

        def gone(_: Any) -> None:
            self.now_bytes -= size
            self._seen.pop(key, None)

        self._seen[key] = weakref.ref(storage, gone)
        self.now_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.now_bytes)


def peak_bytes(module: torch.nn.Module, work: Callable[[], object], *given: torch.Tensor) -> int:
    """The most that `work` holds at once beside the module's weights and what it was given."""
    with Live(*module.parameters(), *module.buffers(), *given) as live:
        work()
    return live.peak_bytes
