"""Films in a real browser: it plays them to the end and finds every moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from ourvidz.pipeline.export import write_clip
from ourvidz.pipeline.stitch import Part, stitch
from tests.pipeline.films import planes

PROGRAM = Path("/usr/bin/chromium")
SIZE = (128, 96)
FRAMES = 40

SEEK = """async seconds => {
    const video = document.querySelector("video");
    const canvas = document.createElement("canvas");
    const levels = [];
    for (const time of seconds) {
        const found = new Promise(done => video.addEventListener("seeked", done, {once: true}));
        video.currentTime = time;
        await found;
        const paper = canvas.getContext("2d");
        paper.drawImage(video, 0, 0);
        levels.push(paper.getImageData(20, 20, 1, 1).data[1]);
    }
    return levels;
}"""
PLAY = """async () => {
    const video = document.querySelector("video");
    const ended = new Promise(done => video.addEventListener("ended", done, {once: true}));
    video.currentTime = 0;
    video.playbackRate = 4;
    await video.play();
    await ended;
    return [video.currentTime, video.getVideoPlaybackQuality().corruptedVideoFrames];
}"""
OPEN = """async address => {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    await new Promise((done, failed) => {
        video.addEventListener("canplaythrough", done, {once: true});
        video.addEventListener("error", () => failed(video.error.message), {once: true});
        video.src = address;
    });
    return [video.duration, video.videoWidth, video.videoHeight];
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of flat grey, each frame of its own level, cut and cross-faded, with sound."""
    folder = tmp_path_factory.mktemp("film")
    parts: list[Part] = []
    for index, kind in enumerate(("cut", "crossfade", "fade", "cut")):
        levels = np.linspace(30 + 10 * index, 200, FRAMES).astype(np.uint8)
        frames = np.broadcast_to(levels[:, None, None, None], (FRAMES, SIZE[1], SIZE[0], 3)).copy()
        path = folder / f"{index}.mp4"
        write_clip([frames], path, num_frames=FRAMES, size=SIZE, metadata={})
        parts.append(Part(path=path, transition=kind))
    return stitch(parts, folder / "film.mp4", silent_audio=True).path


@pytest.fixture(scope="module")
def page(film: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        # A canvas may not be read back when it shows a local file, unless it is told to.
        browser = playwright.chromium.launch(
            executable_path=PROGRAM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--allow-file-access-from-files"],
        )
        opened = browser.new_page()
        opened.goto(film.parent.as_uri())
        yield opened
        browser.close()


@pytest.mark.skipif(not PROGRAM.exists(), reason="needs chromium (apt-get install chromium)")
def test_plays_and_finds_every_moment(film: Path, page: Page) -> None:
    shown = planes(film)
    duration, *size = page.evaluate(OPEN, film.as_uri())
    assert (duration, size) == (len(shown) / 16, list(SIZE))
    # Around every transition, forwards and backwards, in the middle of the frame's time.
    asked = [0, 1, 39, 40, 41, 71, 72, 75, 79, 80, 107, 108, 109, 112, 151, 113, 76, 40, 8]
    levels = page.evaluate(SEEK, [(frame + 0.5) / 16 for frame in asked])
    for frame, level in zip(asked, levels, strict=True):
        expected = (float(shown[frame][: SIZE[1]].mean()) - 16) * 255 / 219
        assert abs(level - expected) <= 2.5, f"frame {frame}"
    assert page.evaluate(PLAY) == [duration, 0]
