"""``pq plugins``: what is installed, what it brings, and what of it can't be used and why."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from perqueue.engine.folder import find_folder
from perqueue.engine.troubles import Trouble, read_troubles
from perqueue.plugins.finding import OURS, Found
from perqueue.plugins.manager import load_plugins

from ..app import COMMANDS
from ..printing import moment, put, put_json
from ..tables import Line, print_table


def show_plugins(*, as_json: bool) -> None:
    """List all plugins, perqueue's own parts first."""
    found = load_plugins(COMMANDS).found
    folder = find_folder()
    troubles = [] if folder is None else read_troubles(folder.root)
    if as_json:
        put_json({"plugins": [_as_data(one) for one in found], "troubles": [asdict(one) for one in troubles]})
        return
    lines = [line for one in found for line in _lines(one)]
    print_table(["Plugin", "Package", "Version", "Kind", "Name", "Summary"], lines, flexible=["Summary", "Name"])
    problems = [f"{one.name} ({one.package} {one.version}): {problem}" for one in found for problem in one.problems]
    for title, told in (("Can't be used:", problems), ("Not working in this queue:", _told(troubles))):
        if told:
            put()
            put(title)
            for line in told:
                put(f"  {' '.join(line.split())}")
    if len(found) == 1:
        put()
        put("No plugin is installed besides perqueue's own parts.")


def _lines(one: Found) -> list[Line]:
    if not one.brings:
        return [Line((one.name, one.package, one.version, "-", "-", ""))]
    codecs = [brought for brought in one.brings if brought.kind == "codec"]
    cells = [(brought.kind, brought.name, brought.summary) for brought in one.brings]
    if one.package == OURS:  # its many codecs are of interest to few
        cells = [cell for cell in cells if cell[0] != "codec"]
        cells.append(("codec", f"{len(codecs)} of them", "types of Python, numpy and ASE"))
    return [Line((one.name, one.package, one.version, *cell)) for cell in cells]


def _told(troubles: list[Trouble]) -> list[str]:
    return [f"{trouble} (since {moment(trouble.at)})" for trouble in troubles]


def _as_data(one: Found) -> dict[str, Any]:
    return {
        "name": one.name,
        "package": one.package,
        "version": one.version,
        "brings": [asdict(brought) for brought in one.brings],
        "problems": [{"kind": p.kind or None, "name": p.name or None, "why": p.why} for p in one.problems],
    }
