"""Local files under attack: links out of the folder, killed writers, full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ourvidz.backends.embedded.arrivals import STALE_S
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from tests.files import MP4, SECRET, content, disk_full_after, write

KEY = "videos-final/u1/j1/a1/out.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def media(root: Path) -> LocalMedia:
    return LocalMedia(root, SECRET, "http://127.0.0.1:1")


def incoming(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".incoming").iterdir())


class TestFolder:
    def test_belongs_to_its_user_alone(self, media: LocalMedia, root: Path, tmp_path: Path) -> None:
        media.put(KEY, write(tmp_path / "a"), "video/mp4")
        for path in [root, *root.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path

    @pytest.mark.parametrize("depth", range(5))
    def test_no_symbolic_link_leads_out(
        self, media: LocalMedia, root: Path, tmp_path: Path, depth: int
    ) -> None:
        outside = tmp_path / "outside"
        parts = KEY.split("/")
        link = root.joinpath(*parts[: depth + 1])
        target = outside.joinpath(*parts[: depth + 1])
        (outside / KEY).parent.mkdir(parents=True)
        secret = content()
        (outside / KEY).write_bytes(secret)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
        source = write(tmp_path / "a")
        for verb in (
            lambda: media.get(KEY, tmp_path / "got"),
            lambda: media.url(KEY),
            lambda: media.put(KEY, source, "video/mp4"),
            lambda: media.delete([KEY]),
        ):
            with pytest.raises(NotAllowed, match="no such file"):
                verb()
        assert not (tmp_path / "got").exists()
        assert (outside / KEY).read_bytes() == secret
        if depth > 0:
            assert media.keys("videos-final/") == []

    def test_what_is_no_file_is_not_read(
        self, media: LocalMedia, root: Path, tmp_path: Path
    ) -> None:
        path = root / KEY
        path.mkdir(parents=True)
        with pytest.raises(NotAllowed, match="no such file"):
            media.get(KEY, tmp_path / "got")
        media.delete([KEY])
        assert path.is_dir()
        path.rmdir()
        os.mkfifo(path)  # Opening one for reading would wait for ever.
        with pytest.raises(NotAllowed, match="no such file"):
            media.get(KEY, tmp_path / "got")

    def test_a_folder_that_can_not_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unavailable, match="storage"):
            LocalMedia(tmp_path / "file" / "media", SECRET, "http://127.0.0.1:1")

    def test_the_last_file_takes_its_empty_folders_with_it(
        self, media: LocalMedia, root: Path, tmp_path: Path
    ) -> None:
        other = KEY.replace("j1", "j2")
        for key in (KEY, other):
            media.put(key, write(tmp_path / "a"), "video/mp4")
        media.delete([KEY])
        assert [path.name for path in (root / "videos-final/u1").iterdir()] == ["j2"]
        media.delete([other])
        assert list((root / "videos-final").iterdir()) == []

    def test_putting_and_deleting_at_once_loses_no_file(
        self, media: LocalMedia, tmp_path: Path
    ) -> None:
        """The folder vanishes under the writer again and again."""
        source = write(tmp_path / "a", size=500)
        stop = threading.Event()

        def delete() -> None:
            while not stop.is_set():
                media.delete([KEY.replace("out", "other")])
                media.delete([KEY])

        thread = threading.Thread(target=delete)
        thread.start()
        for _ in range(100):
            media.put(KEY, source, "video/mp4")
        stop.set()
        thread.join()
        media.put(KEY, source, "video/mp4")
        assert media.keys("videos-final/u1/") == [KEY]


WRITER = """
import sys
from pathlib import Path
from ourvidz.backends.embedded.local_media import LocalMedia
media = LocalMedia(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), "http://127.0.0.1:1")
with media.incoming(sys.argv[3], "video/mp4") as file:
    file.write(bytes.fromhex(sys.argv[4]) + bytes(5_000_000))
    print("half", flush=True)
    sys.stdin.read(1)
    file.write(bytes(5_000_000))
    media.commit(file, sys.argv[3])
print("done", flush=True)
"""


@contextmanager
def writer(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, in the middle of a put."""
    command = [sys.executable, "-c", WRITER, str(root), SECRET.hex(), KEY, MP4.hex()]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with process:
        assert process.stdout and process.stdout.readline() == "half\n"
        yield process
        process.kill()


class TestCrash:
    def test_a_killed_writer_leaves_the_old_file_and_no_trace(
        self, media: LocalMedia, root: Path, tmp_path: Path
    ) -> None:
        old = write(tmp_path / "old")
        media.put(KEY, old, "video/mp4")
        with writer(root) as process:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert len(incoming(root)) == 1
        media.get(KEY, tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == old.read_bytes()
        LocalMedia(root, SECRET, "http://127.0.0.1:1")
        assert incoming(root) == []

    def test_a_living_writer_is_not_swept_away(self, media: LocalMedia, root: Path) -> None:
        with writer(root) as process:
            LocalMedia(root, SECRET, "http://127.0.0.1:1")
            assert len(incoming(root)) == 1
            assert media.keys("videos-final/") == []
            process.communicate("x")
        assert media.keys("videos-final/") == [KEY]
        assert incoming(root) == []

    def test_an_error_in_the_middle_leaves_nothing(self, media: LocalMedia, root: Path) -> None:
        with pytest.raises(KeyboardInterrupt), media.incoming(KEY, "video/mp4") as file:
            file.write(content())
            raise KeyboardInterrupt
        assert incoming(root) == [] and media.keys("videos-final/") == []


class TestLimits:
    def test_are_kept_while_the_bytes_come(self, media: LocalMedia, root: Path) -> None:
        with (
            pytest.raises(InvalidRequest, match="more than 100 bytes"),
            media.arrivals.new("video/mp4", 100) as file,
        ):
            file.write(content(size=100))
            file.write(b"x")
        assert incoming(root) == []

    @pytest.mark.parametrize("pieces", [[b"\0\0\0"], [MP4[:5], b"pyt" + bytes(40)], [b"<html>"]])
    def test_a_lie_told_in_small_pieces_is_found(
        self, media: LocalMedia, root: Path, pieces: list[bytes]
    ) -> None:
        with (
            pytest.raises(InvalidRequest, match="not video/mp4 inside"),
            media.incoming(KEY, "video/mp4") as file,
        ):
            for piece in pieces:
                file.write(piece)
            media.commit(file, KEY)
        assert incoming(root) == [] and media.keys("videos-final/") == []


class TestResumable:
    def test_abandoned_uploads_go_after_some_hours(self, media: LocalMedia, root: Path) -> None:
        old, new = media.arrivals.begin(), media.arrivals.begin()
        long_ago = time.time() - STALE_S - 1
        os.utime(root / ".incoming" / f"tus-{old}", (long_ago, long_ago))
        LocalMedia(root, SECRET, "http://127.0.0.1:1")
        assert incoming(root) == [f"tus-{new}"]
        with pytest.raises(NotAllowed, match="Begin it again"):
            media.arrivals.received(old)

    def test_two_requests_do_not_write_to_one_upload(self, media: LocalMedia) -> None:
        name = media.arrivals.begin()
        with media.arrivals.resume(name, "video/mp4", 1_000) as part:
            with pytest.raises(Unavailable):
                media.arrivals.resume(name, "video/mp4", 1_000)
            part.write(content(size=500))
        assert media.arrivals.received(name) == 500

    def test_a_complete_upload_takes_nothing_more(self, media: LocalMedia) -> None:
        name = media.arrivals.begin()
        with media.arrivals.resume(name, "video/mp4", 1_000) as part:
            part.write(content(size=1_000))
            media.commit(part, KEY)
            media.arrivals.finish(name)
        assert media.arrivals.received(name) is None
        with pytest.raises(NotAllowed, match="Send nothing more"):
            media.arrivals.resume(name, "video/mp4", 1_000)


class TestFullDisk:
    @pytest.mark.parametrize("limit_bytes", [100, 9_000, 2_000_000])
    def test_is_said_and_keeps_the_old_file(
        self, media: LocalMedia, root: Path, tmp_path: Path, limit_bytes: int
    ) -> None:
        old = write(tmp_path / "old", size=90)
        new = write(tmp_path / "new", size=3_000_000)
        media.put(KEY, old, "video/mp4")
        with disk_full_after(limit_bytes), pytest.raises(Unavailable, match="free some space"):
            media.put(KEY, new, "video/mp4")
        assert incoming(root) == []
        media.get(KEY, tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == old.read_bytes()

    def test_is_said_by_a_disk_that_is_full(self, small_disk: Path, tmp_path: Path) -> None:
        media = LocalMedia(small_disk / "media", SECRET, "http://127.0.0.1:1")
        media.put(KEY, write(tmp_path / "a", size=1_000), "video/mp4")
        (small_disk / "ballast").write_bytes(bytes(290 * 2**20))
        for _ in range(3):
            with pytest.raises(Unavailable, match="No space left on device"):
                media.put(KEY, write(tmp_path / "b", size=30 * 2**20), "video/mp4")
        assert incoming(small_disk / "media") == []
        (small_disk / "ballast").unlink()
        media.put(KEY, tmp_path / "b", "video/mp4")
        media.get(KEY, tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == (tmp_path / "b").read_bytes()

    def test_where_a_file_is_fetched_to_leaves_no_half(
        self, media: LocalMedia, tmp_path: Path
    ) -> None:
        media.put(KEY, write(tmp_path / "a", size=500_000), "video/mp4")
        (tmp_path / "to").mkdir()
        with disk_full_after(100_000), pytest.raises(Unavailable):
            media.get(KEY, tmp_path / "to" / "got")
        assert list((tmp_path / "to").iterdir()) == []
