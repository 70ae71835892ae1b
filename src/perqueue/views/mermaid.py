"""A picture as Mermaid text, which many editors, forges and web sites draw."""

from __future__ import annotations

from .colours import EDGES, FILLS
from .picture import Box, Picture


def mermaid(picture: Picture) -> str:
    """The text of a flow chart from left to right."""
    lines = ["flowchart LR"]
    lines += [f'    b{box.id}["{_label(box)}"]{_class(box)}' for box in picture.boxes]
    lines += [f"    b{parent} --> b{child}" for parent, child in picture.arrows]
    for state in dict.fromkeys(box.state for box in picture.boxes):
        if state is not None:
            lines.append(f"    classDef {state} fill:{FILLS[state]},stroke:{EDGES[state]},color:#1a1a1a")
    return "\n".join(lines) + "\n"


def _label(box: Box) -> str:
    lines = [part for part in (box.title, box.detail) if part]
    return "<br/>".join(_escaped(line) for line in lines)


def _escaped(text: str) -> str:
    """Text that Mermaid takes literally: everything it could take for its own is given by number."""
    return "".join(
        character if character.isalnum() or character in " _-.,:×" else f"#{ord(character)};" for character in text
    )


def _class(box: Box) -> str:
    return "" if box.state is None else f":::{box.state}"
