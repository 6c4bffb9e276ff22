"""One command measures all that a card is for: what is done is kept, whatever happens next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
import torch

from benchmarks import on_a_gpu
from benchmarks.gpu_parts import CARD_TESTS, PARTS, Part
from benchmarks.on_a_gpu import Outcome, measured_rows, read, run_part, run_parts, save
from benchmarks.report import report
from benchmarks.scenarios import SCENARIOS

ROW = {
    "scenario": "wan2.1-14b text_to_video 832x480x81 fast [nf4]", "seconds_per_forward": 2.0,
    "tflops": 800.0, "roofline_fraction": 0.7, "peak_vram_gib": 10.0, "predicted_gib": 11.0,
    "peak_ram_gib": 3.0, "vs_diffusers": None, "clip_s": 9.0, "cost_per_clip": None,
    "decode_s": 1.0, "not_measured": "",
}  # fmt: skip


def saying(text: str, name: str = "a part", *, limit_s: float = 60) -> Part:
    return Part(name=name, words=("-c", text), limit_s=limit_s, needs_card=False)


def test_every_part_has_its_name_and_names_what_there_is() -> None:
    assert len({one.name for one in PARTS}) == len(PARTS)
    names = {one.name for one in SCENARIOS}
    for part in PARTS:
        words = [*zip(part.words, part.words[1:], strict=False)]
        assert {name for word, name in words if word == "--only"} <= names


def test_the_large_models_at_720p_come_first_in_all_formats() -> None:
    first = [one for one in PARTS if "1280x720x81 fast" in one.name]
    assert len(first) == 9
    before = PARTS[: PARTS.index(first[-1])]
    assert [one for one in before if one not in first] == [PARTS[0]]  # that anything can run
    assert PARTS[0].is_vital and sum(one.limit_s for one in PARTS[:2]) < 540


def test_the_tests_for_cards_are_those_that_are_marked() -> None:
    folder = Path(on_a_gpu.__file__).parents[1]
    marked = {
        str(path.relative_to(folder))
        for path in (folder / "tests").rglob("test_*.py")
        if "\n@pytest.mark." + "gpu\n" in path.read_text()
    }
    assert marked == {*CARD_TESTS}


def test_a_part_that_ends_well_gives_its_last_line() -> None:
    outcome = run_part(saying("print('words'); print('{\"rows\": []}')"), 60)
    assert (outcome.state, outcome.result) == ("done", {"rows": []})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise SystemExit('no driver')", "no driver"),
        ('print(\'{"rows": [{"not_measured": "CUDA out of memory"}]}\')', "CUDA out of memory"),
    ],
)
def test_a_part_that_fails_says_why(text: str, says: str) -> None:
    outcome = run_part(saying(text), 60)
    assert outcome.state == "failed" and says in outcome.says


def test_a_part_that_takes_too_long_is_stopped_and_keeps_what_it_said() -> None:
    text = "import time; print('loading', flush=True); time.sleep(60)"
    outcome = run_part(saying(text), 3)
    assert outcome.state == "too long" and "loading" in outcome.says
    assert outcome.seconds < 30


def test_ctrl_c_ends_the_part_that_is_running(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    text = f"import os, pathlib, time; pathlib.Path({str(told)!r}).write_text(f'{{os.getpid()}} ')"
    part = f"Part(name='long', words=('-c', {text + '; time.sleep(300)'!r}), limit_s=300)"
    lines = ["from benchmarks.gpu_parts import Part", "from benchmarks.on_a_gpu import run_part"]
    words = [sys.executable, "-c", "\n".join([*lines, f"run_part({part}, 300)"])]
    folder = Path(on_a_gpu.__file__).parents[1]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.DEVNULL) as running:
        while not (told.exists() and told.read_text().endswith(" ")):
            assert running.poll() is None
            sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_rows_of_a_part_that_is_stopped_are_kept() -> None:
    row = json.dumps({"rows": [ROW]})
    text = f"import time; print({row!r}); print('decoding'); time.sleep(60)"
    outcome = run_part(saying(text), 3)
    assert (outcome.state, outcome.says) == ("too long", "decoding\n" + outcome.says[9:])
    assert outcome.result["rows"] == [ROW]
    assert measured_rows({"a part": outcome}) == [ROW | {"incomplete": ""}]


def test_where_nothing_can_run_only_one_part_says_so() -> None:
    vital = Part(name="imports", words=("-c", "import nothing_like_it"), limit_s=60,
                 needs_card=False, is_vital=True)  # fmt: skip
    found = run_parts([vital, saying("print('{}')")], {}, 300, has_card=False)
    assert [one.state for one in found.values()] == ["failed", "left"]
    assert "No module named 'nothing_like_it'" in found["imports"].says


def test_what_took_too_long_waits_for_what_was_never_tried() -> None:
    parts = [saying("print('{}')", name) for name in ("slow", "new")]
    found = run_parts(parts, {"slow": Outcome(state="too long")}, 300, has_card=False)
    assert [one.state for one in found.values()] == ["done", "done"]
    known = {"slow": Outcome(state="too long", result={"rows": [ROW]})}
    none = run_parts(parts, known, 0.0, has_card=False)
    assert none["slow"] == known["slow"] and none["new"].state == "left"


def test_a_later_row_adds_to_an_earlier_one_of_its_name() -> None:
    later = ROW | {"seconds_per_forward": 1.9, "decode_s": None, "vs_diffusers": 0.5}
    parts = [Outcome(state="done", result={"rows": [row]}) for row in (ROW, later)]
    (row,) = measured_rows({str(i): one for i, one in enumerate(parts)})
    assert (row["seconds_per_forward"], row["decode_s"], row["vs_diffusers"]) == (1.9, 1.0, 0.5)


def test_what_is_done_is_not_run_again_and_what_has_no_time_is_left() -> None:
    parts = [saying("raise SystemExit(1)", "done before"), saying("print('{}')", "now"),
             Part(name="a card's", words=("-c", "1"), limit_s=9)]  # fmt: skip
    known = {"done before": Outcome(state="done")}
    found = run_parts(parts, known, 300, has_card=False)
    assert [one.state for one in found.values()] == ["done", "done", "needs a card"]
    assert run_parts(parts[1:2], {}, 0.5, has_card=False)["now"].state == "left"


def test_what_was_found_comes_back_and_fills_the_report(tmp_path: Path) -> None:
    found = {
        "one": Outcome(state="done", seconds=3.0, result={"rows": [ROW]}),
        "two": Outcome(state="failed", says="no driver"),
    }
    save(found, tmp_path)
    assert read(tmp_path) == found
    (peak,) = json.loads((tmp_path / "memory_gpu.json").read_text())["rows"]
    assert peak["ratio"] == 1.1
    text = report(tmp_path)
    assert "832x480x81 fast [nf4]" in text and "capped at 24 GB" in text


def test_what_another_card_gave_is_measured_anew_here(tmp_path: Path) -> None:
    save({"one": Outcome(state="done", result={"rows": [ROW]})}, tmp_path)
    path = tmp_path / "on_a_gpu.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gpu": "NVIDIA of somebody else"}))
    assert read(tmp_path) == {}


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a card all parts run")
def test_without_a_card_it_names_what_needs_one_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(on_a_gpu, "RESULTS", tmp_path)
    on_a_gpu.main(["--only", "wan2.1-14b"])
    told = capsys.readouterr().out.splitlines()
    assert "no CUDA device" in told[0]
    assert set(json.loads(told[-1])["parts"].values()) == {"needs a card"}
    assert not [*tmp_path.iterdir()]
