"""What the queue keeps: entries, frames, sources, attempts and stored tasks, as immutable rows.

An *entry* is a task in the queue. A *frame* is a running instance of a scope's owner (the submission, a group) or of a
join. Both stand at a *place*: the frame around them, the copy in it, and the node of the graph. A *ref* is one
number for either: an entry's key, or a frame's number negated. A *source* names inputs in the same way: 0 is nothing,
a positive number is the result of that entry, a negative one the merged results kept under that number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from attrs import frozen

from .resources import Resources
from .retry import Retry
from .states import EntryState

Ref: TypeAlias = int
SourceRef: TypeAlias = int


class FrameState(StrEnum):
    """What a frame is doing."""

    waiting = "waiting"
    open = "open"
    done = "done"
    axed = "axed"


class Standing(StrEnum):
    """What something is for whatever depends on it."""

    pending = "pending"
    done = "done"
    dead = "dead"
    """Discarded, or axed because of a discard."""
    missed = "missed"
    """Failed where a group around it tolerates that, or axed because of such a failure."""


@frozen
class Entry:
    """A task in the queue.

    Args:
        key: Its number in the queue, from 1, never given twice.
        graph: Number of the graph it was submitted with.
        frame: The frame that it stands in.
        copy: Which copy of the frame's body.
        node: Its node in the graph.
        task: Number of the stored task that it runs.
        executor: The lane that it runs in (see :class:`StoredTask`).
        state: See :mod:`perqueue.core.states`.
        waiting: Parents that are not done; for a body's first nodes 1 until the body is opened.
        dead: Parents that are dead (see :class:`Standing`); for a body's first nodes 1 if its frame is.
        source: Where its inputs come from, once it was given the goahead.
        attempt: Number of its newest attempt, 0 before the first.
        result: Number of the attempt whose outcome stands, 0 if none does.
        reason: Why it is in its state, in one word, where the state alone doesn't say.
        index: Copy numbers, inner group first.
        iteration: Iteration numbers, outer loop first.
        missed: Parents that are missed, as for ``dead``.
        retries: Attempts that followed others by the task's policy, since the entry was last asked for.
        continued: Attempts that went on from a checkpoint, since then.
    """

    key: int
    graph: int
    frame: int
    copy: int
    node: int
    task: int
    executor: str
    state: EntryState = EntryState.waiting
    waiting: int = 0
    dead: int = 0
    source: SourceRef = 0
    attempt: int = 0
    result: int = 0
    reason: str = ""
    index: tuple[int, ...] = ()
    iteration: tuple[int, ...] = ()
    missed: int = 0
    retries: int = 0
    continued: int = 0

    @property
    def ref(self) -> Ref:
        """The entry as a ref."""
        return self.key


@frozen
class Frame:
    """A submission, group, iteration of a loop or join that is or will be under way.

    A loop holds one frame for each iteration, at the places (loop, iteration, -1).

    Args:
        id: Its number, from 1.
        graph: Number of its graph.
        frame: The frame around it; 0 for a submission.
        copy: Which copy of that frame's body; for an iteration its number.
        node: Its node in the graph; -1 for a submission and for an iteration.
        scope: The scope that its copies run; -1 for a join, and for a switch that took no branch (yet).
        copies: How many copies there are; for a loop, iterations.
        state: waiting for parents, open, done or axed.
        waiting: As for an entry.
        dead: As for an entry.
        open: Last nodes, over all copies, that are not done; a loop has one, its last iteration.
        lost: Last nodes, over all copies, that are dead.
        source: Where its inputs come from, once somebody asked; 0 before.
        output: Where its merged results are, once somebody asked; 0 before.
        index: Copy numbers of what stands beside it, inner group first.
        iteration: Iteration numbers of what stands beside it, outer loop first; of an iteration, its own as well.
        missed: As for an entry.
        failed: Last nodes, over all copies, that are missed.
        standing: What it is for what depends on it.
        typed_source: As ``source``, as one value for typed functions.
        typed_output: As ``output``, as one value for typed functions.
        elements: Source of the first of as many sources as there are copies, one for each of them; 0 if there are none.
        limit: Most iterations of an open loop.
    """

    id: int
    graph: int
    frame: int
    copy: int
    node: int
    scope: int
    copies: int = 1
    state: FrameState = FrameState.waiting
    waiting: int = 0
    dead: int = 0
    open: int = 0
    lost: int = 0
    source: SourceRef = 0
    output: SourceRef = 0
    index: tuple[int, ...] = ()
    iteration: tuple[int, ...] = ()
    missed: int = 0
    failed: int = 0
    standing: Standing = Standing.pending
    typed_source: SourceRef = 0
    typed_output: SourceRef = 0
    elements: int = 0
    limit: int = 0

    @property
    def ref(self) -> Ref:
        """The frame as a ref."""
        return -self.id


@frozen
class Source:
    """Merged results. ``keys``: the entries they come from, ascending; ``data``: encoded JSON object."""

    id: int
    keys: tuple[int, ...]
    data: str


class Verdict(StrEnum):
    """How an attempt ended."""

    succeeded = "succeeded"
    discarded = "discarded"
    failed = "failed"
    timeout = "timeout"


@frozen
class Outcome:
    """What is known of the end of an attempt.

    Args:
        verdict: How it ended.
        reason: One word for it: returned, raised, exit, signal, walltime, cancelled, lost, ...
        message: One line for a person.
        traceback: The task's own traceback, if it raised.
        data: The result as an encoded JSON object, or None.
        started: Unix time in seconds, or None if it never ran.
        ended: Unix time in seconds.
        host: Where it ran.
        pid: Its process, or None.
        maxrss_kb: Peak memory in KiB, or None.
        cpu_s: CPU time in seconds, or None.
    """

    verdict: Verdict
    reason: str
    message: str = ""
    traceback: str = ""
    data: str | None = None
    started: float | None = None
    ended: float | None = None
    host: str = ""
    pid: int | None = None
    maxrss_kb: int | None = None
    cpu_s: float | None = None


@frozen
class Attempt:
    """One launch of an entry.

    Args:
        key: The entry.
        number: From 1.
        executor: The lane that it was given to (see :class:`StoredTask`).
        queued: When it was recorded. Times are Unix times in seconds.
        started: When it began to run, if it has.
        ended: When it ended, if it has.
        host: Where it runs or ran.
        pid: Its process, if known.
        job: The scheduler's id for it.
        outcome: None until it ended.
        resources: What it asked for, if that is not what the task asks for.
        restarts: How often the scheduler itself started it again.
    """

    key: int
    number: int
    executor: str
    queued: float
    started: float | None = None
    ended: float | None = None
    host: str = ""
    pid: int | None = None
    job: str = ""
    outcome: Outcome | None = None
    resources: Resources | None = None
    restarts: int = 0


@frozen
class StoredTask:
    """A task as it is kept: everything that a launch needs.

    Args:
        name: For listings and selections.
        code: Absolute path of the script.
        func: Name of the function.
        args: Encoded JSON object.
        resources: What it asks for.
        executor: The lane that the configuration gave for these resources: ``local``, or an executor and a partition,
            as in ``slurm:xeon24``.
        context: Number of the interpreter, environment and folder it was submitted from.
        folder: Working folder pattern, or None for the submission's.
        module: The module to import a typed function from; empty for the function of a script.
        retry: When attempts follow others by themselves; None: never.
    """

    name: str
    code: str
    func: str
    args: str
    resources: Resources
    executor: str
    context: int
    folder: str | None = None
    module: str = ""
    retry: Retry | None = None


@frozen
class Context:
    """What a task finds around it: the interpreter, environment and folder of its submission."""

    interpreter: str
    folder: str
    env: tuple[tuple[str, str], ...]


@frozen
class PendingStop:
    """An attempt that has to be stopped, until its executor says that it ended."""

    key: int
    attempt: int
    executor: str
    why: str
