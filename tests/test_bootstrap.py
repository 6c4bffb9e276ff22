"""Which implementations an entry point gets, and that making them costs nothing."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.courier import HttpCourier
from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.bootstrap import Wiring
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from ourvidz.pipeline.budget import Calibration, write_calibration
from ourvidz.settings import Settings

#: Nobody listens there.
AWAY = "127.0.0.1:1"
SECRET = "Gq7vK2pXb9wLr4TzNc6s" * 2


HOSTED = {
    "database_url": f"postgresql://ourvidz_app:{SECRET}@{AWAY}/postgres",
    "worker_database_url": f"postgresql://ourvidz_worker:{SECRET}@{AWAY}/postgres",
    "redis_url": f"redis://default:{SECRET}@{AWAY}",
    "supabase_url": f"http://{AWAY}",
    "supabase_anon_key": SECRET,
    "supabase_service_key": SECRET,
    "public_url": f"http://{AWAY}",
    "worker_token": SECRET,
    "secret_key": SECRET,
}


def test_hosted_parts_are_made_without_asking_anyone(tmp_path: Path) -> None:
    with closing(Wiring(Settings.model_validate({"home": tmp_path, **HOSTED}))) as wiring:
        assert isinstance(wiring.media, SupabaseMedia)
        assert isinstance(wiring.courier, HttpCourier)
        assert wiring.studio.records is wiring.records
        wiring.worker()
    assert list(tmp_path.iterdir()) == []


def test_an_app_that_runs_sees_what_a_worker_learns(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, **HOSTED})
    with closing(Wiring(settings)) as wiring:
        assert wiring.studio.machine() is None
        write_calibration(Calibration(machine="CPU", rates=()), settings.speeds_path)
        seen = wiring.studio.machine()
        assert seen is not None and seen.name == "CPU"


def test_embedded_files_need_no_server(tmp_path: Path) -> None:
    with closing(Wiring(Settings(home=tmp_path))) as wiring:
        assert isinstance(wiring.media, LocalMedia)
        assert isinstance(wiring.courier, DirectCourier)
        with pytest.raises(Unavailable, match="run `ourvidz up`"):
            _ = wiring.records


def test_links_signed_by_one_process_are_good_in_the_next(tmp_path: Path) -> None:
    picture, key = tmp_path / "a.png", "videos-preview/a/b/a1/0.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
    settings = Settings(home=tmp_path / "home")
    with closing(Wiring(settings)) as first:
        first.media.put(key, picture, "image/png")
        query = dict(parse_qsl(urlsplit(first.media.url(key)).query))
    with closing(Wiring(settings)) as second, closing(Wiring(Settings(home=tmp_path))) as stranger:
        assert isinstance(second.media, LocalMedia)
        assert isinstance(stranger.media, LocalMedia)
        assert second.media.link("GET", key, query).key == key
        with pytest.raises(NotAllowed):
            stranger.media.link("GET", key, query)
    assert (settings.secrets_dir / "media").stat().st_mode & 0o077 == 0


def test_a_model_that_nobody_knows_is_not_offered(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, worker_models=("sora",))
    with closing(Wiring(settings)) as wiring, pytest.raises(InvalidRequest, match="choose one of"):
        wiring.worker()


def test_wiring_loads_no_model_library() -> None:
    heavy = "{'torch', 'diffusers', 'transformers', 'gradio'}"
    code = f"import sys, ourvidz.bootstrap; print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
