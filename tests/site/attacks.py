"""Attacks on a running app: each is tried as its name says, and returns whether it succeeded."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from ourvidz.domain.job import Job
from ourvidz.domain.library import Video
from tests.site.browsers import PASSWORD, Browser
from tests.site.weakened import HEADER

EVIL = "https://evil.example"
MARKUP = "<img src=x onerror=alert(1)>${globalThis.pwned=1}{{constructor.constructor}}"
JOIN, READ = "gradio_api/queue/join", "gradio_api/queue/data"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One app and those who come there. ann has a job, a video, a project and a character;
    mallory has an account; visitor has none. secret: a word that only Ann's things have in them.
    uploaded: a file where Gradio keeps uploads; filed: all that lie there now.
    """

    site: str
    ann: Browser
    mallory: Browser
    visitor: Browser
    ann_id: UUID
    secret: str
    job: Job
    video: Video
    uploaded: str
    filed: Callable[[], list[str]]


Attack = Callable[[Scene], bool]


# --- Hands ---------------------------------------------------------------------------------------


def config(browser: Browser, path: str) -> dict[str, Any]:
    """What a page tells the browser about itself; {} when there is no such page."""
    page = browser.get(path).text
    _, found, rest = page.partition("window.gradio_config = ")
    return json.JSONDecoder().raw_decode(rest)[0] if found else {}


def join(browser: Browser, mount: str, number: Any, data: Any, **more: Any) -> httpx.Response:
    """Call a handler by its number, as the page's script would."""
    said = {"fn_index": number, "data": data, "session_hash": uuid4().hex, "event_data": None}
    headers = {"origin": browser.site} | more.pop("headers", {})
    return browser.client.post(f"{mount}/{JOIN}", json=said | more, headers=headers)


def events(browser: Browser, mount: str, tab: str, headers: dict[str, str] | None = None) -> str:
    """What comes on a tab's stream until all of its events have ended."""
    answer = ""
    url = f"{mount}/{READ}?session_hash={tab}"
    with browser.client.stream("GET", url, headers=headers) as stream:
        for line in stream.iter_lines():
            answer += line
            if '"close_stream"' in line or '"unexpected_error"' in line:
                break
    return answer


def told(browser: Browser, mount: str, number: int, data: list[Any], **more: Any) -> str:
    """Everything that a handler answers, "" when it could not be called."""
    tab = uuid4().hex
    headers = more.get("headers")
    if join(browser, mount, number, data, session_hash=tab, **more).status_code != 200:
        return ""
    return events(browser, mount, tab, headers)


def opened(browser: Browser, page: dict[str, Any], mount: str, query: str = "", **more: Any) -> str:
    """What all handlers answer that run when a page is opened."""
    answer = ""
    for one in page.get("dependencies", []):
        if any(event == "load" for _, event in one["targets"]):
            answer += told(browser, mount, one["id"], [query] * len(one["inputs"]), **more)
    return answer


def raw(scene: Scene, request: bytes, wait_s: float = 5.0) -> bytes:
    """The first bytes of the answer to a request that no client library would send."""
    host, port = scene.site.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait_s) as wire:
        wire.sendall(request)
        try:
            return wire.recv(4096)
        except TimeoutError:
            return b"open"


def head(browser: Browser, line: str, *more: str) -> bytes:
    """A request's head with that browser's cookies."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    host = browser.site.removeprefix("http://")
    lines = [line, f"host: {host}", f"origin: {browser.site}", f"cookie: {cookies}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


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
    ways = (EVIL, "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)")
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
    return scene.secret in opened(visitor, page, "/app", headers=headers)


def uses_an_old_cookie(scene: Scene) -> bool:
    """After its owner has signed out."""
    victim = Browser(scene.site).grown_up()
    victim.post("/auth/sign-in", email=scene.mallory.email, password=PASSWORD)
    cookies = "; ".join(f"{name}={value}" for name, value in victim.client.cookies.items())
    assert victim.client.get("/api/jobs/x").status_code == 403, "signed in"
    victim.post("/auth/sign-out")
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


# --- On the wire ---------------------------------------------------------------------------------


def sends_too_much(scene: Scene) -> bool:
    """A long body, one that does not say its length, one that says two lengths, a long head."""
    headers = {"origin": scene.site, "content-type": "application/json"}
    send = scene.ann.client.post
    answers = [
        send(f"/app/{JOIN}", content=b" " * (2**18 + 1), headers=headers).status_code != 413,
        send(f"/app/{JOIN}", content=iter([b"{}"]), headers=headers).status_code != 411,
        send("/auth/sign-in", data={"email": "x" * 2**18}, headers=headers).status_code != 413,
        scene.ann.client.get("/healthz", headers={"cookie": "a=" + "x" * 40_000}).status_code < 400,
    ]
    both = ("content-length: 5", "transfer-encoding: chunked")
    smuggled = head(scene.visitor, "POST /auth/sign-in HTTP/1.1", *both)
    chunk = f"{2**19:x}\r\n".encode() + b"a" * 2**19 + b"\r\n0\r\n\r\n"
    answers.append(not raw(scene, smuggled + chunk).startswith((b"HTTP/1.1 411", b"HTTP/1.1 400")))
    return any(answers)


def smuggles_a_request(scene: Scene) -> bool:
    """Requests that a proxy and a server may read differently; none is to be answered with 2xx."""
    line, end = "POST /age HTTP/1.1", b"answer=adult"
    kind = "content-type: application/x-www-form-urlencoded"
    length = f"content-length: {len(end)}"
    ways = (
        (length, "content-length: 1"), (length, "transfer-encoding: xchunked"),
        (length, "transfer-encoding: chunked"), (f"content-length : {len(end)}",),
        (f"content-length: +{len(end)}",), (length, "host: evil.example"),
        (length, "x\x00y: z"), (length, "a\rb: c"),
    )  # fmt: skip
    answers = [raw(scene, head(scene.visitor, line, kind, *way) + end) for way in ways]
    return any(answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3")) for answer in answers)


def keeps_connections(scene: Scene) -> bool:
    """Says nothing, half a head, or half a body, for ever."""
    begun = head(scene.ann, f"POST /app/{JOIN} HTTP/1.1", "content-length: 9") + b"{"
    ways = (b"", b"GET /healthz HTTP/1.1\r\nhost: x\r\n", begun)
    return any(raw(scene, way, wait_s=1.5) == b"open" for way in ways)


# --- Words ---------------------------------------------------------------------------------------


def writes_markup_into_a_page(scene: Scene) -> bool:
    """In the words of a project and of a character, as the pages show them."""
    pages = {path: config(scene.ann, path) for path in ("/app/", "/app/characters")}
    query = f"?project={scene.job.project_id}&step=prompt"
    answers = [opened(scene.ann, page, "/app", query) for page in pages.values()]
    assert all(scene.secret in answer for answer in answers), "shown at all"
    return any("<img src=x" in answer.replace("\\u003c", "<") for answer in answers)


def writes_markup_into_a_form(scene: Scene) -> bool:
    """In an address that is shown again."""
    evil = f'"><script>{MARKUP}</script>@x.example'
    answers = [
        scene.ann.post("/account/email", current="x", new_email=evil),
        scene.ann.get(f'/auth/recover?next="{MARKUP}'),
    ]
    return any("<script>" in answer.text or "<img src=x" in answer.text for answer in answers)


# --- Files ---------------------------------------------------------------------------------------


def reads_a_file_without_a_link(scene: Scene) -> bool:
    """By its key, with no signature, another's, or a forged one."""
    link = scene.ann.client.get(f"/media/{scene.video.id}").headers.get("location", "")
    path, _, query = link.partition("?")
    forged = query.replace("sig=", "sig=A")
    queries = ("", f"exp={2**40}&sig=x", f"{query}&exp={2**40}", forged, f"{query}&download=x.html")
    ways = [f"{path}?{one}" for one in queries] + [f"{path[:-1]}?{query}"]
    return any(httpx.get(scene.site + way).status_code == 200 for way in ways)


def leaves_the_folder_of_files(scene: Scene) -> bool:
    """Dots and slashes, plain and encoded, in the name of a file."""
    ways = ("videos-final/../../site", "videos-final/%2e%2e/%2e%2e/secrets/site", "../secrets/site",
            "videos-final/..%2f..%2fsecrets%2fsite", "%2e%2e/secrets/site", "..%5c..%5csite",
            "system-assets/../../secrets/site", "//etc/passwd", "%2fetc%2fpasswd")  # fmt: skip
    requests = [head(scene.visitor, f"GET /m/{way} HTTP/1.1") for way in ways]
    static = [head(scene.ann, f"GET {way} HTTP/1.1") for way in (
        "/static/../site.py", "/static/%2e%2e/site.py", "/app/assets/%2e%2e/%2e%2e/%2e%2e/app.py",
        "/app/static/..%2f..%2f..%2froutes.py")]  # fmt: skip
    return any(raw(scene, one).startswith(b"HTTP/1.1 200") for one in (*requests, *static))
