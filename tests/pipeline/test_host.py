"""A container that may have less than its machine is planned for with what it may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ourvidz.pipeline.host import free_host_bytes, host_bytes

MIB = 2**20
NOWHERE = Path("/nowhere")


@pytest.fixture(params=["new", "old"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One that may have 512 MiB and has 400, of which 100 are files that were read."""
    newer = request.param == "new"
    names = ("memory.max", "memory.current") if newer else (
        "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")  # fmt: skip
    kind = "inactive_file" if newer else "total_inactive_file"
    folder = tmp_path if newer else tmp_path / "memory"
    folder.mkdir(exist_ok=True)
    for name, amount in zip(names, (512, 400), strict=True):
        (tmp_path / name).write_text(f"{amount * MIB}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{kind} {100 * MIB}\nother 3\n")
    return tmp_path


def test_the_smaller_of_machine_and_container_counts(container: Path) -> None:
    assert host_bytes(container) == 512 * MIB < host_bytes(NOWHERE)
    assert free_host_bytes(container) == 212 * MIB < free_host_bytes(NOWHERE)


def test_a_container_without_a_limit_has_what_the_machine_has(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("123\n")
    assert host_bytes(tmp_path) == host_bytes(NOWHERE)
    assert free_host_bytes(tmp_path) > 0


def test_a_container_that_is_over_its_limit_has_nothing_left(container: Path) -> None:
    for path in [*container.rglob("memory.max"), *container.rglob("memory.limit_in_bytes")]:
        path.write_text(str(200 * MIB))
    assert free_host_bytes(container) == 0
