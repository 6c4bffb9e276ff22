"""Settings come from the environment, once, and refuse nonsense by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ourvidz.domain.errors import InvalidRequest
from ourvidz.settings import Settings, read_settings


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path))
    monkeypatch.setenv("OURVIDZ_DEVICE", "cpu")
    settings = read_settings()
    assert settings.models_dir == tmp_path / "models"
    assert settings.device == "cpu"


def test_without_settings_models_lie_in_a_folder_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OURVIDZ_HOME", raising=False)
    assert read_settings().home.name == "ourvidz"


def test_nonsense_is_refused_by_the_name_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURVIDZ_DEVICE", "abacus")
    with pytest.raises(InvalidRequest, match=r"OURVIDZ_DEVICE: .*'cpu' or 'cuda'"):
        read_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().device = "cpu"  # type: ignore[misc]
