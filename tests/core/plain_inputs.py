"""What each entry must be given, read off the state as plainly as the compatibility page says it.

No sources, no caches, no order of events: results that pass from parent to child, renamed on the way where there are
ports. The planner must come to the same, however it got there.
"""

from __future__ import annotations

from collections.abc import Mapping

from perqueue.core.merge import arguments, merge, select
from perqueue.core.records import Entry, Frame, Ref
from perqueue.core.view import Json
from perqueue.store.memory import State

_Results = list[tuple[int, dict[str, Json]]]


def plain_inputs(state: State, entry: Entry) -> Mapping[str, Json]:
    """The entry's merged inputs, as the results stand now."""
    return arguments(merge(_once(_given(state, entry))))


def _given(state: State, item: Entry | Frame) -> _Results:
    if item.node < 0:
        if item.frame == 0:
            return []
        # An iteration: the one before it gives, or what was given to the loop.
        if item.copy > 0:
            return _results(state, state.places[item.frame, item.copy - 1, -1])
        return _given(state, state.frames[item.frame])
    links = state.node(item.graph, item.node).parents
    if not links:
        return _given(state, state.frames[item.frame])
    found: _Results = []
    for link in links:
        results = _results(state, state.places[item.frame, item.copy, link.parent])
        found += [(key, select(values, link.ports)) for key, values in results]
    return found


def _results(state: State, ref: Ref) -> _Results:
    if ref > 0:
        return [(ref, arguments(state.data(ref)))]
    frame = state.frames[-ref]
    if frame.limit:
        return _results(state, state.places[frame.id, frame.copies - 1, -1])
    if frame.scope < 0 or frame.copies == 0:
        return _given(state, frame)
    last = state.scope(frame.graph, frame.scope).last
    places = [(frame.id, copy, node) for copy in range(frame.copies) for node in last]
    return [result for place in places for result in _results(state, state.places[place])]


def _once(results: _Results) -> _Results:
    """In the order of the keys, each way that a result came by once."""
    found: _Results = []
    for result in sorted(results, key=lambda pair: pair[0]):
        if result not in found:
            found.append(result)
    return found
