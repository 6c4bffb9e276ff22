"""Attacks on a running app: each is tried as its name says, and returns whether it succeeded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.site.attack_hands import (
    EVIL,
    JOIN,
    Scene,
    config,
    events,
    join,
    opened,
    told,
)
from tests.site.browsers import PASSWORD, Browser
from tests.site.weakened import HEADER

# --- From other sites ----------------------------------------------------------------------------


def makes_a_browser_sign_out(scene: Scene) -> bool:
    """A form on another site, in every way a browser may announce it."""
    ways: list[dict[str, str]] = [
        {"origin": EVIL, "sec-fetch-site": "cross-site"},
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": scene.site, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {},
    ]
    answers = [scene.mallory.client.post("/auth/sign-in", headers=way) for way in ways]
    return any(answer.status_code != 403 for answer in answers)


def reads_across_origins(scene: Scene) -> bool:
    """A script on another site reads a page with the visitor's cookies."""
    headers = {"origin": EVIL, "host": "ourvidz.example"}
    asked = {"access-control-request-method": "POST"}
    answers = [
        scene.ann.client.get("/app/", headers=headers),
        scene.ann.client.options(f"/app/{JOIN}", headers=headers | asked),
    ]
    return any(answer.headers.get("access-control-allow-origin") == EVIL for answer in answers)


def frames_a_page(scene: Scene) -> bool:
    """A page inside another site's, to have its buttons pressed."""
    return any(
        "frame-ancestors 'none'" not in answer.headers.get("content-security-policy", "")
        or answer.headers.get("x-frame-options") != "DENY"
        for answer in (scene.ann.get("/app/"), scene.ann.get("/app/library"))
    )


def leads_away(scene: Scene) -> bool:
    """A link to the age form that goes on to another site."""
    ways = (EVIL, "//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example",
            "javascript:alert(1)")  # fmt: skip
    return any(
        "evil" in scene.visitor.post("/age", answer="adult", next=way).headers.get("location", "")
        for way in ways
    )


# --- Without an account --------------------------------------------------------------------------


def forges_an_age(scene: Scene) -> bool:
    """A cookie that says that its sender is grown up."""
    cookies = {"cookie": f"ov_age={2**40}.00"}
    answer = httpx.get(f"{scene.site}/auth/sign-in", headers=cookies)
    return answer.status_code == 200


def calls_handlers_without_a_cookie(scene: Scene) -> bool:
    """By their numbers, as somebody whose id was seen somewhere."""
    page = config(scene.ann, "/app/")
    headers = {HEADER: str(scene.ann_id)}
    visitor = Browser(scene.site)
    with visitor.client:
        return scene.secret in opened(visitor, page, "/app", headers=headers)


def uses_an_old_cookie(scene: Scene) -> bool:
    """After its owner has signed out."""
    victim = Browser(scene.site).grown_up()
    victim.post("/auth/sign-in", email=scene.mallory.email, password=PASSWORD)
    cookies = "; ".join(f"{name}={value}" for name, value in victim.client.cookies.items())
    assert victim.client.get("/api/jobs/x").status_code == 403, "signed in"
    victim.post("/auth/sign-out")
    victim.client.close()
    return httpx.get(f"{scene.site}/api/jobs/x", headers={"cookie": cookies}).status_code != 401


def tosses_a_cookie(scene: Scene) -> bool:
    """A neighbour's site sets a second cookie, or one whose name is only nearly ours."""
    age, mine = scene.ann.client.cookies["ov_age"], scene.mallory.session
    tossed = (
        f"ov_age={age}; ov_session={mine}; ov_session={scene.ann.session}".encode(),
        f"ov_age={age}; ov_session={scene.ann.session}; ov_session={mine}".encode(),
        f"ov_age={age}; ".encode() + b"\xa0ov_session=" + mine.encode(),
        f"ov_age={age}; ".encode() + b"\x85ov_session=" + mine.encode(),
    )
    return any(
        httpx.get(f"{scene.site}/api/jobs/x", headers=[(b"cookie", cookie)]).status_code != 401
        for cookie in tossed
    )


# --- From another account ------------------------------------------------------------------------


def hijacks_a_tab(scene: Scene) -> bool:
    """Listens to the events of somebody else's session hash."""
    tab, page = uuid4().hex, config(scene.ann, "/app/")
    for one in page["dependencies"]:
        if any(event == "load" for _, event in one["targets"]):
            join(scene.ann, "/app", one["id"], [""] * len(one["inputs"]), session_hash=tab)
    return scene.secret in events(scene.mallory, "/app", tab)


def hijacks_a_tab_by_another_spelling(scene: Scene) -> bool:
    """Sends events into somebody else's tab as JSON that is not called so."""
    tab = uuid4().hex
    number = config(scene.ann, "/app/")["dependencies"][0]["id"]
    assert join(scene.ann, "/app", number, [], session_hash=tab).status_code == 200
    body = json.dumps({"fn_index": number, "data": [], "session_hash": tab}).encode()
    kinds = ("APPLICATION/JSON", "application/x+json", "application/json; charset=utf-8")
    sent = [[("content-type", kind)] for kind in kinds]
    sent.append([("content-type", "application/json"), ("content-type", "text/plain")])
    return any(
        scene.mallory.client.post(
            f"/app/{JOIN}", content=body, headers=[("origin", scene.site), *kind]
        ).status_code
        == 200
        for kind in sent
    )


def takes_anothers_things(scene: Scene) -> bool:
    """By ids that were seen somewhere: job, picture, video; and a project, in a hidden field."""
    paths = (f"/api/jobs/{scene.job.id}", f"/api/jobs/{scene.job.id}/frame",
             f"/media/{scene.video.id}", f"/media/{scene.video.id}/thumbnail")  # fmt: skip
    if any(scene.mallory.client.get(path).status_code in (200, 204, 303) for path in paths):
        return True
    page = config(scene.mallory, "/app/")
    query = f"?project={scene.job.project_id}&step=idea"
    return scene.secret in opened(scene.mallory, page, "/app", query)


def reads_the_office(scene: Scene) -> bool:
    """Calls handlers of the administration without being an admin."""
    return scene.ann.email in "".join(
        told(scene.mallory, "/admin", number, []) for number in range(40)
    )


def floods(scene: Scene) -> bool:
    """A hundred and fifty events at once, which would keep everybody else waiting."""
    number = config(scene.mallory, "/app/")["dependencies"][0]["id"]
    with ThreadPoolExecutor(8) as hands:
        answers = hands.map(lambda _: join(scene.mallory, "/app", number, []), range(150))
        return all(answer.status_code == 200 for answer in answers)


# --- On Gradio's routes --------------------------------------------------------------------------


def finds_more_routes(scene: Scene) -> bool:
    """What Gradio serves and no page of ours uses; uploads among it, many and nasty ones."""
    paths = ("config", "info", "gradio_api/info", "gradio_api/openapi.json", "monitoring/x",
             "gradio_api/queue/status", "gradio_api/startup-events", "gradio_api/token", "pwa_icon",
             "gradio_api/deep_link?session_hash=x", "gradio_api/heartbeat/x", "manifest.json",
             "gradio_api/file=/etc/passwd", "gradio_api/file=https://example.com/", "svelte/x",
             "gradio_api/upload_progress?upload_id=x", "gradio_api/stream/a/0/1/playlist.m3u8",
             "gradio_api/proxy=https://example.com/", "gradio_api/../config", "logout",
             "login")  # fmt: skip
    found = [_begun(scene.ann, f"/app/{path}") for path in paths]
    calls = ("gradio_api/run/predict", "gradio_api/call/fill", "gradio_api/component_server",
             "gradio_api/reset", "gradio_api/cancel", "gradio_api/queue/join/x",
             "gradio_api/api/x")  # fmt: skip
    headers = {"origin": scene.site}
    body = {"fn_index": 0, "data": [], "session_hash": uuid4().hex}
    send = scene.ann.client.post
    found += [send(f"/app/{path}", json=body, headers=headers).text for path in calls]
    bombs = [("files", (f"../../{i}.png", b"\x89PNG", "image/png")) for i in range(300)]
    url = "/app/gradio_api/upload"
    found.append(send(url, files=bombs, headers=headers).text)
    return any("There is nothing here." not in answer for answer in found)


def _begun(browser: Browser, path: str) -> str:
    """The answer, "" when there is one that may never end."""
    with browser.client.stream("GET", path) as answer:
        return answer.read().decode() if answer.status_code == 404 else ""


def names_a_handler_that_is_not_there(scene: Scene) -> bool:
    """Which Gradio takes for a bug of its own, and writes a page of it into the log."""
    numbers = (9999, -1, None, True, "0", 1.5, [0], 10**30)
    once = {"connection": "close"}
    sent = [join(scene.ann, "/app", number, [], headers=once) for number in numbers]
    answers = [answer.status_code for answer in sent]
    return any(status >= 500 or status == 200 for status in answers)


def nests_deeply(scene: Scene) -> bool:
    """A body that parsers follow down until they fall."""
    bodies = (b"[" * 100_000, b'{"a":' * 20_000, b"\xff\xfe", b"1" * 100_000, b"")
    headers = {"origin": scene.site, "content-type": "application/json", "connection": "close"}
    answers = [
        scene.ann.client.post(f"/app/{JOIN}", content=body, headers=headers) for body in bodies
    ]
    return any(not 400 <= answer.status_code < 500 for answer in answers)


def reads_a_file_of_the_server(scene: Scene) -> bool:
    """As the value of every component that takes files, and of some that do not."""
    page = config(scene.ann, "/app/files")
    buttons = {
        one["id"]: str(one["props"]["elem_id"]).removeprefix("send-")
        for one in page.get("components", [])
        if str(one["props"].get("elem_id")).startswith("send-")
    }
    answers = ""
    for one in page.get("dependencies", []):
        if (kind := buttons.get(one["targets"][0][0] if one["targets"] else -1)) is not None:
            answers += told(scene.ann, "/app", one["id"], [_disguised(kind)])
    copies = [path for path in scene.filed() if path in answers or path.split("/")[-2] in answers]
    return any(
        scene.ann.client.get(f"/app/gradio_api/file={path}").status_code == 200 for path in copies
    )


def _disguised(kind: str) -> Any:
    """A picture of the server as somebody's upload, in the form that a component expects."""
    picture = Path(__file__).parents[2] / "benchmarks/results/starter_quality.png"
    file = {"path": str(picture), "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
    shapes: dict[str, Any] = {
        "Gallery": [{"image": file, "caption": None}],
        "ImageEditor": {"background": file, "layers": [], "composite": file},
        "MultimodalTextbox": {"text": "", "files": [file]},
        "ImageSlider": [file, file],
        "Chatbot": [{"role": "user", "content": [{"type": "file", "file": file}]}],
        "JSON": {"a": [file]},
    }
    return shapes.get(kind, file)


def gets_its_cookie_back(scene: Scene) -> bool:
    """Asks for a part of a file, whose answer repeats the request's headers to a script."""
    path = f"/app/gradio_api/file={scene.uploaded}"
    answer = scene.ann.client.get(path, headers={"range": "bytes=0-1"})
    return scene.ann.session in str(dict(answer.headers))
