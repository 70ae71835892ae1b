"""Make the entries and frames of a scope, waiting."""

from __future__ import annotations

from typing import assert_never

from ..graph import JoinKind, Node, TaskKind, WidthKind
from ..records import Entry, Frame
from .draft import Draft


def grow(draft: Draft, frame: Frame) -> None:
    """Make what stands in every copy of a frame's body, in topological order, groups' contents included.

    Frames wait on a list of their own, so that groups may be nested as deep as a user likes.
    """
    frames = [frame]
    while frames:
        around = frames.pop()
        scope = draft.scope(around.graph, around.scope)
        nodes = [draft.node(around.graph, number) for number in scope.nodes]
        made: list[Frame] = []
        for copy in range(around.copies):
            index = around.index if around.node < 0 else (copy, *around.index)
            for node in nodes:
                found = _make(draft, around, copy, node, index)
                if found is not None and found.scope >= 0:
                    made.append(found)
        frames.extend(reversed(made))


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
