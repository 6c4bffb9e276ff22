"""Everything that the environment may decide, read once by an entry point and passed down.

With none of the servers' addresses set, OurVidz is embedded: it starts its own servers below
`home`. With any of them set it is hosted, and then whoever starts must have all that it needs.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.job import KINDS, JobKind

PREFIX = "OURVIDZ_"
#: Who starts: the web app, a worker, or an operator's command.
Entry = Literal["app", "worker", "admin"]

_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|change[-_ ]?it|your[-_ ]|replace[-_ ]|placeholder|example|x{8,}|\.\.\."
    r"|<.*>|\[.*\]|\{.*\}|^(secret|password|todo|none|null)$",
    re.IGNORECASE,
)
_SHORTEST_TOKEN = 24
_ADDRESSES = ("database_url", "worker_database_url", "redis_url", "supabase_url")

#: What each entry needs when hosted, and what to put there.
_NEEDED: dict[Entry, tuple[str, ...]] = {
    "app": (
        "database_url", "redis_url", "supabase_url", "supabase_anon_key", "supabase_service_key",
        "public_url", "worker_token", "secret_key",
    ),
    "worker": ("worker_database_url", "redis_url", "public_url", "worker_token"),
    "admin": (
        "database_url", "redis_url", "supabase_url", "supabase_anon_key", "supabase_service_key",
    ),
}  # fmt: skip
_ADVICE = {
    "database_url": "the database's address for the role ourvidz_app, session pooler, port 5432, "
    "as postgresql://ourvidz_app.REF:PASSWORD@HOST:5432/postgres?sslmode=require",
    "worker_database_url": "the same database's address for the role ourvidz_worker, "
    "as postgresql://ourvidz_worker.REF:PASSWORD@HOST:5432/postgres?sslmode=require",
    "redis_url": "the Redis server's address, as rediss://default:PASSWORD@HOST:6379",
    "supabase_url": "the project's address, as https://REF.supabase.co",
    "supabase_anon_key": "the anon (publishable) key from the project's API settings",
    "supabase_service_key": "the service_role (secret) key from the project's API settings",
    "public_url": "the address under which browsers and workers reach the app, as https://HOST",
    "worker_token": "the output of `openssl rand -hex 32`, the same for the app and its workers",
    "secret_key": "the output of `openssl rand -hex 32`; another one signs everybody out",
}


def default_home() -> Path:
    """Where everything is kept by default: a folder of the user, or of the system for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/ourvidz")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "ourvidz"


def _real(secret: SecretStr) -> SecretStr:
    """Refuse what somebody forgot to fill in; of an address only the password counts."""
    value = secret.get_secret_value()
    if password := re.search(r"://[^:/]*:(.*)@", value):
        value = unquote(password[1])
    elif "://" in value:
        value = "an address without a password"
    if not value.strip() or _PLACEHOLDER.search(value):
        raise ValueError("is empty or a placeholder; put the real secret there")
    return secret


def _long(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _SHORTEST_TOKEN:
        raise ValueError(f"is too short; use {_ADVICE['worker_token']}")
    return secret


def _web_address(url: str) -> str:
    """Without a closing slash; plain http only on this machine."""
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in (("http", "https") if local else ("https",)):
        raise ValueError("must be an https:// address (http:// only for this machine)")
    return url.rstrip("/")


def _words(value: Any) -> Any:
    """A list as people write it in the environment: words between commas."""
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    return value


Secret = Annotated[SecretStr, AfterValidator(_real)]
Token = Annotated[SecretStr, AfterValidator(_real), AfterValidator(_long)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """The settings of one process; every field can be set as OURVIDZ_<NAME>.

    home: folder for everything that is kept. device: None takes CUDA where there is a GPU.
    host, port: where the app listens; public_url: under which address others reach it.
    forwarded_allow_ips: what uvicorn reads, without our prefix: proxies that may say who asks.
    database_url, worker_database_url: for the roles ourvidz_app and ourvidz_worker;
    admin_database_url: for the owner of the schema, needed by `ourvidz migrate` only.
    supabase_jwt_secret: only for projects whose tokens are still signed by HS256.
    worker_token: with it a worker asks the app for links to files.
    secret_key: of it the keys of cookies and sessions are made; embedded it is made and kept here.
    welcome_credits: what a new account gets.
    smtp_url: smtp://USER:PASSWORD@HOST:587 (or smtps://) for codes; None writes them to `outbox`.
    guard_url: endpoint of a model that judges prompts; without it explicit content is refused.
    worker_models: families a worker offers, () for all that run there. lease_s: see the queue.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(default_factory=default_home)
    device: Literal["cpu", "cuda"] | None = None

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    public_url: WebAddress | None = None
    forwarded_allow_ips: str = Field(default="", validation_alias="FORWARDED_ALLOW_IPS")

    database_url: Secret | None = None
    worker_database_url: Secret | None = None
    admin_database_url: Secret | None = None
    redis_url: Secret | None = None
    supabase_url: WebAddress | None = None
    supabase_anon_key: Secret | None = None
    supabase_service_key: Secret | None = None
    supabase_jwt_secret: Secret | None = None

    smtp_url: Secret | None = None
    smtp_from: str = "OurVidz <no-reply@localhost>"

    guard_url: WebAddress | None = None
    guard_key: Secret | None = None
    guard_kind: Literal["llama-guard", "moderations"] = "llama-guard"
    guard_model: str = ""

    worker_token: Token | None = None
    secret_key: Token | None = None
    welcome_credits: int = Field(default=5, ge=0, le=1000)
    worker_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    worker_kinds: Annotated[tuple[JobKind, ...], NoDecode, BeforeValidator(_words)] = KINDS
    lease_s: float = Field(default=60.0, ge=1.0, le=600.0)

    @property
    def hosted(self) -> bool:
        """Whether the servers are given instead of started here."""
        return any(getattr(self, name) is not None for name in _ADDRESSES)

    @property
    def app_url(self) -> str:
        """Under which address browsers and workers reach the app."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def models_dir(self) -> Path:
        """Where models are looked for first, and where converted ones are written."""
        return self.home / "models"

    @property
    def speeds_path(self) -> Path:
        """What this machine's jobs told about its speed; see `pipeline.budget.Speeds`."""
        return self.home / "calibration.json"

    @property
    def data_dir(self) -> Path:
        """What the embedded servers keep."""
        return self.home / "data"

    @property
    def media_dir(self) -> Path:
        """The embedded storage's files."""
        return self.home / "media"

    @property
    def scratch_dir(self) -> Path:
        """What a worker keeps between the attempts of a job."""
        return self.home / "scratch"

    @property
    def secrets_dir(self) -> Path:
        """Keys and passwords made here, each readable by the owner only."""
        return self.home / "secrets"

    @property
    def outbox_dir(self) -> Path:
        """E-mails that no server was given for."""
        return self.home / "outbox"

    def need(self, entry: Entry) -> None:
        """Raise InvalidRequest for the first variable that a hosted `entry` lacks."""
        for name in _NEEDED[entry] if self.hosted else ():
            if getattr(self, name) is None:
                raise InvalidRequest(
                    PREFIX + name.upper(), f"is not set; set it to {_ADVICE[name]}"
                )

    def kept_secret(self, name: str) -> SecretStr:
        """The secret `name` of this home (32 random bytes, in hex), made when first asked for.

        Several processes may ask at once: all get the same. Raises Unavailable when it can not
        be kept.
        """
        path = self.secrets_dir / name
        try:
            if not path.exists():
                _write_secret(path, secrets.token_hex(32))
            return SecretStr(path.read_text().strip())
        except OSError as error:
            raise Unavailable(
                "secrets", f"{path} can not be used ({error.strerror}); make it yours or delete it"
            ) from error


def read_settings(**typed: Any) -> Settings:
    """The settings of the environment; what was typed on the command line comes before it.

    Raises InvalidRequest, naming the variable, when a value can not be used.
    """
    try:
        return Settings(**typed)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(name, f"{reason}; change the variable or unset it") from error


def quiet_gradio(temp_dir: Path) -> None:
    """What Gradio reads from the environment when it is imported: nothing is sent anywhere, and
    uploads lie in a folder of ours.
    """
    temp_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False", GRADIO_RUN_HISTORY="False", GRADIO_TEMP_DIR=str(temp_dir)
    )


#: Of libraries: optional packages that are missing, and what a GPU process leaves that is killed
#: as intended. Nobody who reads the terminal can do anything about either.
_QUIET = {
    "PYTHONWARNINGS": "ignore:resource_tracker:UserWarning",
    "TRANSFORMERS_VERBOSITY": "error",
}


def environment_of_children(home: Path) -> dict[str, str]:
    """What processes that work on the same `home` are started with: ours, saying which it is."""
    return {**_QUIET, **os.environ, PREFIX + "HOME": str(home), "PYTHONUNBUFFERED": "1"}


def _write_secret(path: Path, text: str) -> None:
    """Write `text` for the owner only; whoever comes second leaves the first one's file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
