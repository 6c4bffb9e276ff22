"""Settings come from the environment, once, and refuse nonsense by name."""

from __future__ import annotations

import stat
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.job import KINDS
from ourvidz.settings import Entry, Settings, environment_of_children, read_settings

SECRET = "Gq7vK2pXb9wLr4TzNc6s"
HOSTED = {
    "DATABASE_URL": f"postgresql://ourvidz_app.ref:{SECRET}@db.host:5432/postgres",
    "WORKER_DATABASE_URL": f"postgresql://ourvidz_worker.ref:{SECRET}@db.host:5432/postgres",
    "REDIS_URL": f"rediss://default:{SECRET}@redis.host:6379",
    "SUPABASE_URL": "https://ref.supabase.co/",
    "SUPABASE_ANON_KEY": f"anon{SECRET}",
    "SUPABASE_SERVICE_KEY": f"service{SECRET}",
    "PUBLIC_URL": "https://videos.host",
    "WORKER_TOKEN": SECRET * 2,
    "SECRET_KEY": SECRET * 2,
}


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"OURVIDZ_{name}", value)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, HOME=str(tmp_path), DEVICE="cpu")
    settings = read_settings()
    assert settings.models_dir == tmp_path / "models"
    assert settings.device == "cpu"


def test_children_are_told_where_home_is_and_say_nothing_that_nobody_can_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = environment_of_children(tmp_path)
    assert environment["OURVIDZ_HOME"] == str(tmp_path)
    code = "import warnings; warnings.warn('resource_tracker: 1 leaked'); warnings.warn('other')"
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stderr
    assert "other" in said and "leaked" not in said
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    assert environment_of_children(tmp_path)["TRANSFORMERS_VERBOSITY"] == "info"


def test_without_settings_everything_lies_in_a_folder_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OURVIDZ_HOME", raising=False)
    settings = read_settings()
    assert settings.home.name == "ourvidz"
    kept = {
        settings.models_dir,
        settings.data_dir,
        settings.media_dir,
        settings.scratch_dir,
        settings.secrets_dir,
        settings.outbox_dir,
    }
    assert len(kept) == 6
    assert {folder.parent for folder in kept} == {settings.home}


def test_without_addresses_it_is_embedded_and_needs_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert not settings.hosted
    for entry in ("app", "worker", "admin"):
        settings.need(entry)
    assert settings.app_url == "http://127.0.0.1:7860"


def test_with_all_addresses_it_is_hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **HOSTED)
    settings = read_settings()
    assert settings.hosted
    for entry in ("app", "worker", "admin"):
        settings.need(entry)
    assert settings.supabase_url == "https://ref.supabase.co"
    assert settings.app_url == "https://videos.host"


@pytest.mark.parametrize(
    ("entry", "missing"),
    [
        ("app", "DATABASE_URL"),
        ("app", "REDIS_URL"),
        ("app", "SUPABASE_SERVICE_KEY"),
        ("app", "PUBLIC_URL"),
        ("app", "WORKER_TOKEN"),
        ("app", "SECRET_KEY"),
        ("worker", "WORKER_DATABASE_URL"),
        ("worker", "WORKER_TOKEN"),
        ("admin", "SUPABASE_ANON_KEY"),
        ("admin", "REDIS_URL"),
    ],
)
def test_what_a_hosted_entry_lacks_is_named_with_what_to_put_there(
    monkeypatch: pytest.MonkeyPatch, entry: Entry, missing: str
) -> None:
    given(monkeypatch, **{name: value for name, value in HOSTED.items() if name != missing})
    with pytest.raises(InvalidRequest, match=f"OURVIDZ_{missing}: is not set; set it to "):
        read_settings().need(entry)


def test_a_worker_on_a_rented_machine_needs_no_key_of_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(
        monkeypatch,
        **{
            name: HOSTED[name]
            for name in ("WORKER_DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "WORKER_TOKEN")
        },
    )
    read_settings().need("worker")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://ourvidz_app:changeme@db.host/postgres"),
        ("DATABASE_URL", "postgresql://ourvidz_app:[YOUR-PASSWORD]@db.host/postgres"),
        ("DATABASE_URL", "postgresql://ourvidz_app:%5BPASSWORD%5D@db.host/postgres"),
        ("DATABASE_URL", "postgresql://ourvidz_app:password@db.host/postgres"),
        ("REDIS_URL", "rediss://default:<password>@redis.host:6379"),
        ("SUPABASE_SERVICE_KEY", "your-service-key"),
        ("SUPABASE_SERVICE_KEY", "  "),
        ("SUPABASE_ANON_KEY", "xxxxxxxxxxxxxxxx"),
        ("WORKER_TOKEN", "replace-with-a-long-random-token"),
        ("WORKER_TOKEN", "short"),
    ],
)
def test_a_secret_that_nobody_filled_in_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(InvalidRequest, match=f"OURVIDZ_{name}: is "):
        read_settings()


@pytest.mark.parametrize("url", ["http://videos.host", "videos.host", "ftp://videos.host", ""])
def test_a_public_address_is_https(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given(monkeypatch, PUBLIC_URL=url)
    with pytest.raises(InvalidRequest, match="OURVIDZ_PUBLIC_URL: must be an https"):
        read_settings()


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **HOSTED)
    settings = read_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in shown


def test_no_secret_is_shown_when_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, WORKER_TOKEN=SECRET)
    with pytest.raises(InvalidRequest) as refused:
        read_settings()
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_lists_are_words_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, WORKER_MODELS="starter, wan2.1-14b,", WORKER_KINDS="enhance,preview")
    settings = read_settings()
    assert settings.worker_models == ("starter", "wan2.1-14b")
    assert settings.worker_kinds == ("enhance", "preview")
    assert Settings(worker_kinds=KINDS[:1]).worker_kinds == ("enhance",)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DEVICE", "abacus", r"OURVIDZ_DEVICE: .*'cpu' or 'cuda'"),
        ("PORT", "99999", "OURVIDZ_PORT: "),
        ("LEASE_S", "0", "OURVIDZ_LEASE_S: "),
        ("WORKER_KINDS", "video,magic", "OURVIDZ_WORKER_KINDS: "),
    ],
)
def test_nonsense_is_refused_by_the_name_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(InvalidRequest, match=says):
        read_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().device = "cpu"  # type: ignore[misc]


def test_a_secret_of_the_home_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with ThreadPoolExecutor(8) as threads:
        got = {
            secret.get_secret_value()
            for secret in threads.map(settings.kept_secret, ["media"] * 16)
        }
    assert len(got) == 1
    assert len(got.pop()) == 64
    assert settings.kept_secret("other") != settings.kept_secret("media")
    files = list(settings.secrets_dir.iterdir())
    assert {file.name for file in files} == {"media", "other"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(settings.secrets_dir.stat().st_mode) == 0o700


def test_a_secret_that_can_not_be_kept_says_where(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(Unavailable, match=r"secrets/media can not be used \(.*make it yours"):
        Settings(home=tmp_path).kept_secret("media")
