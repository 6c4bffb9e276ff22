"""What `ourvidz plan` says of machines that are not here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ourvidz.domain.catalog import FAMILIES
from ourvidz.pipeline.budget import MACHINES, Calibration, Rate, write_calibration
from tests.cli.conftest import Run

LARGE = ("--gpu", "RTX 4090", "--model", "wan2.1-14b", "--size", "720p", "--profile", "fast")


def planned(ourvidz: Run, *words: str) -> dict[str, Any]:
    done = ourvidz("plan", *words, "--json")
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def test_without_a_card_it_is_about_the_processor(ourvidz: Run) -> None:
    plan = planned(ourvidz)
    assert (plan["placement"], plan["device"], plan["num_frames"]) == ("resident", "cpu", 81)


def test_what_runs_is_what_is_planned_and_the_first_clip_tells_how_long_it_takes(
    ourvidz: Run, home: Path
) -> None:
    speeds = home / "calibration.json"
    speeds.unlink(missing_ok=True)
    before = planned(ourvidz)
    assert (before["calibrated"], before["seconds"]) == (None, None)
    assert "not measured" in ourvidz("plan").stdout
    done = ourvidz("video", "a cat", "--frames", "16", "--steps", "3", "--no-enhance", "--json")
    ran = json.loads(done.stdout)["metadata"]["plan"]
    after = planned(ourvidz)
    assert after["calibrated"] == "measured here" and after["seconds"] > 0
    assert "measured here" in ourvidz("plan").stdout
    for plan in (before, after):  # asked of the processor, then remembered
        assert plan["quantization"] == before["quantization"]
        if plan["quantization"] == "bf16":
            assert "transformer bfloat16" in ran and "vae bfloat16" in ran
        else:
            assert "float32" in ran
    speeds.unlink()


def test_a_card_is_asked_about_what_cards_are_for(ourvidz: Run) -> None:
    assert planned(ourvidz, "--gpu", "RTX 4090")["family"] == "wan2.1-14b"
    assert planned(ourvidz, "--gpu", "RTX 4090", "--model", "starter")["family"] == "starter"


def test_a_large_model_on_one_card_with_the_ladder_below(ourvidz: Run) -> None:
    plan = planned(ourvidz, *LARGE)
    assert (plan["width"], plan["height"], plan["forwards"]) == (1280, 720, 4)
    assert plan["quantization"] == "fp8"
    assert 20 < plan["peak_gib"] < 22
    peaks = [rung["peak_bytes"] for rung in plan["ladder"]]
    assert peaks and peaks[-1] < plan["peak_bytes"] / 2
    assert plan["calibrated"] == "published"
    assert 150 < plan["seconds"] < 200  # 171 to 183 were published


def test_the_table_shows_what_the_document_says_and_explains_it(ourvidz: Run) -> None:
    shown = ourvidz("plan", *LARGE, "--explain").stdout
    for part in ("fp8, resident", "denoise", "passes", "if memory runs out", "not measured here"):
        assert part in shown
    assert shown.count("\n- ") >= 4


@pytest.mark.parametrize("wanted", ["bf16", "int8", "nf4", "q4_k_s", "q8_0"])
def test_a_format_may_be_chosen(ourvidz: Run, wanted: str) -> None:
    plan = planned(ourvidz, *LARGE, "--quantization", wanted)
    assert plan["quantization"] == wanted and plan["formats"] == [wanted]
    assert not {rung["change"] for rung in plan["ladder"]} & {"quantize"}
    cells = planned(ourvidz, "--matrix", "--quantization", wanted)["matrix"]
    assert {cell["quantization"] for cell in cells if cell["fits"]} == {wanted}


def test_nothing_is_claimed_of_a_card_that_is_not_so_or_not_known(ourvidz: Run) -> None:
    for card in (("--gpu", "RTX 4090"), ("--gpu", "RTX 6000 Ada", "--vram", "48")):
        shown = ourvidz("plan", *card, "--quantization", "int8", "--frames", "1", "--explain")
        assert "int8, " in shown.stdout and "not 8-bit floats" not in shown.stdout
        assert f"{card[1]}, " in shown.stdout and "720, 1 frame\n" in shown.stdout


def test_another_size_of_memory_makes_it_another_card(ourvidz: Run) -> None:
    small, large = (planned(ourvidz, *LARGE, "--vram", gib) for gib in ("16", "80"))
    assert (small["placement"], large["placement"]) == ("streamed", "resident")
    assert small["peak_gib"] < 14.5 < large["peak_gib"]


def test_speeds_of_a_file_go_before_published_ones(ourvidz: Run, tmp_path: Path) -> None:
    rates = (
        Rate(work="denoise", precision="fp8", tflops=100.0),
        Rate(work="decode", precision="fp32", tflops=50.0),
    )
    write_calibration(Calibration(machine="RTX 4090", rates=rates), tmp_path / "speeds.json")
    plan = planned(ourvidz, *LARGE, "--calibration", str(tmp_path / "speeds.json"))
    assert plan["calibrated"] == "measured here"
    denoise = next(one for one in plan["stages"] if one["stage"] == "denoise")
    assert denoise["seconds"] == pytest.approx(4 * 6.52e15 / 100e12, rel=0.01)


def test_the_matrix_has_every_card_and_every_model_that_needs_one(ourvidz: Run) -> None:
    cells = planned(ourvidz, "--matrix")["matrix"]
    models = [family.name for family in FAMILIES.values() if family.needs]
    assert len(cells) == len(MACHINES) * len(models)
    assert all(cell["fits"] or cell["advice"] for cell in cells)
    assert "RTX 4090" in ourvidz("plan", "--matrix").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--gpu", "RTX 9999"], "not known; give its memory with --vram"),
        (["--gpu", "RTX 3060", "--model", "wan2.1-vace-14b"], "it fits with 832x480"),
        (["--vram", "2", "--model", "wan2.1-14b"], "no model for cards fits"),
        (["--vram", "1", "--model", "starter"], "a card with more memory, or run it on the CPU"),
        (["--vram", "1", "--frames", "1"], "with 1 frame, and"),
        (["--gpu", "RTX 3060", "--model", "wan2.1-14b", "--ram", "16"], "of host memory"),
        (["--gpu", "RTX 3090", "--model", "wan2.1-14b", "--quantization", "fp8"], "use int8"),
        (["--vram", "24", "--quantization", "nf4", "--model", "starter"], "use bf16"),
        (["--vram", "4"], "wan2.1-14b needs 9."),
        (["--quantization", "int8"], "is for cards; leave it out"),
        (["--vram", "-3"], "must be an amount in GB"),
        (["--vram", "1e-12", "--gpu", "RTX 4090"], "must be an amount in GB"),
        (["--vram", "24576"], "must be an amount in GB"),
        (["--matrix", "--ram", "-3"], "must be an amount in GB"),
        (["--matrix", "--ram", "nan"], "must be an amount in GB"),
        (["--matrix", "--ram", "1e300"], "must be an amount in GB"),
        (["--ram", "0.2"], "are there; choose fewer frames"),
        (["--matrix", "--gpu", "RTX 4090"], "leave it out"),
        (["--matrix", "--model", "sora"], "leave it out"),
        (["--matrix", "--size", "480p"], "leave it out"),
        (["--size", "0x0"], "'0x0' is no size"),
        (["--size", "9" * 5000 + "x16"], "is no size"),
        (["--width", "0"], "must be at least 1 px"),
        (["--width", "832", "--size", "480p"], "leave one of both out"),
        (["--vram", "24", "--size", "huge", "--model", "wan2.1-14b"], "'huge' is no size"),
        (["--vram", "24", "--size", "17x17", "--model", "wan2.1-14b"], "multiple of 16"),
        (["--calibration", "nothing.json"], "there is no file"),
        (["--calibration", "."], "there is no file"),
        (["--calibration", "broken.json"], "holds no speeds of a machine"),
        (["--calibration", "broken.json"], "name another file or leave it out"),
        (["--calibration", "none.json"], "name another file or leave it out"),
    ],
)
def test_what_can_not_be_planned_says_what_to_change(
    ourvidz: Run, tmp_path: Path, words: list[str], says: str
) -> None:
    (tmp_path / "none.json").write_text('{"format": 2, "machines": []}')
    (tmp_path / "broken.json").write_text('{"format": 2, "machines": [{"machine": "CPU"}]}')
    done = ourvidz("plan", *words)
    assert (done.status, says in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr and "delete" not in done.stderr
