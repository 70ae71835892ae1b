"""Where an entry's or frame's inputs come from; merged once for all that read them.

What is given to an item comes along its links. What stands first in a body is given what its frame was given, or its
copy's element of it; an iteration of a loop is given what the one before it returned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from attrs import evolve, frozen

from ..graph import Link, LoopKind, WidthKind
from ..merge import arguments, encode, merge, select
from ..policy import STRICT
from ..records import Entry, Frame, Ref, SourceRef
from ..standing import kind_of, survivors
from ..tasklike import Ports
from ..view import Json
from .draft import Draft

Way: TypeAlias = tuple[Ports, ...]
"""The ports that a result passes, one after the other."""

Result: TypeAlias = tuple[SourceRef, Way]
"""Where a result is, never 0; and the way that it takes."""


@frozen
class Kept:
    """Something given that no entry or frame returned as it is: an element of a result, kept as a source."""

    source: SourceRef


Feed: TypeAlias = list[tuple[Link, "Ref | Kept"]]
"""What something is given, in the order of its description."""

ALL = Link(-1)


def merged_inputs(draft: Draft, item: Entry | Frame) -> SourceRef:
    """The source of what an item is given, all of which is done.

    A single parent's result is read where it is; anything else is merged and kept as a source of its own.
    """
    origin, feed = fed_by(draft, item)
    if isinstance(origin, Frame) and origin.source:
        return origin.source
    if len(feed) == 1 and feed[0][0].ports is None:
        return _output(draft, feed[0][1])
    source = _merged(draft, feed)
    if isinstance(origin, Frame):
        draft.put(evolve(origin, source=source))
    return source


def fed_by(draft: Draft, item: Entry | Frame) -> tuple[Entry | Frame, Feed]:
    """What an item is given; with the item itself or, where the item stands first in it, the frame that is given it."""
    while True:
        if item.node >= 0 and (links := draft.node_of(item).parents):
            found = ((link, draft.at(item.frame, item.copy, link.parent)) for link in links)
            return item, [(link, ref) for link, ref in found if ref is not None]
        if item.frame == 0:
            return item, []
        around = draft.frame(item.frame)
        if item.node < 0 and item.copy > 0:
            before = draft.at(around.id, item.copy - 1, -1)
            return item, [] if before is None else [(ALL, before)]
        if item.node >= 0 and around.elements:
            return item, [(ALL, Kept(-(around.elements + item.copy)))]
        item = around


def results_into(draft: Draft, item: Entry | Frame) -> list[Result]:
    """The single results of which what an item is given consists."""
    return _results(draft, fed_by(draft, item)[1])


def results_of(draft: Draft, frame: Frame) -> list[Result]:
    """The single results of which what a frame returns consists."""
    return _results(draft, [(ALL, frame.ref)])


def data_of(draft: Draft, source: SourceRef) -> Mapping[str, Json] | None:
    """What a source holds, encoded."""
    if source > 0:
        return draft.data(source)
    found: Mapping[str, Json] = json.loads(draft.source(-source).data)
    return found


def keys_of(draft: Draft, source: SourceRef) -> tuple[int, ...]:
    """The entries that a source comes from."""
    return (source,) if source > 0 else draft.source(-source).keys


def pass_on(data: Mapping[str, Json], way: Way) -> Mapping[str, Json]:
    """What is left of some values, under which names, after all ports on their way."""
    for ports in way:
        data = select(data, ports)
    return data


def ends(draft: Draft, frame: Frame) -> list[list[Ref]]:
    """What a frame's results come from: the last nodes of each copy that counts; nothing where nothing ran."""
    kind = kind_of(draft, frame)
    if isinstance(kind, LoopKind):
        last = draft.at(frame.id, frame.copies - 1, -1)
        return [] if last is None else [[last]]
    if frame.scope < 0:
        return []
    lasts = draft.scope(frame.graph, frame.scope).last
    strict = not isinstance(kind, WidthKind) or kind.policy == STRICT or not (frame.lost or frame.failed)
    copies = range(frame.copies) if strict else survivors(draft, frame)
    return [[ref for node in lasts if (ref := draft.at(frame.id, copy, node)) is not None] for copy in copies]


def _output(draft: Draft, ref: Ref | Kept) -> SourceRef:
    """The source that reads what a ref returned. A group's is worked out when it is first asked for."""
    if isinstance(ref, Kept):
        return ref.source
    if ref > 0:
        return ref
    frame = draft.frame(-ref)
    if frame.output == 0:
        lasts = [last for copy in ends(draft, frame) for last in copy]
        # Nothing ran in an empty group: what it was given passes through.
        output = _merged(draft, [(ALL, last) for last in lasts]) if lasts else merged_inputs(draft, frame)
        frame = evolve(draft.frame(-ref), output=output)
        draft.put(frame)
    return frame.output


def _merged(draft: Draft, feed: Feed) -> SourceRef:
    """One source for several results, or for one whose values are renamed."""
    results = _results(draft, feed)
    if not results:
        return 0
    if len(results) == 1 and not results[0][1]:
        return results[0][0]
    first_key = {source: keys_of(draft, source)[0] for source, _ in results}
    in_order = sorted(results, key=lambda result: first_key[result[0]])
    merged = merge((first_key[source], pass_on(arguments(data_of(draft, source)), way)) for source, way in in_order)
    keys = {key for source in first_key for key in keys_of(draft, source)}
    return -draft.add_source(tuple(sorted(keys)), encode(merged))


def _results(draft: Draft, feed: Feed) -> list[Result]:
    """The single results in a feed, each way once.

    A join, and a group in which nothing ran, pass on what they were given: renamed on the way in, if there were ports.
    """
    found: dict[Result, None] = {}
    seen: set[tuple[Ref, Way]] = set()
    todo = [(ref, _way(link)) for link, ref in reversed(feed)]
    while todo:
        ref, way = todo.pop()
        if isinstance(ref, Kept):
            found[ref.source, way] = None
        elif (ref, way) not in seen:
            seen.add((ref, way))
            if ref > 0:
                found[ref, way] = None
                continue
            frame = draft.frame(-ref)
            if lasts := [last for copy in ends(draft, frame) for last in copy]:
                todo.extend((last, way) for last in reversed(lasts))
            else:
                todo.extend((given, _way(link) + way) for link, given in reversed(fed_by(draft, frame)[1]))
    return list(found)


def _way(link: Link) -> Way:
    return () if link.ports is None else (link.ports,)
