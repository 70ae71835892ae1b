"""The store in JSON files: a journal that is only appended to, with snapshots, for people who read and diff."""

from __future__ import annotations

from typing import Final

from ..protocol import Store, StorePlugin

FOLDER: Final = "store"


def _create(root: str) -> None:
    from .store import JsonStore  # only where there is such a queue

    JsonStore.create(f"{root}/{FOLDER}")


def _open(root: str) -> Store:
    from .store import JsonStore  # only where there is such a queue

    return JsonStore(f"{root}/{FOLDER}")


JSON: Final = StorePlugin(
    name="json",
    summary="a journal of JSON lines with snapshots, to read and to diff",
    create=_create,
    open=_open,
    files=(FOLDER,),
)

__all__ = ["FOLDER", "JSON"]
