"""Where an entry's or frame's inputs come from; merged once for all that read them."""

from __future__ import annotations

from attrs import evolve

from ..graph import Link
from ..merge import encode, merge, select
from ..records import Entry, Frame, Ref, SourceRef
from .draft import Draft


def inputs_of(draft: Draft, item: Entry | Frame) -> SourceRef:
    """The source of an item whose parents are all done.

    What stands first in a body reads what its frame read. A single parent's result is read where it is; anything
    else is merged and kept as a source of its own.
    """
    links = draft.node_of(item).parents
    if not links:
        return draft.frame(item.frame).source
    parents = [(link, ref) for link in links if (ref := draft.at(item.frame, item.copy, link.parent)) is not None]
    if len(parents) == 1 and parents[0][0].ports is None:
        return _output(draft, parents[0][1])
    return _merged(draft, parents)


def members(draft: Draft, source: SourceRef) -> tuple[int, ...]:
    """The entries that a source's data come from."""
    if source == 0:
        return ()
    return (source,) if source > 0 else draft.source(-source).keys


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
    last = draft.scope(frame.graph, frame.scope).last
    found = (draft.at(frame.id, copy, node) for copy in range(frame.copies) for node in last)
    return [ref for ref in found if ref is not None]


def _merged(draft: Draft, parents: list[tuple[Link, Ref]]) -> SourceRef:
    """One source for several parents, or for one whose values are renamed."""
    given: dict[tuple[int, Link], None] = {}
    for link, ref in parents:
        for key in members(draft, _output(draft, ref)):
            given[key, Link(-1, link.ports)] = None
    keys = tuple(sorted({key for key, _ in given}))
    if len(keys) == 1 and all(link.ports is None for _, link in given):
        return keys[0]
    if not keys:
        return 0
    in_order = sorted(given, key=lambda pair: pair[0])
    merged = merge((key, select(draft.data(key), link.ports)) for key, link in in_order)
    return -draft.add_source(keys, encode(merged))
