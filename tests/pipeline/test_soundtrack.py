"""Sound under films: exactly as long as they are, the user's own, faded out at the end."""

from __future__ import annotations

import wave as wave_file
from pathlib import Path

import av
import numpy as np
import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.progress import Progress
from ourvidz.pipeline.soundtrack import RATE, SAMPLES_PER_FRAME
from ourvidz.pipeline.stitch import stitch
from ourvidz.pipeline.transitions import Part
from tests.pipeline.films import clip, foreign, packets, wave


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Part]:
    """Five seconds and a bit, which no whole number of AAC packets fills."""
    folder = tmp_path_factory.mktemp("clips")
    return [Part(path=clip(folder / f"{n}.mp4", n)) for n in (80, 17)]


def tone(path: Path, seconds: float, *, rate: int = 44_100, channels: int = 1) -> Path:
    """A WAV file with a tone of constant loudness."""
    samples = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate)
    with wave_file.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat((samples * 16_000).astype("<i2"), channels).tobytes())
    return path


def heard(path: Path) -> np.ndarray:
    """(2, n) float32: what a player plays, without the encoder's run-up."""
    with av.open(str(path)) as film:
        stream = film.streams.audio[0]
        assert (stream.codec_context.name, stream.rate) == ("aac", RATE)
        frames = [frame for frame in film.decode(stream) if (frame.pts or 0) >= 0]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def loudness(samples: np.ndarray, begin_s: float, end_s: float) -> float:
    part = samples[:, round(begin_s * RATE) : round(end_s * RATE)]
    return float(np.sqrt(np.mean(part.astype(float) ** 2)))


def lengths(path: Path) -> tuple[float, float, float]:
    """Seconds of the file, its picture and its sound."""
    with av.open(str(path)) as film:
        streams = (film.streams.video[0], film.streams.audio[0])
        times = [float((s.duration or 0) * (s.time_base or 0)) for s in streams]
        return (film.duration or 0) / av.time_base, times[0], times[1]


def test_silence_is_exactly_as_long_as_the_film(parts: list[Part], tmp_path: Path) -> None:
    film = stitch(parts, tmp_path / "film.mp4", silent_audio=True)
    assert lengths(film.path) == (97 / 16, 97 / 16, 97 / 16)
    samples = heard(film.path)
    assert 0 <= samples.shape[1] - 97 * SAMPLES_PER_FRAME < 1024
    assert np.abs(samples).max() < 1e-3


def test_without_a_wish_there_is_no_sound(parts: list[Part], tmp_path: Path) -> None:
    with av.open(str(stitch(parts, tmp_path / "film.mp4").path)) as film:
        assert not film.streams.audio


def test_pictures_are_the_same_with_and_without_sound(parts: list[Part], tmp_path: Path) -> None:
    silent = stitch(parts, tmp_path / "silent.mp4", silent_audio=True)
    assert packets(silent.path) == packets(stitch(parts, tmp_path / "film.mp4").path)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (48_000, 2), (8_000, 2)])
def test_long_music_is_cut_and_faded_out(
    parts: list[Part], tmp_path: Path, rate: int, channels: int
) -> None:
    music = tone(tmp_path / "music.wav", 9, rate=rate, channels=channels)
    film = stitch(parts, tmp_path / "film.mp4", soundtrack=music)
    assert lengths(film.path) == (97 / 16, 97 / 16, 97 / 16)
    samples = heard(film.path)
    full = loudness(samples, 1, 3)
    assert 0.2 < full < 0.4
    assert loudness(samples, 0, 0.2) > 0.9 * full
    assert loudness(samples, 5.0, 5.1) == pytest.approx(full / 2, rel=0.2)
    assert loudness(samples, 6.0, 6.06) < 0.05 * full


def test_short_music_is_followed_by_silence(parts: list[Part], tmp_path: Path) -> None:
    music = tone(tmp_path / "music.wav", 2)
    film = stitch(parts, tmp_path / "film.mp4", soundtrack=music)
    samples = heard(film.path)
    assert loudness(samples, 0.1, 1.9) > 0.2
    assert loudness(samples, 2.1, 6) < 1e-3
    assert lengths(film.path)[2] == 97 / 16


def test_sound_grows_with_the_film(parts: list[Part], tmp_path: Path) -> None:
    """In one file they lie side by side: a player needs no second reading place."""
    film = stitch(parts, tmp_path / "film.mp4", soundtrack=tone(tmp_path / "music.wav", 9))
    with av.open(str(film.path)) as source:
        kinds = [packet.stream.type for packet in source.demux() if packet.size]
    first_half = kinds[: len(kinds) // 2]
    assert first_half.count("audio") == pytest.approx(kinds.count("audio") / 2, rel=0.2)


def mp3(path: Path, seconds: float, *, rate: int, layout: str) -> bytes:
    """An MP3 with the tone."""
    plain = tone(path.with_suffix(".wav"), seconds, rate=rate)
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream("libmp3lame", rate=rate, layout=layout)
        for frame in source.decode(audio=0):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path.read_bytes()


def test_music_may_change_its_rate_and_channels_on_the_way(
    parts: list[Part], tmp_path: Path
) -> None:
    kinds = ((44_100, "stereo"), (48_000, "mono"), (48_000, "stereo"))
    pieces = [mp3(tmp_path / f"{n}.mp3", 1, rate=r, layout=k) for n, (r, k) in enumerate(kinds)]
    (tmp_path / "radio.mp3").write_bytes(b"".join(pieces))
    film = stitch(parts, tmp_path / "film.mp4", soundtrack=tmp_path / "radio.mp3")
    samples = heard(film.path)
    for second in range(3):
        part = samples[0, round((second + 0.3) * RATE) : round((second + 0.8) * RATE)]
        crossings = np.count_nonzero(np.diff(np.signbit(part)))
        assert crossings == pytest.approx(440, abs=4), f"second {second} is not at its pitch"
    assert loudness(samples, 3.5, 6) < 1e-4


def test_a_damaged_moment_of_the_music_ends_no_film(parts: list[Part], tmp_path: Path) -> None:
    music = mp3(tmp_path / "music.mp3", 6, rate=44_100, layout="stereo")
    (tmp_path / "music.mp3").write_bytes(music[:20_000] + bytes(700) + music[20_700:])
    film = stitch(parts, tmp_path / "film.mp4", soundtrack=tmp_path / "music.mp3")
    samples = heard(film.path)
    assert loudness(samples, 0.2, 1) > 0.1 and loudness(samples, 2, 3.5) > 0.1


def test_music_can_be_a_films(parts: list[Part], tmp_path: Path) -> None:
    other = foreign(tmp_path / "other.mp4", wave(20), sound=True)
    assert lengths(stitch(parts, tmp_path / "film.mp4", soundtrack=other).path)[2] == 97 / 16


def words(path: Path) -> None:
    path.write_text("la la la")


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:5,\nmusic.wav\n#EXT-X-ENDLIST\n")


def pictures_only(path: Path) -> None:
    foreign(path, wave(5))


@pytest.mark.parametrize("make", [words, playlist, pictures_only, Path.touch, Path.mkdir])
def test_what_is_no_music_is_refused_before_anything_is_written(
    parts: list[Part], tmp_path: Path, make: object
) -> None:
    tone(tmp_path / "music.wav", 1)
    path = tmp_path / "music.mp3"
    make(path)  # type: ignore[operator]
    reports: list[Progress] = []
    with pytest.raises(InvalidRequest, match="give an MP3") as refused:
        stitch(parts, tmp_path / "film.mp4", soundtrack=path, on_progress=reports.append)
    assert (refused.value.field, reports) == ("soundtrack", [])
    assert str(path) in str(refused.value)
    assert not (tmp_path / "film.mp4").exists()


def test_missing_music_is_named(parts: list[Part], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"nowhere\.mp3 can not be read"):
        stitch(parts, tmp_path / "film.mp4", soundtrack=tmp_path / "nowhere.mp3")
