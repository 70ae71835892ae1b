"""Which setting or flag asks for a plugin: said where nobody has that plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from perqueue.plugins.errors import UnknownPluginError


@contextmanager
def asked_by(where: str) -> Iterator[None]:
    """Have the error for a name that nothing has say where the name stands.

    Args:
        where: The file and the key, or the flag.
    """
    try:
        yield
    except UnknownPluginError as error:
        raise UnknownPluginError(error.what, error.name, error.known, where) from None
