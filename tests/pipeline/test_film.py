"""A film in its folder: made once, gone on with, and made anew only where it was changed."""

from __future__ import annotations

import cProfile
import dataclasses
import pstats
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from ourvidz.domain import catalog
from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.family import Family
from ourvidz.domain.film import Film, Scene
from ourvidz.domain.progress import Progress
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.export import read_frames, read_metadata
from ourvidz.pipeline.film import RenderedFilm, render_film, render_keyframes
from ourvidz.pipeline.film_folder import FilmFolder
from ourvidz.pipeline.keyframes import derive_keyframes
from tests.files import disk_full_after
from tests.pipeline.test_soundtrack import heard, lengths, loudness, tone

SIZE = (64, 48)
SEA = Scene(id="sea", prompt="a red sailboat at sea", seconds=10, transition="crossfade")
DOG = Scene(id="dog", prompt="a brown dog in the snow")
FILM = Film(title="Away", scenes=(SEA, DOG), profile="fast", seed=7)


@pytest.fixture(scope="module")
def made(manager: ModelManager, tmp_path_factory: pytest.TempPathFactory) -> RenderedFilm:
    """The film, rendered once; tests copy its folder."""
    folder = tmp_path_factory.mktemp("film")
    return render_film(FILM, manager, folder=folder, output_size=SIZE)


@pytest.fixture
def folder(made: RenderedFilm, tmp_path: Path) -> Path:
    """A copy of the finished film's folder."""
    assert made.path
    return shutil.copytree(made.path.parent, tmp_path / "film")


def test_a_film_has_its_exact_length_its_parts_and_its_storyboard(made: RenderedFilm) -> None:
    assert made.path
    frames = read_frames(made.path)
    assert frames.shape == (3 * 80 - 8, 48, 64, 3)
    assert (len(made.stills), len(made.clips)) == (5, 3)
    assert (made.stills_made, made.clips_made, made.notes) == (5, 3, ())
    assert FilmFolder(made.path.parent).film() == FILM
    assert (made.path.parent / "storyboard.txt").read_text().startswith("a red sailboat at sea [10")
    assert read_metadata(made.path)["title"] == "Away"
    left = {path.name for path in made.path.parent.iterdir()}
    assert left == {".lock", "clips", "film.json", "film.mp4", "stills", "storyboard.txt"}


def test_shots_of_a_scene_meet_at_their_keyframe(made: RenderedFilm) -> None:
    first, second = (read_frames(path).astype(float) for path in made.clips[:2])
    seam = abs(first[-1] - second[0]).mean()
    steps = np.abs(np.diff(np.concatenate([first, second]), axis=0)).mean((1, 2, 3))
    assert seam <= np.quantile(steps, 0.95)
    metadata = [read_metadata(path) for path in made.clips[:2]]
    assert [one["ability"] for one in metadata] == ["first_last_frame"] * 2
    assert metadata[0]["seed"] != metadata[1]["seed"]


def test_a_second_run_makes_nothing_anew(manager: ModelManager, folder: Path) -> None:
    again = render_film(FILM, manager, folder=folder, output_size=SIZE)
    assert (again.stills_made, again.clips_made) == (0, 0)


def test_only_what_is_missing_or_damaged_is_made_and_it_is_the_same(
    manager: ModelManager, folder: Path, made: RenderedFilm
) -> None:
    clips = [folder / "clips" / path.name for path in made.clips]
    clips[0].unlink()
    clips[2].write_bytes(clips[2].read_bytes()[:1000])
    again = render_film(FILM, manager, folder=folder, output_size=SIZE)
    assert (again.stills_made, again.clips_made) == (0, 2)
    for before, after in zip(made.clips, again.clips, strict=True):
        assert before.name == after.name
        assert np.array_equal(read_frames(before), read_frames(after))


def test_another_transition_order_or_title_costs_no_clip(
    manager: ModelManager, folder: Path
) -> None:
    turned = FILM.replace(scenes=(dataclasses.replace(DOG, transition="fade"), SEA), title="Home")
    again = render_film(turned, manager, folder=folder, output_size=SIZE)
    assert (again.stills_made, again.clips_made) == (0, 0)
    assert again.path and len(read_frames(again.path)) == 240


def test_another_scene_is_made_alone(manager: ModelManager, folder: Path) -> None:
    changed = FILM.replace(scenes=(SEA, dataclasses.replace(DOG, prompt="a cat in the snow")))
    again = render_film(changed, manager, folder=folder, output_size=SIZE)
    assert (again.stills_made, again.clips_made) == (2, 1)


def test_stopped_halfway_it_goes_on_and_ends_the_same(
    manager: ModelManager, tmp_path: Path, made: RenderedFilm
) -> None:
    clips = tmp_path / "clips"

    def stop_in_the_second_clip(progress: Progress) -> None:
        if len(list(clips.glob("*.mp4"))) == 1 and progress.stage == "decode":
            raise Cancelled

    with pytest.raises(Cancelled):
        render_film(FILM, manager, stop_in_the_second_clip, tmp_path, output_size=SIZE)
    (tmp_path / "job-killed").mkdir()  # as SIGKILL leaves it
    assert not list(tmp_path.glob("*.mp4"))
    again = render_film(FILM, manager, folder=tmp_path, output_size=SIZE)
    assert (again.stills_made, again.clips_made) == (0, 2)
    assert made.path and again.path
    assert np.array_equal(read_frames(made.path), read_frames(again.path))
    assert not list(tmp_path.glob("job-*"))


def test_the_time_left_is_that_of_the_film(manager: ModelManager, tmp_path: Path) -> None:
    seen: list[Progress] = []
    film = FILM.replace(scenes=(DOG,))
    render_film(film, manager, seen.append, tmp_path, output_size=SIZE)
    denoise = [one for one in seen if one.stage == "denoise"]
    assert all(0 <= one.step <= one.total for one in seen)
    assert [one.step for one in denoise] == sorted(one.step for one in denoise)
    assert denoise[-1].step == denoise[-1].total == 3 * 10, "a master, a run and a shot"
    left = [one.eta_s for one in seen if one.eta_s is not None and one.stage != "stitch"]
    assert left and left[0] > left[-1] and min(left) >= 0


def test_keyframes_alone_come_from_the_master(manager: ModelManager, tmp_path: Path) -> None:
    long = FILM.replace(scenes=(dataclasses.replace(SEA, seconds=30),))
    shown = render_keyframes(long, manager, folder=tmp_path, output_size=SIZE)
    assert (shown.path, shown.clips, len(shown.stills)) == (None, (), 7)
    facts = [read_metadata(path) for path in shown.stills]
    assert [one.get("frame") for one in facts] == [None, "16", "32", "48", "64", "80", "80"]
    assert len({one["seed"] for one in facts}) == 3, "the master, one run, and the way back"
    with pytest.raises(InvalidRequest, match="place 0 is the master"):
        request = long.still_request(long.keyframes[0])
        derive_keyframes(request, shown.stills[0], long.keyframes[:1], manager)


@pytest.mark.parametrize("continuity", ["chained", "independent"])
def test_other_continuities_take_what_the_shots_are_told(
    manager: ModelManager, tmp_path: Path, continuity: str
) -> None:
    film = FILM.replace(scenes=(SEA,), continuity=continuity)
    done = render_film(film, manager, folder=tmp_path, output_size=SIZE)
    abilities = [read_metadata(path)["ability"] for path in done.clips]
    second = "extension" if continuity == "chained" else "first_frame"
    assert abilities == ["first_frame", second]
    assert (len(done.stills), len(done.clips)) == (1 if continuity == "chained" else 2, 2)


def families_without(*abilities: str) -> Mapping[str, Family]:
    starter = catalog.FAMILIES["starter"]
    poorer = tuple(
        dataclasses.replace(one, abilities=tuple(a for a in one.abilities if a not in abilities))
        for one in starter.checkpoints
    )
    return MappingProxyType({"starter": dataclasses.replace(starter, checkpoints=poorer)})


@pytest.mark.parametrize(
    ("missing", "ability", "note"),
    [
        (("first_last_frame",), "first_frame", "can not end at a picture"),
        (("first_frame", "first_last_frame", "extension"), "text_to_video", "share words"),
    ],
)
def test_a_model_that_can_less_says_what_it_did_instead(
    manager: ModelManager,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[str, ...],
    ability: str,
    note: str,
) -> None:
    monkeypatch.setattr(catalog, "FAMILIES", families_without(*missing))
    done = render_film(FILM.replace(scenes=(DOG,)), manager, folder=tmp_path, output_size=SIZE)
    assert read_metadata(done.clips[0])["ability"] == ability
    assert note in done.notes[0]


def test_one_run_at_a_time_and_damage_is_told(manager: ModelManager, folder: Path) -> None:
    with FilmFolder(folder).claimed(), pytest.raises(Unavailable, match="another run works in"):
        render_film(FILM, manager, folder=folder, output_size=SIZE)
    for damaged in ("{", "[]", "5", "[[1]]", "[" * 100_000):
        (folder / "film.json").write_text(damaged)
        with pytest.raises(InvalidRequest, match=r"film\.json is damaged"):
            FilmFolder(folder).film()


def test_a_storyboard_that_the_disk_has_no_room_for_is_said(tmp_path: Path) -> None:
    folder = FilmFolder(tmp_path / "film")
    folder.save(FILM)
    before = (tmp_path / "film" / "film.json").read_text()
    with disk_full_after(100), pytest.raises(Unavailable, match="Free some space"):
        folder.save(FILM.replace(seed=8))
    assert (tmp_path / "film" / "film.json").read_text() == before
    assert not list((tmp_path / "film").glob("*.part"))


def test_the_weights_are_read_once_for_all_shots(manager: ModelManager, folder: Path) -> None:
    watch = cProfile.Profile()
    watch.runcall(render_film, FILM, manager, folder=folder, output_size=SIZE)
    calls = {name: count for (_, _, name), (count, *_) in pstats.Stats(watch).stats.items()}  # type: ignore[attr-defined]
    assert calls["_clip_path"] == 3, "it looks at three shots and four stills"
    assert calls["fingerprint"] == 3 * 4, "of three abilities, four components each"


@pytest.mark.parametrize("name", ["", "film", "music.wav"])
def test_a_file_that_no_film_can_be_is_told_before_anything_is_made(
    manager: ModelManager, tmp_path: Path, name: str
) -> None:
    (tmp_path / "film").mkdir()
    music = tone(tmp_path / "music.wav", 1)
    with pytest.raises(InvalidRequest, match="out: "):
        render_film(FILM, manager, folder=tmp_path / "parts", out=tmp_path / name, soundtrack=music)
    assert not (tmp_path / "parts").exists()


def test_a_stop_between_two_keyframes_leaves_neither(
    manager: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "FAMILIES", families_without("first_frame", "first_last_frame"))
    finished: list[Progress] = []

    def cancel(progress: Progress) -> None:
        if finished:
            raise Cancelled
        if progress.stage == "export" and progress.step == progress.total:
            finished.append(progress)

    request = FILM.still_request(FILM.keyframes[0])
    with pytest.raises(Cancelled):
        derive_keyframes(request, tmp_path, FILM.keyframes[1:3], manager, cancel, tmp_path)
    assert finished and list(tmp_path.iterdir()) == []


def test_music_lies_under_the_whole_film(manager: ModelManager, folder: Path) -> None:
    music = tone(folder / "music.wav", 60)
    again = render_film(FILM, manager, folder=folder, output_size=SIZE, soundtrack=music)
    assert again.clips_made == 0 and again.path
    assert lengths(again.path) == pytest.approx((FILM.seconds,) * 3, abs=1e-3)
    assert loudness(heard(again.path), 1, FILM.seconds - 3) > 0.1


def test_music_that_can_not_be_played_is_refused_before_anything_is_made(
    manager: ModelManager, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match="soundtrack"):
        render_film(FILM, manager, folder=tmp_path / "film", soundtrack=tmp_path / "none.mp3")
    assert not (tmp_path / "film").exists()
