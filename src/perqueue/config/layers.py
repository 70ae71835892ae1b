"""The layers of the configuration, one over the other: flags, variables, then files from near to far."""

from __future__ import annotations

import os
from collections.abc import Mapping

from attrs import frozen

from .files import config_files, read_file
from .flags import read_flags
from .keys import Place
from .variables import read_variables


@frozen
class Given:
    """A setting, and where it came from: a file's path, ``the environment variable …``, or ``--set``."""

    value: object
    source: str


@frozen
class Layers:
    """What was configured.

    Args:
        given: Every setting that something gives, by its place.
        files: The files that were read, the one that counts first first.
    """

    given: Mapping[Place, Given]
    files: tuple[str, ...]


def load_layers(start: str, environ: Mapping[str, str] | None = None) -> Layers:
    """What is configured for a folder, key by key; of several layers that give a key, the first counts.

    Args:
        start: The folder.
        environ: The environment; None: this process's.

    Raises:
        ConfigError: A file, variable or flag can't be used.
    """
    environ = os.environ if environ is None else environ
    files = config_files(start, environ)
    in_flags = list(read_flags(environ))
    in_files = [(*setting, path) for path in files for setting in read_file(path)]
    named = [place for place, _, _ in [*in_flags, *in_files]]
    given: dict[Place, Given] = {}
    for place, value, source in [*in_flags, *read_variables(environ, named), *in_files]:
        given.setdefault(place, Given(value, source))
    return Layers(given, files)
