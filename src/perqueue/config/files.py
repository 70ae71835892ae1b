"""The files of a configuration: where they lie, and what stands in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .errors import FILE, ConfigError
from .keys import Place, settings_in

_QUEUE = ".perqueue"


def config_files(start: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The files that configure a folder, the one that counts first first.

    Those of the folder and of all above it, that in the nearest queue's folder, and the user's own.
    """
    own = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    upward = list(_upward(os.path.abspath(start)))
    queue = next((folder for folder in upward if os.path.isdir(f"{folder}/{_QUEUE}")), None)
    found = [f"{folder}/{FILE}" for folder in upward]
    if queue is not None:
        found.append(f"{queue}/{_QUEUE}/{FILE}")
    found.append(f"{own}/perqueue/{FILE}")
    return tuple(dict.fromkeys(path for path in found if os.path.isfile(path)))


def config_path(start: str, environ: Mapping[str, str]) -> str | None:
    """The file that counts first, if there is any."""
    return next(iter(config_files(start, environ)), None)


def read_file(path: str) -> list[tuple[Place, object]]:
    """The settings of a file, checked.

    Raises:
        ConfigError: It can't be read, a key is unknown, or a value is not allowed.
    """
    import tomllib  # only where there is a file

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except (OSError, ValueError) as error:  # not TOML, or not UTF-8
        raise ConfigError(path, "the file", f"it can't be read: {error}") from error
    return list(settings_in(path, tables))


def _upward(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above
