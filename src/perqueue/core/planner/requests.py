"""What users ask for. A request that can't be granted raises and changes nothing."""

from __future__ import annotations

from attrs import evolve

from ..decision import Stop
from ..errors import StateError, UnknownEntryError
from ..events import Cancelled, Edited, Removed, Resubmitted, Submitted
from ..graph import TaskKind
from ..records import Entry, Frame, Ref
from ..states import EntryState, Trigger, move
from .draft import Draft
from .flow import Flow
from .grow import grow


def submitted(draft: Draft, event: Submitted) -> None:
    """Make the entries of a new graph and give the goahead to those that wait for nothing."""
    number = draft.add_graph(event.graph, event.tasks)
    tasks = draft.graph_tasks(number)
    for node in event.graph.nodes:
        if isinstance(node.kind, TaskKind):
            draft.set_node_task(number, node.index, tasks[node.kind.task])
    whole = event.graph.scopes[0]
    frame = Frame(draft.number("frame"), number, 0, 0, -1, scope=0, open=len(whole.last))
    draft.add_frame(frame)
    grow(draft, frame)
    draft.hear(event)
    Flow(draft, event.at).open_frame(frame)


def resubmitted(draft: Draft, event: Resubmitted) -> None:
    """Run settled entries again; what depends on them goes back to waiting and runs again after them.

    Raises:
        StateError: An entry is waiting, axed or with an executor.
    """
    for entry in _known(draft, event.keys):
        _check_settled(entry)
    flow = Flow(draft, event.at)
    for key in sorted(set(event.keys)):
        entry = _entry(draft, key)
        # One that an earlier one of the same request sent back to waiting runs again anyway.
        if entry.state in (EntryState.waiting, EntryState.goahead, EntryState.axed):
            continue
        before = entry.state
        entry = evolve(entry, state=move(before, Trigger.RESUBMIT), reason="")
        draft.put(entry)
        if before is EntryState.succeeded:
            flow.undone(key)
        elif before is EntryState.discarded:
            flow.undead(key)
        if entry.waiting == 0:
            draft.put(evolve(_entry(draft, key), state=move(entry.state, Trigger.READY)))
    draft.hear(event)


def cancelled(draft: Draft, event: Cancelled) -> None:
    """Give up entries: those with an executor are stopped and fail when that is reported, others fail at once.

    Raises:
        StateError: An entry is settled already.
    """
    for entry in _known(draft, event.keys):
        if entry.state.settled:
            raise StateError(entry.key, entry.state, "cancel", "nothing of it is under way")
        if entry.state.active:
            draft.act(Stop(entry.key, entry.attempt, "cancelled"))
        else:
            draft.put(evolve(entry, state=move(entry.state, Trigger.CANCEL), reason="cancelled"))
    draft.hear(event)


def removed(draft: Draft, event: Removed) -> None:
    """Forget entries and everything that depends on them; attempts under way are stopped."""
    known = _known(draft, event.keys)
    for ref in dependents(draft, [entry.key for entry in known]):
        item = draft.item(ref)
        if isinstance(item, Entry) and item.state.active:
            draft.act(Stop(item.key, item.attempt, "removed"))
        draft.drop(ref)
    draft.hear(event)


def edited(draft: Draft, event: Edited) -> None:
    """Change what entries run from their next attempt on.

    Raises:
        StateError: An entry is with an executor.
    """
    entries = _known(draft, event.keys)
    for entry in entries:
        if entry.state.active:
            raise StateError(entry.key, entry.state, "change", f"`pq cancel -i {entry.key}` first")
    task = draft.add_task(event.task)
    for entry in entries:
        draft.put(evolve(entry, task=task, executor=event.task.executor))
        if event.everywhere:
            draft.set_node_task(entry.graph, entry.node, task)
    draft.hear(event)


def dependents(draft: Draft, keys: list[int]) -> list[Ref]:
    """The entries and frames that are, or depend on, these entries; groups with all that stands in them."""
    found: dict[Ref, None] = {}
    passed: set[int] = set()
    todo: list[Ref] = list(reversed(keys))
    while todo:
        ref = todo.pop()
        if ref in found:
            continue
        found[ref] = None
        item = draft.item(ref)
        todo.extend(_after(draft, item))
        while item.node >= 0 and draft.node_of(item).last and item.frame not in passed:
            # What follows the group depends on it too; the group's other copies don't.
            passed.add(item.frame)
            item = draft.frame(item.frame)
            todo.extend(_after(draft, item))
        inside = draft.item(ref)
        if isinstance(inside, Frame) and inside.scope >= 0:
            todo.extend(_contents(draft, inside))
    return list(found)


def _after(draft: Draft, item: Entry | Frame) -> list[Ref]:
    if item.node < 0:
        return []
    children = draft.node_of(item).children
    found = (draft.at(item.frame, item.copy, child) for child in children)
    return [ref for ref in found if ref is not None]


def _contents(draft: Draft, frame: Frame) -> list[Ref]:
    nodes = draft.scope(frame.graph, frame.scope).nodes
    found = (draft.at(frame.id, copy, node) for copy in range(frame.copies) for node in nodes)
    return [ref for ref in found if ref is not None]


def _known(draft: Draft, keys: tuple[int, ...]) -> list[Entry]:
    return [_entry(draft, key) for key in sorted(set(keys))]


def _entry(draft: Draft, key: int) -> Entry:
    entry = draft.entry(key)
    if entry is None:
        raise UnknownEntryError(key)
    return entry


def _check_settled(entry: Entry) -> None:
    match entry.state:
        case EntryState.waiting | EntryState.goahead | EntryState.undefined:
            advice = "it will run by itself when what it waits for is done"
        case EntryState.axed:
            advice = "resubmit the discarded entry that it depends on instead"
        case EntryState.queueing | EntryState.running:
            advice = f"`pq cancel -i {entry.key}` first"
        case _:
            return
    raise StateError(entry.key, entry.state, "resubmit", advice)
