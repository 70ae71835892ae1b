"""The one value that a typed function is given.

One parent's value is read where it is. Several parents give a tuple, in the order of the description; a width group
gives a list with one value for each copy; a loop and a switch give what their last iteration or their branch gave. A
script's value is the dict that it returned, without the keys that decide groups.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from ..graph import JoinKind, Link, TaskKind, WidthKind
from ..keys import VALUE_KW
from ..merge import arguments, encode, tree, value_in
from ..records import Entry, Frame, Ref, SourceRef
from ..standing import kind_of
from ..view import Json
from .draft import Draft
from .inputs import ALL, Feed, Kept, Result, data_of, ends, fed_by, keys_of, pass_on


@frozen
class Element:
    """One element of a sequence, and the entries that it comes from."""

    keys: tuple[int, ...]
    value: Json


def typed_inputs(draft: Draft, item: Entry | Frame) -> SourceRef:
    """The source of the value that an item is given, all of which is done; 0 if it is given nothing."""
    origin, feed = fed_by(draft, item)
    if isinstance(origin, Frame) and origin.typed_source:
        return origin.typed_source
    if not feed:
        return 0
    if len(feed) == 1 and feed[0][0].ports is None:
        return _output(draft, feed[0][1])
    source = _together(draft, feed)
    if isinstance(origin, Frame):
        draft.put(evolve(draft.frame(origin.id), typed_source=source))
    return source


def keep(draft: Draft, keys: tuple[int, ...], value: Json) -> SourceRef:
    """A source that gives typed functions a value."""
    return -draft.add_source(keys, encode({VALUE_KW: value}))


def elements_into(draft: Draft, frame: Frame, results: list[Result]) -> list[Element] | None:
    """What each copy of a dynamic group is given, if typed functions gave it a sequence; None otherwise."""
    _, feed = fed_by(draft, frame)
    if len(feed) != 1 or feed[0][0].ports is not None or not results:
        return None
    if not all(_typed(draft, result) for result in results):
        return None
    return _elements(draft, feed[0][1])


def _typed(draft: Draft, result: Result) -> bool:
    source, _ = result
    if source < 0:
        return True
    entry = draft.entry(source)
    kind = None if entry is None else draft.node_of(entry).kind
    return isinstance(kind, TaskKind) and kind.typed


def _elements(draft: Draft, ref: Ref | Kept) -> list[Element] | None:
    if not isinstance(ref, Kept) and ref < 0:
        frame = draft.frame(-ref)
        kind = kind_of(draft, frame)
        if isinstance(kind, JoinKind):
            return None
        copies = ends(draft, frame)
        if isinstance(kind, WidthKind):
            return [_element(draft, _body(draft, lasts)) for lasts in copies]
        # Through a loop, a branch or an empty group, to whatever gave its value.
        feed = fed_by(draft, frame)[1] if not copies else [(ALL, last) for last in copies[0]]
        return _elements(draft, feed[0][1]) if len(feed) == 1 and feed[0][0].ports is None else None
    source = _output(draft, ref)
    value = value_in(data_of(draft, source))
    if isinstance(value, dict) and list(value) == ["$tuple"]:
        value = value["$tuple"]
    if not isinstance(value, list):
        return None
    return [Element(keys_of(draft, source), element) for element in value]


def _element(draft: Draft, source: SourceRef) -> Element:
    return Element(keys_of(draft, source), value_in(data_of(draft, source))) if source else Element((), None)


def _all_keys(elements: Iterable[Element]) -> tuple[int, ...]:
    return tuple(sorted({key for element in elements for key in element.keys}))


def _output(draft: Draft, ref: Ref | Kept) -> SourceRef:
    """The source of the value that a ref returned. A group's is worked out when it is first asked for."""
    if isinstance(ref, Kept):
        return ref.source
    if ref > 0:
        return ref
    frame = draft.frame(-ref)
    if frame.typed_output:
        return frame.typed_output
    kind = kind_of(draft, frame)
    copies = ends(draft, frame)
    if isinstance(kind, WidthKind):
        found = [_element(draft, _body(draft, lasts)) for lasts in copies]
        output = keep(draft, _all_keys(found), [element.value for element in found])
    elif copies:
        output = _body(draft, copies[0])
    else:
        output = typed_inputs(draft, frame)
    draft.put(evolve(draft.frame(-ref), typed_output=output))
    return output


def _body(draft: Draft, lasts: list[Ref]) -> SourceRef:
    """The value of one copy of a body."""
    return _output(draft, lasts[0]) if len(lasts) == 1 else _together(draft, [(ALL, last) for last in lasts])


def _together(draft: Draft, feed: Feed) -> SourceRef:
    """The values of several, as a tuple; or of one whose values are renamed."""
    found = [_given(draft, link, ref) for link, ref in feed]
    values: list[Json] = [element.value for element in found]
    value: Json = values[0] if len(values) == 1 else {"$tuple": values}
    return keep(draft, _all_keys(found), value)


def _given(draft: Draft, link: Link, ref: Ref | Kept) -> Element:
    source = _output(draft, ref)
    if link.ports is None or not source:
        return _element(draft, source)
    return Element(keys_of(draft, source), tree(pass_on(arguments(data_of(draft, source)), (link.ports,))))
