"""Folders with files of configuration, and an environment that knows of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perqueue.config import Config, ConfigError, load_config
from perqueue.config.errors import FILE

Load = Callable[..., Config]
Refusal = Callable[..., str]


def write(folder: Path, text: str) -> Path:
    """A file of configuration in a folder, which is made; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose home has no configuration."""
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def load(tmp_path: Path, environ: dict[str, str]) -> Load:
    """``load(toml, PERQUEUE_X=...)``: the configuration for a folder with such a file, under such variables."""

    def load(text: str = "", **variables: str) -> Config:
        write(tmp_path, text)
        return load_config(str(tmp_path), {**environ, **variables})

    return load


@pytest.fixture
def refusal(load: Load) -> Refusal:
    """``refusal(toml, PERQUEUE_X=...)``: what is said of one that can't be used."""

    def refusal(text: str = "", **variables: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load(text, **variables)
        return str(caught.value)

    return refusal
