"""Make the entries and frames of a scope, waiting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from ..graph import JoinKind, Node, TaskKind, WidthKind
from ..records import Entry, Frame
from .draft import Draft


def grow(draft: Draft, frame: Frame) -> None:
    """Make what stands in every copy of a frame's body, in topological order, groups' contents in their place.

    The walk keeps a stack of its own, so that groups may be nested as deep as a user likes.
    """
    walks = [_walk(draft, frame)]
    while walks:
        inner = next(walks[-1], None)
        if inner is None:
            walks.pop()
        else:
            walks.append(_walk(draft, inner))


def _walk(draft: Draft, around: Frame) -> Iterator[Frame]:
    """Make the entries and frames of a frame's copies; stops at each frame that has contents to be made next."""
    scope = draft.scope(around.graph, around.scope)
    nodes = [draft.node(around.graph, number) for number in scope.nodes]
    for copy in range(around.copies):
        index = around.index if around.node < 0 else (copy, *around.index)
        for node in nodes:
            made = _make(draft, around, copy, node, index)
            if made is not None and made.scope >= 0:
                yield made


def _make(draft: Draft, around: Frame, copy: int, node: Node, index: tuple[int, ...]) -> Frame | None:
    # What stands first waits for one thing: that its frame opens.
    waiting = len(node.parents) or 1
    match node.kind:
        case TaskKind():
            task = draft.node_task(around.graph, node.index)
            draft.add_entry(
                Entry(
                    draft.number("entry"),
                    around.graph,
                    around.id,
                    copy,
                    node.index,
                    task,
                    draft.task(task).executor,
                    waiting=waiting,
                    index=index,
                    iteration=around.iteration,
                )
            )
            return None
        case WidthKind(body=scope, width=copies):
            lasts = copies * len(draft.scope(around.graph, scope).last)
        case JoinKind():
            scope, copies, lasts = -1, 0, 0
        case _:
            assert_never(node.kind)
    frame = Frame(
        draft.number("frame"),
        around.graph,
        around.id,
        copy,
        node.index,
        scope,
        copies,
        waiting=waiting,
        open=lasts,
        index=index,
        iteration=around.iteration,
    )
    draft.add_frame(frame)
    return frame
