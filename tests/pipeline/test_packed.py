"""A transformer from a user's GGUF file: nearly the same, packed, planned, and refused clearly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import WanVACETransformer3DModel
from gguf import GGMLQuantizationType, GGUFWriter
from safetensors.torch import save_file

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Lora, Precision, Source
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, render
from ourvidz.pipeline.budget import Machine, machine_named
from ourvidz.pipeline.budget.memory import token_bytes, unpacked_bytes
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.ladder import plan_of
from ourvidz.pipeline.loading import load_component
from ourvidz.pipeline.packed import load_packed, look_into
from ourvidz.pipeline.quantize import format_of
from ourvidz.pipeline.shot import Shot
from ourvidz.pipeline.streaming import stream
from tests.gguf_file import wide_transformer, wider_transformer, write_gguf
from tests.pipeline.budget.real import peak_bytes
from tests.pipeline.test_placing import inputs
from tests.tiny import TEXT_DIM, save_tiny_starter

STARTER = FAMILIES["starter"]
#: Formats in blocks of 256 weights, those of the files that people publish among them.
OF_256 = tuple(
    GGMLQuantizationType[name] for name in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS")
)
REQUEST = VideoRequest(
    prompt="a red sailboat", seed=7, width=96, height=64, num_frames=5, num_inference_steps=2,
    output_size=(96, 64),
)  # fmt: skip


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """The tiny starter, whose text-to-video transformer is a wide one."""
    torch.set_num_threads(1)
    folder = save_tiny_starter(tmp_path / "models") / "ourvidz.starter/weights/text_to_video"
    wide_transformer().save_pretrained(folder / "transformer")
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_gguf(wide_transformer(), tmp_path / "wide-Q8_0.gguf")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (GGMLQuantizationType.Q8_0, 0.003),
        (GGMLQuantizationType.Q4_0, 0.05),
        (GGMLQuantizationType.BF16, 0.01),
        *((kind, 0.001) for kind in OF_256),  # of which the values are known exactly
    ],
)
@torch.inference_mode()
def test_it_computes_nearly_the_same_and_streams_to_the_bit(
    tmp_path: Path, kind: GGMLQuantizationType, error: float
) -> None:
    exact = wider_transformer() if kind in OF_256 else wide_transformer()
    exact.save_config(tmp_path)
    path = write_gguf(exact, tmp_path / "a.gguf", kind)
    dims = STARTER.checkpoints[0].transformer
    found = load_packed(type(exact), look_into(path), dims, tmp_path, torch.float32)
    given = inputs(exact)
    expected, made = exact(**given)[0], found(**given)[0]
    assert 0 < float((made - expected).norm() / expected.norm()) < error
    assert format_of(found) == "gguf" and found.dtype is torch.float32
    stream(found, torch.device("cpu"))
    for _ in range(2):
        assert torch.equal(found(**given)[0], made)


@pytest.mark.parametrize("kind", [GGMLQuantizationType.Q8_0, GGMLQuantizationType.BF16, *OF_256])
def test_it_takes_the_bytes_that_are_planned_with(
    tmp_path: Path, kind: GGMLQuantizationType
) -> None:
    """To the byte, once it is in 16 bits as a card holds it; positions follow from the shape."""
    module = wider_transformer()
    module.save_config(tmp_path)
    file = look_into(write_gguf(module, tmp_path / "a.gguf", kind))
    dims = STARTER.checkpoints[0].transformer
    held = load_packed(type(module), file, dims, tmp_path, torch.bfloat16).parameters()
    assert file.bytes == sum(one.numel() * one.element_size() for one in held)


@pytest.mark.parametrize("size", [(1, 16, 16), (5, 32, 32)])
@pytest.mark.parametrize(
    ("kind", "precision", "is_worst"),
    [
        ("Q8_0", "q8_0", True), ("Q5_1", "q5_k_m", True),
        ("BF16", "bf16", True), ("Q5_0", "q5_k_m", True), ("Q5_K", "q5_k_m", False),
        ("Q6_K", "q5_k_m", False), ("Q4_0", "q4_k_s", False), ("Q4_K", "q4_k_s", False),
        ("Q5_K", "q4_k_s", True), ("Q3_K", "q4_k_s", False),
    ],
)  # fmt: skip
@torch.no_grad()
def test_a_pass_unpacks_in_what_the_plan_says(
    tmp_path: Path, kind: str, precision: Precision, is_worst: bool, size: tuple[int, int, int]
) -> None:
    module = wider_transformer()
    module.save_config(tmp_path)
    file = look_into(write_gguf(module, tmp_path / "a.gguf", GGMLQuantizationType[kind]))
    dims = replace(
        STARTER.checkpoints[0].transformer, num_layers=2, dim=256, ffn_dim=512, head_dim=128
    )
    found = load_packed(type(module), file, dims, tmp_path, torch.bfloat16)
    given = [torch.zeros(1, 8, *size), torch.zeros(1), torch.zeros(1, 16, TEXT_DIM)]
    given = [given[0].bfloat16(), given[1], given[2].bfloat16()]
    measured = peak_bytes(found, lambda: found(*given), *given)
    tokens = size[0] * size[1] * size[2] // 4
    planned = tokens * token_bytes(dims, precision) + 6 * 16 * dims.dim
    planned += unpacked_bytes(dims, precision, tokens)
    assert measured <= planned
    assert planned <= 1.25 * measured or not is_worst


def test_without_a_config_the_shape_is_the_catalogs(tmp_path: Path) -> None:
    dims = TransformerDims(
        num_layers=4, dim=64, ffn_dim=96, head_dim=32, text_dim=384, vace_layers=2,
        vace_channels=96,
    )  # fmt: skip
    torch.manual_seed(0)
    exact = WanVACETransformer3DModel(**dims.config)
    path = write_gguf(exact, tmp_path / "vace.gguf")
    found = load_packed(WanVACETransformer3DModel, look_into(path), dims, None, torch.bfloat16)
    assert found.config.vace_layers == [0, 2]
    assert found.dtype is torch.bfloat16 and format_of(found) == "gguf"


def test_a_clip_is_made_with_it(models_dir: Path, file: Path, tmp_path: Path) -> None:
    frames, facts = [], []
    for transformer in (None, file):
        manager = ModelManager(models_dir=models_dir, device="cpu", transformer=transformer)
        manager._dtypes["matmul"] = torch.float32
        clip = render(REQUEST, manager, out_dir=tmp_path)
        frames.append(read_frames(clip.path).astype(int))
        facts.append(clip.metadata)
    assert "transformer gguf" in facts[1]["plan"]
    assert facts[0]["revision"] != facts[1]["revision"]
    difference = abs(frames[0] - frames[1])
    other = render(REQUEST.replace(seed=8), manager, out_dir=tmp_path)
    far = abs(frames[0] - read_frames(other.path))
    assert 0 < difference.mean() < far.mean() / 2


@torch.inference_mode()
def test_an_adapter_stays_beside_packed_weights(models_dir: Path, file: Path) -> None:
    lora = Lora(source=Source(kind="hub", name="nobody/adapter"), file="a.safetensors")
    (models_dir / lora.source.name).mkdir(parents=True)
    name = "diffusion_model.blocks.1.cross_attn.o"
    weights = {f"{name}.lora_down.weight": torch.randn(2, 64)}
    weights[f"{name}.lora_up.weight"] = torch.randn(64, 2)
    save_file(weights, models_dir / lora.source.name / lora.file)
    part = STARTER.checkpoints[0].component("transformer")
    assert part
    made = []
    for transformer in (None, file):
        manager = ModelManager(models_dir=models_dir, device="cpu", transformer=transformer)
        manager._dtypes["matmul"] = torch.float32
        model = load_component(manager, STARTER, part, lora)
        made.append(model(**inputs(model))[0])
    plain = wide_transformer()
    without = plain(**inputs(plain))[0]
    assert float((made[1] - made[0]).norm() / made[0].norm()) < 0.02
    assert float((without - made[0]).norm() / made[0].norm()) > 0.1


@pytest.mark.parametrize(
    ("kind", "precision"),
    [("F32", "bf16"), ("F16", "bf16"), ("Q8_0", "q8_0"), ("Q5_1", "q5_k_m"), ("Q4_0", "q4_k_s")],
)
def test_a_file_is_planned_with_as_large_as_it_is(
    tmp_path: Path, kind: str, precision: Precision
) -> None:
    writer = GGUFWriter(path := tmp_path / "a.gguf", "wan")
    packed = GGMLQuantizationType[kind]
    from gguf.quants import quantize

    values = torch.zeros(256, 1024).numpy()
    writer.add_tensor("patch_embedding.weight", quantize(values, packed), raw_dtype=packed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = look_into(path)
    assert found.precision == precision
    bits = {"F32": 16, "F16": 16, "Q8_0": 8.5, "Q5_1": 6, "Q4_0": 4.5}[kind]
    assert found.bytes == 256 * 1024 * bits / 8


class OnCard(ModelManager):
    """A manager that plans for a card which is not there."""

    @property
    def machine(self) -> Machine:
        return machine_named("RTX 4090", ram_bytes=64 * 2**30)


def test_a_plan_counts_with_the_files_own_bytes(file: Path) -> None:
    manager = OnCard(device="cpu", transformer=file)
    manager.device = torch.device("cuda")
    assert manager.packed
    manager.packed = replace(manager.packed, bytes=9 * 2**30)
    request = replace(REQUEST, model="wan2.1-14b", width=1280, height=720, num_frames=81)
    made = plan_of(Shot(request=request, ability="text_to_video"), manager)
    part = made.component("transformer")
    assert (part.precision, part.device_bytes, made.formats) == ("q8_0", 9 * 2**30, ("q8_0",))


def test_what_is_no_transformer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"no such thing")
    for path, says in (
        (tmp_path / "a.gguf", "is no GGUF"),
        (tmp_path / "none", "there is no file"),
    ):
        with pytest.raises(InvalidRequest, match=f"transformer: .*{says}"):
            look_into(path)
    language = write_gguf(torch.nn.Linear(4, 4), tmp_path / "b.gguf")
    with pytest.raises(InvalidRequest, match="holds no transformer of Wan; use one in Q4_K_S"):
        look_into(language)


@pytest.mark.parametrize("change", [{"num_layers": 3}, {"in_channels": 20}, {"num_layers": 1}])
def test_the_file_of_another_model_is_refused(
    models_dir: Path, file: Path, change: dict[str, int], tmp_path: Path
) -> None:
    config = models_dir / "ourvidz.starter/weights/text_to_video/transformer/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    manager = ModelManager(models_dir=models_dir, device="cpu", transformer=file)
    with pytest.raises(InvalidRequest, match="does not fit this model"):
        render(REQUEST, manager, out_dir=tmp_path)


def test_a_format_that_only_a_file_has_needs_one(file: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"quantization: q8_0 .*--transformer FILE\.gguf"):
        ModelManager(device="cpu", formats=("q8_0",))
    with pytest.raises(InvalidRequest, match="quantization: is the file's own"):
        ModelManager(device="cpu", formats=("bf16",), transformer=file)
