"""Attacks on the wire, with words and on files: each returns whether it succeeded."""

from __future__ import annotations

import httpx

from tests.site.attack_hands import (
    JOIN,
    MARKUP,
    Scene,
    config,
    head,
    opened,
    raw,
)

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
