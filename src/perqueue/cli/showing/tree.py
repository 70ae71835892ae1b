"""``pq ls --tree``: entries under the groups that they stand in, by copy, iteration and branch."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, assert_never

from attrs import frozen

from perqueue.core.graph import JoinKind, LoopKind, SwitchKind, TaskKind, WidthKind
from perqueue.core.records import FrameState
from perqueue.core.states import EntryState
from perqueue.store.protocol import Row, Snapshot
from perqueue.views.rules import description, name, policy_data
from perqueue.views.tree import Knot, Leaf, Level, tree

from ..choice import Damaged, Listed, read_rows
from ..printing import clipped, coloured, counted, on_terminal, one_line, put

_FEW: Final = 5
"""More copies or iterations than this are folded, and more entries side by side than ten times as many."""
_FIRST: Final = 3
"""So many of what is folded are shown all the same: the first copies, the last iterations."""
_LABEL: Final = 60
"""Characters of a group's description on a terminal."""
_LONGEST_LABEL: Final = 1000
"""Elsewhere."""
_GUIDES: Final = ("├── ", "└── ", "│   ", "    ")
_PLAIN_GUIDES: Final = ("|-- ", "`-- ", "|   ", "    ")
_TROUBLE: Final = (EntryState.failed, EntryState.timeout)


@frozen
class _Fold:
    """Stands for what is not shown."""

    text: str


_Item: TypeAlias = Knot | Leaf | _Fold


def grow(state: Snapshot, items: Collection[Listed | Damaged], *, everything: bool) -> list[Knot]:
    """The submissions of the items; ``everything``: these are all entries, so groups without any are shown too."""
    rows = [item.row for item in items if isinstance(item, Listed)]
    if everything:
        return tree(state, rows)
    whole: list[Row] = []
    for graph in sorted({row.entry.graph for row in rows}):
        whole += [item.row for item in read_rows(state, state.keys_of(graph)) if isinstance(item, Listed)]
    return tree(state, whole, frozenset(row.entry.key for row in rows))


def print_tree(submissions: Sequence[Knot], *, unfold: bool, error: bool) -> None:
    """Print it; ``unfold``: all copies, however many; ``error``: with what went wrong."""
    guides = _guides()
    for submission in submissions:
        put(f"Submission {submission.number}: {_counts(submission.counts)}")
        walks = [_walk(submission, unfold=unfold)]
        pads: list[str] = []
        while walks:
            found = next(walks[-1], None)
            if found is None:
                walks.pop()
                pads = pads[: max(0, len(walks) - 1)]
                continue
            item, last = found
            item, text = _flattened(item, error=error)
            put("".join(pads) + guides[last] + text)
            if isinstance(item, Knot):
                walks.append(_walk(item, unfold=unfold))
                pads.append(guides[2 + last])


def tree_data(submissions: Sequence[Knot]) -> list[dict[str, Any]]:
    """It for programs: nested, and nothing folded."""
    found = [_knot_data(submission) for submission in submissions]
    todo = list(zip(submissions, found, strict=True))
    while todo:
        knot, data = todo.pop()
        for child in _children(knot):
            told = _leaf_data(child) if isinstance(child, Leaf) else _knot_data(child)
            data["children"].append(told)
            if isinstance(child, Knot):
                todo.append((child, told))
    return found


def _children(knot: Knot) -> list[Knot | Leaf]:
    children = [child for _, child in sorted(knot.children.items())]
    return [child for child in children if isinstance(child, Leaf) or child.chosen]


def _walk(knot: Knot, *, unfold: bool) -> Iterator[tuple[_Item, bool]]:
    """What is shown in a knot, each with whether it is the last."""
    children = _children(knot)
    items: list[_Item] = list(children) if unfold else _folded(knot, children)
    for number, item in enumerate(items, 1):
        yield item, number == len(items)


def _folded(knot: Knot, children: list[Knot | Leaf]) -> list[_Item]:
    """The children, without most of many: what failed is always there."""
    inside = knot.level is Level.group
    many = [child for child in children if inside or isinstance(child, Leaf)]
    if len(many) <= (_FEW if inside else 10 * _FEW):
        return list(children)
    last = isinstance(knot.kind, LoopKind) and inside
    kept = {id(child) for child in (many[-_FIRST:] if last else many[:_FIRST])}
    kept |= {id(child) for child in many if _troubled(child)}
    gone = [child for child in many if id(child) not in kept]
    if not gone:
        return list(children)
    counts: Counter[EntryState] = Counter()
    for child in gone:
        counts.update(child.counts if isinstance(child, Knot) else [child.row.entry.state])
    ids = {id(child) for child in gone}
    shown: list[_Item] = [child for child in children if id(child) not in ids]
    what = ("earlier iteration", "more copy")[not last] if inside else "more entry"
    plural = {"more copy": "more copies", "more entry": "more entries"}.get(what)
    fold = _Fold(f"... {counted(len(gone), what, plural)} ({_counts(counts)}): --all shows them")
    return [fold, *shown] if last else [*shown, fold]


def _troubled(child: Knot | Leaf) -> bool:
    return child.troubled if isinstance(child, Knot) else child.row.entry.state in _TROUBLE


def _flattened(item: _Item, *, error: bool) -> tuple[_Item, str]:
    """What goes on below an item, and its line: a copy or iteration of a single entry is on the entry's line."""
    match item:
        case _Fold():
            return item, item.text
        case Leaf():
            return item, _leaf_line(item.row, error=error)
        case Knot():
            children = _children(item)
            single = item.level is not Level.group and len(item.children) == 1
            if single and len(children) == 1 and isinstance(children[0], Leaf):
                return children[0], f"{_place(item)}: {_leaf_line(children[0].row, error=error)}{_left_out(item)}"
            if item.level is Level.group:
                return item, f"{_label(item)}: {', '.join(_group_words(item))}"
            return item, f"{_place(item)}: {_counts(item.counts)}{_left_out(item)}"
        case _:
            assert_never(item)


def _leaf_line(row: Row, *, error: bool) -> str:
    entry = row.entry
    reason = f" ({one_line(entry.reason)})" if entry.reason and entry.reason != str(entry.state) else ""
    outcome = None if row.result is None or row.entry.result != row.entry.attempt else row.result.outcome
    message = f": {one_line(outcome.message)}" if error and outcome is not None and outcome.message else ""
    return f"{entry.key} {one_line(row.task.name)}, {coloured(str(entry.state), entry.state)}{reason}{message}"


def _label(knot: Knot) -> str:
    most = _LABEL if on_terminal() else _LONGEST_LABEL
    return "" if knot.kind is None else clipped(one_line(description(knot.kind)), most)


def _group_words(knot: Knot) -> Iterator[str]:
    """How a group is getting on."""
    frame, kind = knot.frame, knot.kind
    yield knot.over or str(frame.state)
    decided = frame.state in (FrameState.open, FrameState.done)
    match kind:
        case WidthKind(width=None) if not decided and not frame.copies:
            yield "not built yet"
        case WidthKind():
            yield f"{knot.done} of {counted(frame.copies, 'copy', 'copies')} done"
            if left_out := sum(child.left_out for child in knot.knots()):
                yield f"{left_out} left out"
        case LoopKind(max_tries=tries):
            yield f"{frame.copies} of at most {counted(frame.limit or tries, 'iteration')}"
        case SwitchKind():
            if knot.key is not None:
                yield f"branch {knot.key!r}, which is empty"
            elif frame.scope < 0:
                yield "no branch taken" if decided else "not decided yet"
        case TaskKind() | JoinKind() | None:
            raise AssertionError(kind)
        case _:
            assert_never(kind)


def _place(knot: Knot) -> str:
    return f"branch {knot.key!r}" if knot.level is Level.branch else f"{knot.level} {knot.number}"


def _left_out(knot: Knot) -> str:
    return " - left out" if knot.left_out else ""


def _counts(counts: Mapping[EntryState, int]) -> str:
    return ", ".join(f"{state}: {counts[state]}" for state in EntryState if counts.get(state)) or "no entries"


def _leaf_data(leaf: Leaf) -> dict[str, Any]:
    entry = leaf.row.entry
    return {
        "level": "entry",
        "key": entry.key,
        "name": leaf.row.task.name,
        "state": str(entry.state),
        "reason": entry.reason,
    }


def _knot_data(knot: Knot) -> dict[str, Any]:
    counts = {str(state): knot.counts[state] for state in EntryState if knot.counts.get(state)}
    told: dict[str, Any] = {"level": str(knot.level)}
    match knot.level:
        case Level.group:
            told |= _group_data(knot)
        case Level.branch:
            told["branch"] = knot.key
        case Level.copy:
            told |= {"number": knot.number, "left_out": knot.left_out}
        case Level.submission | Level.iteration:
            told["number"] = knot.number
        case _:
            assert_never(knot.level)
    return {**told, "counts": counts, "children": []}


def _group_data(knot: Knot) -> dict[str, Any]:
    kind, frame = knot.kind, knot.frame
    assert kind is not None
    told: dict[str, Any] = {"group": name(kind), "label": description(kind), "state": str(frame.state)}
    told["over"] = knot.over or None
    match kind:
        case WidthKind(policy=policy):
            return {**told, "copies": frame.copies, "done": knot.done, "policy": policy_data(policy)}
        case LoopKind(max_tries=tries):
            return {**told, "iterations": frame.copies, "at_most": frame.limit or tries}
        case SwitchKind(branches=branches):
            return {**told, "branches": [branch.key for branch in branches], "empty_branch": knot.key}
        case TaskKind() | JoinKind():
            raise AssertionError(kind)
        case _:
            assert_never(kind)


def _guides() -> tuple[str, str, str, str]:
    """What draws the branches, in characters that stdout takes."""
    try:
        "".join(_GUIDES).encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return _PLAIN_GUIDES
    return _GUIDES
