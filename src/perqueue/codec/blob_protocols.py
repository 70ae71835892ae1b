"""What the codec asks of a place for large arrays: only named in annotations, so that nobody pays for typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class BlobSink(Protocol):
    """Where large arrays go while a value is encoded."""

    def put_array(self, array: Array) -> str | None:
        """Keep ``array`` and return its digest, or return None to have it written into the text instead."""


class BlobSource(Protocol):
    """Where large arrays are found again while a text is decoded."""

    def open_array(self, digest: str) -> Array:
        """The array of this digest, writable and its own. Raises DecodeError where it is missing or damaged."""
