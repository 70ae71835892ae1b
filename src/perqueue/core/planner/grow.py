"""Make the entries and frames of a scope, waiting; and take them away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from attrs import evolve

from ..graph import JoinKind, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from ..records import Entry, Frame, Ref
from ..standing import kind_of
from .draft import Draft
from .stops import give_up


def grow(draft: Draft, frame: Frame, start: int = 0) -> None:
    """Make what stands in the copies of a frame's body, from ``start`` on, groups' contents in their place.

    In topological order. The walk keeps a stack of its own, so that groups may be nested as deep as a user likes.
    """
    walks = [_walk(draft, frame, start)]
    while walks:
        inner = next(walks[-1], None)
        if inner is None:
            walks.pop()
        else:
            walks.append(_walk(draft, inner, 0))


def iterate(draft: Draft, loop: Frame, copy: int) -> Frame:
    """Make an iteration of a loop, its newest, and what stands in it."""
    draft.put(evolve(loop, copies=copy + 1))
    frame = _iteration(draft, loop, copy)
    grow(draft, frame)
    return frame


def drop(draft: Draft, refs: Iterable[Ref], at: float) -> None:
    """Forget entries, whose attempts under way are stopped, and frames."""
    for ref in refs:
        item = draft.item(ref)
        if isinstance(item, Entry) and item.state.active:
            give_up(draft, item, at, "removed", "stopped, because its entry was removed")
        draft.drop(ref)


def contents(draft: Draft, frame: Frame, start: int = 0) -> Iterator[Ref]:
    """What stands directly in the copies of a frame from ``start`` on: of a loop, its iterations."""
    if isinstance(kind_of(draft, frame), LoopKind):
        nodes: tuple[int, ...] = (-1,)
    else:
        nodes = () if frame.scope < 0 else draft.scope(frame.graph, frame.scope).nodes
    for copy in range(start, frame.copies):
        for node in nodes:
            if (ref := draft.at(frame.id, copy, node)) is not None:
                yield ref


def everything(draft: Draft, refs: Iterable[Ref]) -> list[Ref]:
    """The refs and whatever stands in them."""
    found: list[Ref] = []
    todo = list(refs)
    while todo:
        ref = todo.pop()
        found.append(ref)
        if ref < 0:
            todo.extend(contents(draft, draft.frame(-ref)))
    return found


def _walk(draft: Draft, around: Frame, start: int) -> Iterator[Frame]:
    """Make the entries and frames of a frame's copies; stops at each frame that has contents to be made next."""
    kind = kind_of(draft, around)
    if isinstance(kind, LoopKind):
        yield _iteration(draft, around, 0)
        return
    scope = draft.scope(around.graph, around.scope)
    nodes = [draft.node(around.graph, number) for number in scope.nodes]
    for copy in range(start, around.copies):
        index = (copy, *around.index) if isinstance(kind, WidthKind) else around.index
        for node in nodes:
            if isinstance(node.kind, TaskKind):
                _make_entry(draft, around, copy, node, index)
                continue
            made = _make_frame(draft, around, copy, node, node.kind, index)
            if made.copies:
                yield made


# What stands first waits for one thing: that its frame opens.


def _iteration(draft: Draft, loop: Frame, copy: int) -> Frame:
    lasts = len(draft.scope(loop.graph, loop.scope).last)
    number = draft.number("frame")
    iteration = (*loop.iteration, copy)
    frame = Frame(
        number, loop.graph, loop.id, copy, -1, loop.scope,
        waiting=1, open=lasts, index=loop.index, iteration=iteration,
    )  # fmt: skip
    draft.add_frame(frame)
    return frame


def _make_entry(draft: Draft, around: Frame, copy: int, node: Node, index: tuple[int, ...]) -> None:
    task = draft.node_task(around.graph, node.index)
    key, executor = draft.number("entry"), draft.task(task).executor
    entry = Entry(
        key, around.graph, around.id, copy, node.index, task, executor,
        waiting=len(node.parents) or 1, index=index, iteration=around.iteration,
    )  # fmt: skip
    draft.add_entry(entry)


def _make_frame(
    draft: Draft,
    around: Frame,
    copy: int,
    node: Node,
    kind: WidthKind | LoopKind | SwitchKind | JoinKind,
    index: tuple[int, ...],
) -> Frame:
    scope, copies, lasts = -1, 0, 0
    match kind:
        case WidthKind(body=scope, width=width):
            # As many as are known by now.
            copies = width or 0
            lasts = copies * len(draft.scope(around.graph, scope).last)
        case LoopKind(body=scope):
            copies, lasts = 1, 1
        case SwitchKind() | JoinKind():
            pass
        case _:
            assert_never(kind)
    number = draft.number("frame")
    frame = Frame(
        number, around.graph, around.id, copy, node.index, scope, copies,
        waiting=len(node.parents) or 1, open=lasts, index=index, iteration=around.iteration,
    )  # fmt: skip
    draft.add_frame(frame)
    return frame
