"""Where an entry's or frame's inputs come from; merged once for all that read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import evolve

from ..graph import Link
from ..merge import arguments, encode, merge, select
from ..records import Entry, Frame, Ref, SourceRef
from ..tasklike import Ports
from ..view import Json
from .draft import Draft

_Way: TypeAlias = tuple[Ports, ...]
"""The ports that a result passes, one after the other."""

_Result: TypeAlias = tuple[int, _Way]


def inputs_of(draft: Draft, item: Entry | Frame) -> SourceRef:
    """The source of an item whose parents are all done.

    What stands first in a body reads what its frame read. A single parent's result is read where it is; anything
    else is merged and kept as a source of its own.
    """
    links = draft.node_of(item).parents
    if not links:
        return draft.frame(item.frame).source
    parents = _parents(draft, item, links)
    if len(parents) == 1 and parents[0][0].ports is None:
        return _output(draft, parents[0][1])
    return _merged(draft, parents)


def _output(draft: Draft, ref: Ref) -> SourceRef:
    """The source that reads what a ref returned. A group's is worked out when it is first asked for."""
    if ref > 0:
        return ref
    frame = draft.frame(-ref)
    if frame.output == 0:
        lasts = _lasts(draft, frame)
        # Nothing ran in an empty group: its parents' results pass through.
        output = _merged(draft, [(_ALL, last) for last in lasts]) if lasts else frame.source
        frame = evolve(frame, output=output)
        draft.put(frame)
    return frame.output


_ALL = Link(-1)


def _lasts(draft: Draft, frame: Frame) -> list[Ref]:
    if frame.scope < 0:
        return []
    last = draft.scope(frame.graph, frame.scope).last
    found = (draft.at(frame.id, copy, node) for copy in range(frame.copies) for node in last)
    return [ref for ref in found if ref is not None]


def _merged(draft: Draft, parents: list[tuple[Link, Ref]]) -> SourceRef:
    """One source for several parents, or for one whose values are renamed."""
    results = _results(draft, parents)
    keys = tuple(sorted({key for key, _ in results}))
    if not keys:
        return 0
    if len(keys) == 1 and not any(way for _, way in results):
        return keys[0]
    in_order = sorted(results, key=lambda result: result[0])
    merged = merge((key, _pass(draft.data(key), way)) for key, way in in_order)
    return -draft.add_source(keys, encode(merged))


def _results(draft: Draft, parents: list[tuple[Link, Ref]]) -> list[_Result]:
    """The results that come from some parents, each way once.

    A join, and a group in which nothing ran, pass on what they were given: renamed on the way in, if there were ports.
    """
    found: dict[_Result, None] = {}
    seen: set[tuple[Ref, _Way]] = set()
    todo = [(ref, _way(link)) for link, ref in reversed(parents)]
    while todo:
        ref, way = todo.pop()
        if (ref, way) in seen:
            continue
        seen.add((ref, way))
        if ref > 0:
            found[ref, way] = None
            continue
        frame = draft.frame(-ref)
        if lasts := _lasts(draft, frame):
            todo.extend((last, way) for last in reversed(lasts))
        else:
            todo.extend((parent, _way(link) + way) for link, parent in reversed(_given_by(draft, frame)))
    return list(found)


def _given_by(draft: Draft, item: Entry | Frame) -> list[tuple[Link, Ref]]:
    """What an item's inputs come from: its parents, or those of the body's frame (and so on) if it stands first."""
    while item.node >= 0:
        links = draft.node_of(item).parents
        if links:
            return _parents(draft, item, links)
        item = draft.frame(item.frame)
    return []


def _parents(draft: Draft, item: Entry | Frame, links: tuple[Link, ...]) -> list[tuple[Link, Ref]]:
    return [(link, ref) for link in links if (ref := draft.at(item.frame, item.copy, link.parent)) is not None]


def _way(link: Link) -> _Way:
    return () if link.ports is None else (link.ports,)


def _pass(data: Mapping[str, Json] | None, way: _Way) -> Mapping[str, Json]:
    values = arguments(data)
    for ports in way:
        values = select(values, ports)
    return values
