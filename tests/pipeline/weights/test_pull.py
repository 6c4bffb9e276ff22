"""Pulling a model from a real server: whole, resumed, checked, and never half a model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from transformers import UMT5EncoderModel

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.pipeline.finding import fingerprint, locate
from ourvidz.pipeline.weights.cache import Cache
from ourvidz.pipeline.weights.hub import Hub
from ourvidz.pipeline.weights.manifest import Manifest
from ourvidz.pipeline.weights.parts import parts_of
from ourvidz.pipeline.weights.pull import check_disk, pull, survey
from ourvidz.pipeline.weights.verify import verify
from tests.hub_server import COMMIT, HubServer
from tests.pipeline.weights.conftest import MODEL, fetch, fill_cache

PARTS = {part.name: part for part in parts_of(MODEL)}
TRANSFORMER = PARTS["transformer"]
SHARD = "diffusion_pytorch_model-00002-of-00003.safetensors"


def test_a_whole_model_is_pulled_and_loads_as_the_published_one_does(
    published: Path, tmp_path: Path, hub: Hub
) -> None:
    errands = survey(parts_of(MODEL), tmp_path, hub)
    counted: list[int] = []
    for errand in errands:
        home = pull(errand, tmp_path, hub, counted.append)
        assert locate(errand.part.source, tmp_path) == home
    assert sum(counted) == sum(errand.fetch_bytes for errand in errands)
    classes = {"transformer": WanTransformer3DModel, "text_encoder": UMT5EncoderModel}
    for name, cls in classes.items():
        part = PARTS[name]
        original = cls.from_pretrained(published / part.source.name / name, dtype=torch.bfloat16)
        ours = cls.from_pretrained(part.home(tmp_path), dtype=torch.bfloat16)
        for (key, one), other in zip(
            ours.state_dict().items(), original.state_dict().values(), strict=True
        ):
            assert one.dtype == other.dtype and torch.equal(one, other), key
    vae = AutoencoderKLWan.from_pretrained(PARTS["vae"].home(tmp_path))
    assert vae.dtype == torch.float32
    assert survey(parts_of(MODEL), tmp_path, hub) == ()


def test_what_is_kept_takes_half_the_disk_and_only_what_a_loader_reads(
    published: Path, tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    home = fetch(TRANSFORMER, tmp_path, hub)
    names = {path.name for path in home.iterdir()}
    originals = published / TRANSFORMER.source.name / "transformer"
    shards = {path.name for path in originals.glob("diffusion_pytorch_model-*.safetensors")}
    assert names == shards | {
        "config.json", "manifest.json", "diffusion_pytorch_model.safetensors.index.json"
    }  # fmt: skip
    assert len(shards) > 2 and "other_layout.safetensors" not in server.requests
    size = {folder: sum((folder / shard).stat().st_size for shard in shards)
            for folder in (home, originals)}  # fmt: skip
    assert size[home] < 0.75 * size[originals]  # the tiny one is mostly headers and norms
    manifest = Manifest.read(home)
    assert manifest is not None and manifest.revision == COMMIT
    assert fingerprint(TRANSFORMER.source, tmp_path) == COMMIT


def test_a_broken_connection_is_taken_up_where_it_broke(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    server.cut_after, server.cuts = 20_000, 3
    home = fetch(TRANSFORMER, tmp_path, hub)
    assert "bytes=20000-" in server.ranges
    assert verify(TRANSFORMER.source, tmp_path).state == "sound", home


def test_a_pull_without_a_network_stops_and_goes_on_with_the_bytes_it_has(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    vae = PARTS["vae"]
    (errand,) = survey([vae], tmp_path, hub)

    def go_dark(count: int) -> None:
        if count > 10_000:
            server.cut_after, server.cuts = 0, 1_000

    server.cut_after, server.cuts = 20_000, 1_000
    with pytest.raises(Unavailable, match="goes on where it stopped"):
        pull(errand, tmp_path, hub, go_dark)
    (part,) = vae.draft(tmp_path).glob(".original/*.part")
    have = part.stat().st_size
    assert have >= 10_000
    assert locate(vae.source, tmp_path) is None
    server.cuts = 0
    server.ranges.clear()
    assert verify(vae.source, tmp_path).state == "missing"
    fetch(vae, tmp_path, hub)
    assert server.ranges == [f"bytes={have}-"]
    assert verify(vae.source, tmp_path).state == "sound"


def test_files_that_are_done_are_not_fetched_again(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    class Stop(Exception):
        pass

    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    seen = 0

    def on_bytes(count: int) -> None:
        nonlocal seen
        seen += count
        if seen > errand.fetch_bytes / 2:
            raise Stop

    with pytest.raises(Stop):
        pull(errand, tmp_path, hub, on_bytes)
    before = server.requests.copy()
    (rest,) = survey([TRANSFORMER], tmp_path, hub)
    assert 0 < len(rest.missing) < len(errand.missing)
    pull(rest, tmp_path, hub, lambda count: None)
    done = {file.name for file in errand.missing} - {file.name for file in rest.missing}
    assert len(done) > 1
    for name in done - {"diffusion_pytorch_model.safetensors.index.json"}:
        assert server.requests[name] == before[name]
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_a_server_without_ranges_starts_the_file_anew(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    server.knows_ranges = False
    server.cut_after, server.cuts = 20_000, 2
    fetch(TRANSFORMER, tmp_path, hub)
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


def test_content_with_another_checksum_is_refused_and_deleted(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    server.spoilt = "diffusion_pytorch_model.safetensors"
    with pytest.raises(Unavailable, match="arrived damaged"):
        fetch(PARTS["vae"], tmp_path, hub)
    assert list(tmp_path.rglob("*.safetensors*")) == []
    server.spoilt = ""
    fetch(PARTS["vae"], tmp_path, hub)


def test_a_configuration_with_another_checksum_is_refused_too(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    server.spoilt = "config.json"
    with pytest.raises(Unavailable, match="arrived damaged"):
        fetch(PARTS["vae"], tmp_path, hub)


def test_a_flipped_bit_is_found_and_only_that_file_fetched(
    tmp_path: Path, hub: Hub, server: HubServer
) -> None:
    home = fetch(TRANSFORMER, tmp_path, hub)
    victim = sorted(home.glob("*.safetensors"))[1]
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    verdict = verify(TRANSFORMER.source, tmp_path)
    assert verdict.state == "damaged" and victim.name in verdict.says
    (errand,) = survey([TRANSFORMER], tmp_path, hub)
    assert [file.name for file in errand.missing] == [victim.name]
    assert locate(TRANSFORMER.source, tmp_path) is None  # nobody loads it meanwhile
    pull(errand, tmp_path, hub, lambda count: None)
    assert verify(TRANSFORMER.source, tmp_path).state == "sound"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_told_before_anything_is_fetched(
    tmp_path: Path, hub: Hub, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    errands = survey([PARTS["vae"]], tmp_path, hub)
    needed, free = check_disk(errands, tmp_path)
    assert needed < 2**22
    assert errands[0].fetch_bytes < needed < 3 * errands[0].fetch_bytes < free
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, needed - 1))
    with pytest.raises(Unavailable, match=r"[1-4] MiB are needed and .* MiB .*pull one ability"):
        check_disk(errands, tmp_path)
    assert server.requests["diffusion_pytorch_model.safetensors"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path, hub: Hub) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="can not be written"):
        fetch(PARTS["vae"], tmp_path, hub)


def test_a_file_in_the_way_is_named(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / ".drafts").write_text("")
    with pytest.raises(Unavailable, match="can not be written"):
        fetch(PARTS["vae"], tmp_path, hub)


def test_what_another_program_downloaded_is_converted_without_a_network(
    published: Path, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    cache = tmp_path / "cache"
    fill_cache(published, cache)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    (errand,) = survey([TRANSFORMER], tmp_path / "models", Cache())
    assert errand.listing.revision == COMMIT
    pull(errand, tmp_path / "models", Cache(), lambda count: None)
    assert verify(TRANSFORMER.source, tmp_path / "models").state == "sound"
    assert verify(TRANSFORMER.source, None).state == "sound"
    assert fingerprint(TRANSFORMER.source) == COMMIT
    with pytest.raises(Unavailable, match="models pull"):
        survey([PARTS["vae"]], tmp_path / "models", Cache())
    assert not server.requests


def test_one_ability_needs_less() -> None:
    every = parts_of("wan2.1-14b")
    words = parts_of("wan2.1-14b", "text_to_video")
    assert {part.source for part in words} < {part.source for part in every}
    assert [part.name for part in words].count("adapter") == 1
    assert parts_of("starter") == ()
    with pytest.raises(InvalidRequest, match="choose one of starter"):
        parts_of("sora")
