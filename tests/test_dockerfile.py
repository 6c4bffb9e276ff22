"""The image: what it copies is there, what it starts can be started, and nothing in it floats.

No image is built here; the scripts in it are run as they are.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ourvidz.cli.parser import make_parser
from ourvidz.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCKER = ROOT / "docker"


def statements() -> list[tuple[str, str]]:
    """(keyword, rest) of every statement, lines joined, without comments."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    joined = text.replace("\\\n", " ")
    found = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [(keyword, " ".join(rest.split())) for keyword, rest in found]


def all_of(keyword: str) -> list[str]:
    return [rest for one, rest in statements() if one == keyword]


def copied() -> list[str]:
    """What comes out of the working tree."""
    lines = [rest for rest in all_of("COPY") if "--from" not in rest]
    return [word for line in lines for word in line.split()[:-1] if not word.startswith("--")]


def test_every_file_that_is_copied_exists_and_is_let_in() -> None:
    names = copied()
    assert {"app.py", "ourvidz", "docker/entry.sh", "requirements-nodeps.txt"} <= set(names)
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()
              if line.startswith("!")]  # fmt: skip
    for name in names:
        assert (ROOT / name).exists(), name
        assert name.split("/")[0] in let_in, f"{name} is kept out by .dockerignore"


def test_nothing_of_git_tests_or_secrets_comes_in() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and line[0] != "#"]
    assert rules[0] == "*"
    for name in (".git", ".env", "tests", "notebooks", "out"):
        assert not any(fnmatch(name, rule[1:]) for rule in rules if rule[0] == "!")


def test_the_base_is_a_cuda_image_with_a_fixed_tag() -> None:
    bases = [rest.split()[0] for rest in all_of("FROM")]
    (outside,) = [base for base in bases if "/" in base]
    assert re.fullmatch(r"nvidia/cuda:\d+\.\d+\.\d+-runtime-ubuntu\d\d\.04", outside)


def test_torch_is_the_pinned_one_and_comes_first() -> None:
    pins = (ROOT / "requirements.txt").read_text()
    version = re.findall(r"^torch==(\S+)", pins, re.MULTILINE)
    assert [one for one in all_of("ARG") if one.startswith("TORCH_VERSION")] == [
        f"TORCH_VERSION={version[0]}"
    ]
    installs = " ".join(all_of("RUN"))
    order = ["torch==", "--requirement requirements.txt", "--no-deps --requirement", "--editable"]
    places = [installs.index(one) for one in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("cuda", "index", "words"),
    [
        ("", "", ["torch==2.0"]),
        ("cu126", "https://builds", ["--index-url", "https://builds", "torch==2.0+cu126"]),
        ("cu126", "", ["torch==2.0+cu126"]),  # the usual index has none: pip says so
    ],
)
def test_a_cuda_that_was_asked_for_is_never_ignored(
    cuda: str, index: str, words: list[str]
) -> None:
    (line,) = (one for one in all_of("RUN") if "torch==" in one)
    install = line.partition("pip install ")[2]
    variables = {"TORCH_VERSION": "2.0", "TORCH_CUDA": cuda, "TORCH_INDEX": index}
    ran = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {install}"],
        env=variables,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == words


def test_no_packages_come_from_a_named_host() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"https?://[^\s\"']+", text) == []


def test_it_does_not_run_as_root_and_keeps_its_weights_on_a_volume() -> None:
    keywords = [keyword for keyword, _ in statements()]
    assert keywords.index("USER") < keywords.index("ENTRYPOINT")
    assert all_of("USER") == ["10001"]
    assert all_of("VOLUME") == ['["/var/lib/ourvidz"]']
    variables = dict(re.findall(r"(\w+)=(\S+)", " ".join(all_of("ENV"))))
    assert variables["OURVIDZ_HOME"] == "/var/lib/ourvidz"
    assert variables["TORCHINDUCTOR_CACHE_DIR"].startswith(variables["OURVIDZ_HOME"])
    ours = {name for name in variables if name.startswith(PREFIX)}
    assert {name.removeprefix(PREFIX).lower() for name in ours} <= Settings.model_fields.keys()


def test_its_scripts_are_executable_and_named_as_they_are_called() -> None:
    for line in [*all_of("ENTRYPOINT"), *all_of("HEALTHCHECK")]:
        (script,) = re.findall(r"(\w+\.sh)", line)
        assert os.access(DOCKER / script, os.X_OK)
        assert f"docker/{script}" in copied()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder before all others on PATH; its `python` and `ourvidz` say how they were called."""
    for name in ("python", "ourvidz"):
        told = tmp_path / name
        told.write_text(f'#!/bin/sh\necho {name} "$@"\n')
        told.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        ([], "python app.py"),
        (["app"], "python app.py"),
        (["app", "--port", "80"], "python app.py --port 80"),
        (["worker", "--models", "starter"], "ourvidz worker --models starter"),
        (["doctor", "--gpu"], "ourvidz doctor --gpu"),
        (["models", "pull", "wan2.1-14b", "--yes"], "ourvidz models pull wan2.1-14b --yes"),
    ],
)
def test_the_first_word_chooses_the_role(path: Path, words: list[str], runs: str) -> None:
    ran = subprocess.run([DOCKER / "entry.sh", *words], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == runs
    if runs.startswith("ourvidz"):
        assert callable(make_parser().parse_args(words).command)


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def health(role: str, **more: str) -> int:
    variables = {"PATH": os.defpath} | more
    return subprocess.run(
        [DOCKER / "health.sh", role], env=variables, capture_output=True
    ).returncode


def test_an_app_is_healthy_when_it_answers(port: int) -> None:
    import sys

    folder = str(Path(sys.executable).parent)
    path = f"{folder}:/usr/bin:/bin"
    assert health("python app.py", OURVIDZ_PORT=str(port), PATH=path) == 0
    assert health("python app.py", OURVIDZ_PORT="9", PATH=path) != 0
    # The port that was typed goes before the environment's, and a proxy there is none for us.
    for role in (f"python app.py --port {port} ", f"python ourvidz serve --port={port} "):
        assert health(role, OURVIDZ_PORT="9", PATH=path) == 0
    assert health("python ourvidz serve", OURVIDZ_PORT="9", PATH=path) != 0
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert health("python app.py", OURVIDZ_PORT=str(port), PATH=path, **proxy) == 0


def test_a_worker_is_healthy_while_its_card_answers(tmp_path: Path) -> None:
    role = "python ourvidz worker"
    assert health(role, PATH="/usr/bin:/bin") == 0  # without a card there is nothing to lose
    tool = tmp_path / "nvidia-smi"
    for status in (0, 9):
        tool.write_text(f"#!/bin/sh\nexit {status}\n")
        tool.chmod(0o700)
        assert health(role, PATH=f"{tmp_path}:/usr/bin:/bin") == status
