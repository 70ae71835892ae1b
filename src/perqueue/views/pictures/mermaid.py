"""A picture as Mermaid text, which many editors, forges and web sites draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .boxes import Box, GroupBox, Picture
from .colours import EDGES, FILLS

_GROUP: Final = "fill:#fafafa,stroke:#9e9e9e,color:#1a1a1a"
_PLANNED: Final = "fill:#ffffff,stroke:#9e9e9e,color:#757575,stroke-dasharray:4 3"


def mermaid(picture: Picture) -> str:
    """The text of a flow chart from left to right."""
    lines = ["flowchart LR", *_parts(picture)]
    names = {box.id: f"b{box.id}" for box in picture.boxes} | {group.id: f"g{group.id}" for group in picture.groups}
    lines += [f"    {names[start]} --> {names[end]}" for start, end in picture.arrows]
    for planned, style in ((False, "body"), (True, "planned")):
        found = [f"g{group.id}" for group in picture.groups if group.planned is planned]
        if found:
            lines.append(f"    class {','.join(found)} {style}")
    for state in dict.fromkeys(box.state for box in picture.boxes):
        if state is not None:
            lines.append(f"    classDef {state} fill:{FILLS[state]},stroke:{EDGES[state]},color:#1a1a1a")
    if any(not group.planned for group in picture.groups):
        lines.append(f"    classDef body {_GROUP}")
    if any(part.planned for part in picture.parts):
        lines.append(f"    classDef planned {_PLANNED}")
    return "\n".join(lines) + "\n"


def _parts(picture: Picture) -> Iterator[str]:
    """The boxes and groups, each group's contents inside it; a group without any is a box."""
    contents = picture.contents()
    boxes = {box.id: box for box in picture.boxes}
    groups = {group.id: group for group in picture.groups}
    walks = [iter(contents[0])]
    while walks:
        pad = "    " * len(walks)
        number = next(walks[-1], None)
        if number is None:
            walks.pop()
            if walks:
                yield f"{'    ' * len(walks)}end"
        elif number in boxes:
            yield f'{pad}b{number}["{_box_label(boxes[number])}"]{_class(boxes[number])}'
        elif not contents[number]:
            yield f'{pad}g{number}["{_group_label(groups[number])}"]'
        else:
            yield f'{pad}subgraph g{number}["{_group_label(groups[number])}"]'
            walks.append(iter(contents[number]))


def _box_label(box: Box) -> str:
    return _label(box.title, box.detail, "<br/>")


def _group_label(group: GroupBox) -> str:
    return _label(group.title, group.detail, " · ")


def _label(title: str, detail: str, between: str) -> str:
    return between.join(_escaped(line) for line in (title, detail) if line)


def _escaped(text: str) -> str:
    """Text that Mermaid takes literally: everything it could take for its own is given by number."""
    return "".join(
        character if character.isalnum() or character in " _-.,:×≤→" else f"#{ord(character)};" for character in text
    )


def _class(box: Box) -> str:
    if box.planned:
        return ":::planned"
    return "" if box.state is None else f":::{box.state}"
