"""Quantized weights on disk, so that a format is made once and not at every load.

One file for each set of weights, below ".quantized" in the folder of models. Its name holds the
digest of what it was made of and its own, so it is right or it is none, and is made anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Precision, Source
from ourvidz.pipeline.weights.disk import alone, check_room, writable, write_tensors
from ourvidz.pipeline.weights.manifest import OnBytes, sha256_of

log = logging.getLogger(__name__)

#: Counts up when the layers of `pipeline.quantize` hold their weights in another way.
LAYOUT = 1
#: What a kept file leaves free of the disk, for everybody else.
SPARE_BYTES = 2**30
_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What quantized weights are made of. dtype: of what is not quantized, in torch's words.

    origin, adapter: what tells these weights, and those added to them, from others.
    """

    precision: Precision
    dtype: str
    origin: str
    adapter: str = ""
    layout: int = LAYOUT

    @property
    def stem(self) -> str:
        """How the name of its file begins.

        >>> Recipe(precision="fp8", dtype="bfloat16", origin="0123abc").stem
        'fp8-caed39aaf51c386a'
        """
        facts = json.dumps(asdict(self), sort_keys=True)
        return f"{self.precision}-{hashlib.sha256(facts.encode()).hexdigest()[:_DIGITS]}"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where the weights of one recipe are kept."""

    recipe: Recipe
    source: Source
    models_dir: Path

    @property
    def path(self) -> Path | None:
        """Their file, None before there is one; it may be damaged."""
        home = _home(self.source, self.models_dir)
        return next(home.glob(f"{self.recipe.stem}.*.safetensors"), None)

    def read(self) -> dict[str, torch.Tensor] | None:
        """The tensors by name, checked, or None; a damaged file is deleted.

        They are pages of the file: a copy to a card takes no host memory of its own.
        """
        path = self.path
        try:
            if path is None or is_sound(path):
                return path and load_file(path)
            log.warning("%s is damaged", path)
            path.unlink()
        except (OSError, SafetensorError) as error:
            log.warning("%s can not be read: %s", path, error)
        return None

    def keep(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write the tensors, whole or not at all; what was made of older weights goes.

        Raises Unavailable("disk") where there is no room.
        """
        need = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        home = _home(self.source, self.models_dir)
        with writable(self.models_dir):
            home.mkdir(parents=True, exist_ok=True)
            self.sweep()
            check_room(need + SPARE_BYTES, self.models_dir, "use a smaller format")
            # A folder: the library writes beside the file that it was told, and renames.
            with TemporaryDirectory(dir=home, suffix=".part") as room, alone(Path(room)):
                part = Path(room) / "weights"
                write_tensors(tensors, part, {"recipe": json.dumps(asdict(self.recipe))})
                path = home / f"{self.recipe.stem}.{sha256_of(part)}.safetensors"
                part.replace(path)
            for other in self._superseded(path):
                other.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what stopped processes left half written: it may fill the disk."""
        for left in _home(self.source, self.models_dir).glob("*.part"):
            with suppress(Unavailable, FileNotFoundError), alone(left):  # else somebody writes it
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _superseded(self, path: Path) -> Iterator[Path]:
        """Files of the same use whose weights, adapter or layout were others."""

        def use(facts: Mapping[str, str]) -> tuple[str, str, bool]:
            return facts["precision"], facts["dtype"], bool(facts["adapter"])

        for other in path.parent.glob(f"{self.recipe.precision}-*.safetensors"):
            facts = _facts(other)
            if other != path and (facts is None or use(facts) == use(asdict(self.recipe))):
                yield other


def kept(source: Source, models_dir: Path) -> tuple[Path, ...]:
    """Every file that was made of a source, whole or damaged."""
    return tuple(sorted(_home(source, models_dir).glob("*.safetensors")))


def format_of_file(path: Path) -> str:
    """The format of a kept file."""
    return path.name.partition("-")[0]


def is_sound(path: Path, on_bytes: OnBytes = lambda count: None) -> bool:
    """Whether a kept file can be read and holds what was written."""
    try:
        return sha256_of(path, on_bytes) == path.stem.rpartition(".")[2]
    except OSError:
        return False


def _home(source: Source, models_dir: Path) -> Path:
    return models_dir / ".quantized" / source.name / source.folder


def _facts(path: Path) -> Mapping[str, str] | None:
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads(file.metadata()["recipe"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
