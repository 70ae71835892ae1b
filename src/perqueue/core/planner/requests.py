"""What users ask for. A request that can't be granted raises and changes nothing."""

from __future__ import annotations

from attrs import evolve

from ..decision import Stop
from ..errors import StateError, UnknownEntryError
from ..events import Cancelled, Edited, Removed, Resubmitted, Submitted
from ..graph import TaskKind
from ..records import Entry, Frame, Ref, Standing
from ..standing import entry_standing
from ..states import EntryState, Trigger, move
from .draft import Draft
from .flow import Flow
from .grow import contents, drop, grow


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
    Flow(draft, event.at).open_frame(draft.frame(frame.id))


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
        before = entry_standing(draft, entry)
        entry = evolve(entry, state=move(entry.state, Trigger.RESUBMIT), reason="", retries=0, continued=0)
        draft.put(entry)
        flow.changed(key, before, Standing.pending)
        if entry.waiting == 0:
            draft.put(evolve(_entry(draft, key), state=move(entry.state, Trigger.READY)))
    draft.hear(event)


def cancelled(draft: Draft, event: Cancelled) -> None:
    """Give up entries: those with an executor are stopped and fail when that is reported, others fail at once.

    Raises:
        StateError: An entry is settled already.
    """
    known = _known(draft, event.keys)
    for entry in known:
        if entry.state.settled:
            raise StateError(entry.key, entry.state, "cancel", "nothing of it is under way")
    for entry in (_entry(draft, one.key) for one in known):
        # One that an earlier one of the same request has axed won't run anyway.
        if entry.state is EntryState.axed:
            continue
        if entry.state.active:
            draft.put(evolve(entry, reason="cancelled"))  # so that however it ends, no retry follows
            draft.act(Stop(entry.key, entry.attempt, "cancelled"))
        else:
            entry = evolve(entry, state=move(entry.state, Trigger.CANCEL), reason="cancelled")
            draft.put(entry)
            Flow(draft, event.at).changed(entry.key, Standing.pending, entry_standing(draft, entry))
    draft.hear(event)


def removed(draft: Draft, event: Removed) -> None:
    """Forget entries and everything that depends on them; attempts under way are stopped."""
    known = _known(draft, event.keys)
    drop(draft, dependents(draft, [entry.key for entry in known]), event.at)
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
        draft.put(evolve(entry, task=task, executor=event.task.executor, retries=0, continued=0))
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
        around = _ends(draft, item)
        while around is not None and around.id not in passed:
            # What follows the group depends on it too; the group's other copies don't.
            passed.add(around.id)
            todo.extend(_after(draft, around))
            around = _ends(draft, around)
        if isinstance(item, Frame):
            todo.extend(contents(draft, item))
    return list(found)


def _after(draft: Draft, item: Entry | Frame) -> list[Ref]:
    """What depends on an item directly: its node's children, or the next iteration."""
    if item.node >= 0:
        places = [(item.copy, child) for child in draft.node_of(item).children]
    else:
        places = [(item.copy + 1, -1)] if item.frame else []
    found = (draft.at(item.frame, copy, node) for copy, node in places)
    return [ref for ref in found if ref is not None]


def _ends(draft: Draft, item: Entry | Frame) -> Frame | None:
    """The frame whose end an item is a part of: a loop's, of each of its iterations."""
    if not item.frame or (item.node >= 0 and not draft.node_of(item).last):
        return None
    return draft.frame(item.frame)


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
