"""Attacks from outside and from other accounts, on the real app by real HTTP.

Each is tried three times: on the app as it is, where it fails; without one of its cures, where it
fails if there is another one behind it; and without all of them, where it must succeed. So none of
these tests can be green because the attack was no attack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.studio import characters, orders, projects
from tests.site import attacks as on
from tests.site import attacks_on_wires as wires
from tests.site import attacks_with_files as files
from tests.site.attack_hands import MARKUP, Attack, Scene
from tests.site.browsers import Browser, Visit
from tests.site.conftest import Without
from tests.studio.conftest import Town, identity
from tests.studio.scenes import deliver_video

#: What is between an attack and its success. Several cures: each one alone is enough.
CURES: dict[Attack, tuple[str, ...]] = {
    on.makes_a_browser_sign_out: ("origin",),
    on.reads_across_origins: ("cors",),
    on.frames_a_page: ("headers",),
    on.leads_away: ("inside",),
    on.forges_an_age: ("age",),
    on.calls_handlers_without_a_cookie: ("door", "name", "guard"),
    on.uses_an_old_cookie: ("ending",),
    on.tosses_a_cookie: ("cookies",),
    on.hijacks_a_tab: ("tabs",),
    on.hijacks_a_tab_by_another_spelling: ("types",),
    on.takes_anothers_things: ("rows",),
    on.reads_the_office: ("office", "clerk", "books"),
    on.floods: ("pace",),
    on.finds_more_routes: ("routes",),
    on.names_a_handler_that_is_not_there: ("numbers",),
    on.nests_deeply: ("types",),
    on.gets_its_cookie_back: ("routes", "echo"),
    wires.sends_too_much: ("size",),
    wires.writes_markup_into_a_page: ("escape",),
    wires.writes_markup_into_a_form: ("forms",),
    wires.reads_a_file_without_a_link: ("links",),
    wires.leaves_the_folder_of_files: ("links", "keys"),
    on.reads_a_file_of_the_server: ("routes", "launched"),
    wires.keeps_connections: ("patience",),
    files.calls_a_page_a_film: ("content", "sniffed", "sandbox"),
    files.hides_a_page_in_a_film: ("sniffed", "sandbox"),
    files.uploads_more_than_it_said: ("limits",),
    files.packs_its_bodies: ("packed",),
    files.explodes_in_a_worker: ("pixels", "pillow"),
}
#: What an app gets so that an attack has something to attack, or does not take long.
ARRANGED: dict[Attack, tuple[str, ...]] = {
    on.reads_a_file_of_the_server: ("files",),
    wires.keeps_connections: ("hasty",),
    files.explodes_in_a_worker: ("reader",),
}
SECRET = "velvet"


@pytest.fixture(scope="module")
def at(town: Town, visit: Visit) -> Iterator[Callable[[str], Scene]]:
    """Makes the scene on any of the apps: they share accounts, cookies and files."""
    open_ones = ExitStack()
    ann, mallory, visitor = visit().signed_up(), visit().signed_up(), visit().grown_up()
    ann_id = town.studio.administration.user_by_email(ann.email).user_id
    me = identity(ann_id, ann.email)
    project = projects.create_project(me, town.studio, {"prompt": f"a boat with a {SECRET} sail"})
    who = characters.create_character(me, town.studio, SECRET, "a tall sailor")
    town.studio.administration.add_credits(ann_id, 5, "test", "attacks")
    job = orders.render(me, town.studio, project.id, key="one")
    deliver_video(town, me, job)
    (video,) = town.studio.records.videos(me)
    # The policy takes no markup for English; what pages do with it must not depend on that.
    evil = f"a boat with a {SECRET} sail {MARKUP}"
    town.root.execute("update public.projects set prompt = %s where id = %s", (evil, project.id))
    town.root.execute("update public.characters set description = %s where id = %s", (evil, who.id))
    media = town.wiring.media
    assert isinstance(media, LocalMedia)
    uploads = town.wiring.settings.home / "uploads"
    uploaded = uploads / "once" / "a.txt"
    uploaded.parent.mkdir(parents=True, exist_ok=True)
    uploaded.write_text("some text")

    def moved(browser: Browser, site: str) -> Browser:
        there = Browser(site)
        open_ones.callback(there.client.close)
        there.email = browser.email
        there.client.cookies.update(browser.client.cookies)
        return there

    def scene(site: str) -> Scene:
        return Scene(
            site=site,
            ann=moved(ann, site),
            mallory=moved(mallory, site),
            visitor=moved(visitor, site),
            ann_id=ann_id,
            secret=SECRET,
            job=job,
            video=video,
            uploaded=str(uploaded),
            media=media,
            filed=lambda: [str(path) for path in uploads.rglob("*") if path.is_file()],
        )

    with open_ones:
        yield scene


def _name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("attack", CURES, ids=_name)
def test_fails(attack: Attack, at: Callable[[str], Scene], site: str, without: Without) -> None:
    if attack not in ARRANGED:
        assert not attack(at(site))
        return
    with without(*ARRANGED[attack]) as arranged:
        assert not attack(at(arranged))


def test_a_request_is_read_in_one_way_only(at: Callable[[str], Scene], site: str) -> None:
    assert not wires.smuggles_a_request(at(site))


#: Attacks that are tried on one app, by the cures that it lacks.
GROUPS: dict[tuple[str, ...], list[Attack]] = {}
for _attack, _cures in CURES.items():
    GROUPS.setdefault((*ARRANGED.get(_attack, ()), *_cures), []).append(_attack)


@pytest.mark.parametrize("cures", GROUPS, ids="+".join)
def test_succeeds_without_its_cures(
    cures: tuple[str, ...], at: Callable[[str], Scene], without: Without
) -> None:
    with without(*cures) as weak:
        assert [_name(one) for one in GROUPS[cures] if not one(at(weak))] == []


SEVERAL = [(one, cure) for one, cures in CURES.items() if len(cures) > 1 for cure in cures]


@pytest.mark.parametrize(("attack", "cure"), SEVERAL, ids=_name)
def test_each_of_several_cures_is_enough(
    attack: Attack, cure: str, at: Callable[[str], Scene], without: Without
) -> None:
    others = (one for one in CURES[attack] if one != cure)
    with without(*ARRANGED.get(attack, ()), *others) as weak:
        assert not attack(at(weak))
