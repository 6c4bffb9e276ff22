"""Everything that the environment may decide, read once by an entry point and passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ourvidz.domain.errors import InvalidRequest

PREFIX = "OURVIDZ_"


def default_home() -> Path:
    """Where converted and downloaded models are kept: a folder of the user, or of the system."""
    if os.geteuid() == 0:
        return Path("/var/lib/ourvidz")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "ourvidz"


class Settings(BaseSettings):
    """The settings of one process; every field can be set as OURVIDZ_<NAME>.

    home: folder for downloaded and converted models. device: None takes CUDA where there is a GPU.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home)
    device: Literal["cpu", "cuda"] | None = None

    @property
    def models_dir(self) -> Path:
        """Where models are looked for first, and where converted ones are written."""
        return self.home / "models"


def read_settings() -> Settings:
    """The settings of the environment.

    Raises InvalidRequest, naming the variable, when a value can not be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise InvalidRequest(name, f"{first['msg']}; change the variable or unset it") from error
