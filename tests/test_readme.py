"""What the README promises works as it is written there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ourvidz.cli.parser import make_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_code_for_researchers_makes_a_clip(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    manager = f"ModelManager(models_dir=Path({str(home / 'models')!r}))"
    monkeypatch.chdir(tmp_path)
    exec(code.replace("ModelManager()", manager), {})
    path = Path(capsys.readouterr().out.split()[0])
    assert path.suffix == ".mp4"
    assert path.is_file()


def test_the_commands_for_users_can_be_typed() -> None:
    commands = re.findall(r"^ourvidz (.*?)(?:\s+#.*)?$", README, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        words = [one or two for one, two in re.findall(r'"([^"]*)"|(\S+)', command)]
        assert callable(make_parser().parse_args(words).command)


def test_the_mapped_files_exist() -> None:
    mapped = re.findall(r"^\| `([\w./-]+)` \|", README.partition("## Map")[2], re.MULTILINE)
    assert len(mapped) > 10
    assert [path for path in mapped if not (ROOT / path).exists()] == []
