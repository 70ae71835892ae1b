"""``pq inspect``: what depends on what, as a picture, as Mermaid text or for programs."""

from __future__ import annotations

import os
from typing import Final

from perqueue.core.errors import UnknownEntryError, UsageError
from perqueue.engine.folder import need_folder
from perqueue.views.pictures.boxes import Picture
from perqueue.views.pictures.mermaid import mermaid
from perqueue.views.pictures.picture import Shown, picture

from ..printing import put, put_json
from .listing import counts_as_data

_KINDS: Final = (".png", ".svg", ".mmd")


class PictureError(UsageError):
    """A picture that can't be made."""


def show_graph(key: int | None, output: str | None, *, template: bool, instance: bool, as_json: bool) -> None:
    """Draw the submission of an entry, or all of the queue.

    ``template``: what may happen; ``instance``: what did; neither: what did, and what may happen yet.

    Raises:
        UnknownEntryError: There is no such entry.
        PictureError: Both were asked for, the file's name doesn't say which kind of picture, or it can't be written.
    """
    if template and instance:
        raise PictureError("--template and --instance are two pictures: give one of them, or neither for both in one")
    kind = "" if output is None else os.path.splitext(output)[1].lower()
    if output is not None and kind not in _KINDS:
        raise PictureError(f"{output!r}: its ending says no kind of picture; give one of {', '.join(_KINDS)}")
    store = need_folder().open_store()
    try:
        with store.snapshot() as state:
            entry = None if key is None else state.entry(key)
            if key is not None and entry is None:
                raise UnknownEntryError(key)
            found = picture(state, entry, _shown(template=template, instance=instance))
    finally:
        store.close()
    if as_json:
        put_json(_as_data(found))
    if output is not None:
        _write(found, output, kind)
        if not as_json:
            put(f"wrote {os.path.abspath(output)}")
    elif not as_json:
        put(mermaid(found).rstrip())


def _shown(*, template: bool, instance: bool) -> Shown:
    if template:
        return Shown.template
    return Shown.instance if instance else Shown.both


def _as_data(found: Picture) -> dict[str, object]:
    boxes = [
        {
            "id": box.id,
            "name": box.name,
            "keys": list(box.keys),
            "copies": box.copies,
            "counts": counts_as_data(box.counts),
            "group": box.group or None,
            "planned": box.planned,
        }
        for box in found.boxes
    ]
    groups = [
        {
            "id": group.id,
            "title": group.title,
            "detail": group.detail,
            "group": group.group or None,
            "planned": group.planned,
        }
        for group in found.groups
    ]
    return {"nodes": boxes, "groups": groups, "edges": [list(arrow) for arrow in found.arrows]}


def _write(found: Picture, path: str, kind: str) -> None:
    try:
        if kind == ".mmd":
            with open(path, "w", encoding="utf-8") as file:
                file.write(mermaid(found))
        else:
            from perqueue.views.pictures.drawing import draw  # matplotlib takes its time to import

            draw(found, path, kind[1:])
    except OSError as error:
        raise PictureError(f"{path!r} can't be written: {error}") from error
