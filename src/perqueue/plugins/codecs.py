"""Codecs of plugins, for a task's process: nothing but the finder and their own modules is loaded."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from .finding import Finder, Kind

if TYPE_CHECKING:
    from perqueue.codec.registry import Codec


def _codec() -> type[Codec]:
    from perqueue.codec.registry import Codec

    return Codec


def _core_tags() -> Collection[str]:
    from perqueue.codec.registry import CORE_TAGS

    return CORE_TAGS


CODECS: Final = Kind(
    "codec",
    "perqueue_codecs",
    _codec,
    title=lambda codec: (codec.tag, ", ".join(codec.names)),
    also=lambda codec: codec.names,
    reserved=_core_tags(),
)


def codecs_of_plugins() -> list[Codec]:
    """The codecs that others than perqueue bring."""
    from . import builtin

    finder = Finder(builtin)
    found: dict[str, Codec] = finder.collect(CODECS)
    ours = {brought.name for brought in finder.found[0].brings}
    return [codec for tag, codec in found.items() if tag not in ours]
