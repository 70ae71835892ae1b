"""Every error that perqueue raises on purpose: what was asked, what is true, what to do about it.

Each class composes its own message, so that a place that raises says only the facts. ``UsageError``
marks a user's mistake: the command line prints its one line and exits with status 2, without a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class PerQueueError(Exception):
    """The base of all errors of this package."""


class UsageError(PerQueueError):
    """Something was asked for that can't be done as asked."""


class StorageError(PerQueueError):
    """The queue's files could not be read or written."""


class ResourcesError(UsageError, ValueError):
    """A resource string that is not in the grammar."""

    def __init__(self, text: object, why: str) -> None:
        super().__init__(
            f"resources {text!r}: {why}. Write cores[:partition][:processes]:time, such as '24:xeon24:10m', "
            "'40:xeon40:1:50h' or 's:1:sm3090:gpu=2:2h', or for this machine [cores:][processes:]local[:time], "
            "such as 'local:10m'; a time is a whole number and one of s, m, h, d"
        )


class DescriptionError(UsageError):
    """A task, group or workflow that can't be described as asked; the message names the culprit."""


class NotATaskError(DescriptionError, TypeError):
    """Something that is not a task, group or workflow stands where one is needed."""

    def __init__(self, value: object, where: str) -> None:
        super().__init__(
            f"{where}: {value!r} is a {type(value).__name__}, not a Task, group or Workflow. "
            "Pass a Task, a group, a list of them (a chain), {node: [nodes it depends on]} or a networkx.DiGraph"
        )


class AmbiguousListError(DescriptionError, TypeError):
    """``a >> [b, c]``: a list is a chain elsewhere, yet this reads like a fan-out, so it is refused."""

    def __init__(self, left: str, right: str, parts: Sequence[str], *, list_on_left: bool) -> None:
        chain, fan = " >> ".join(parts), " | ".join(parts)
        if list_on_left:
            readings = f"{chain} >> {right} (one after the other) or ({fan}) >> {right} (side by side)"
        else:
            readings = f"{left} >> {chain} (one after the other) or {left} >> ({fan}) (side by side)"
        super().__init__(f"{left} >> {right} can be read in two ways: write {readings}")


class CycleError(DescriptionError):
    """A task that, directly or not, depends on itself."""

    def __init__(self, names: Sequence[str]) -> None:
        shown = names if len(names) <= 12 else [*names[:6], f"... {len(names) - 11} more ...", *names[-5:]]
        super().__init__(
            f"these depend on each other in a circle: {' -> '.join(shown)}. "
            "Break the circle, or use a CyclicalGroup if it is meant to repeat"
        )


class EmptyGroupError(DescriptionError):
    """A group or workflow without any task."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} has no tasks: put at least one Task in it")


class WidthError(DescriptionError, ValueError):
    """A width that is not a whole number from 0."""

    def __init__(self, what: str, width: object) -> None:
        super().__init__(f"{what}: width {width!r} is not a whole number from 0")


class LimitError(DescriptionError, ValueError):
    """A number of tries that is not a whole number from 1."""

    def __init__(self, tries: object) -> None:
        super().__init__(f"CyclicalGroup: max_tries {tries!r} is not a whole number from 1")


class PolicyError(DescriptionError, ValueError):
    """A policy of a width group that there is not."""

    def __init__(self, where: str, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{where}: {name} {value!r} is not {allowed}")


class RetryError(UsageError, ValueError):
    """A policy for retries that there is not."""

    def __init__(self, name: str, value: object, what: str) -> None:
        super().__init__(f"Retry: {name} {value!r} {what}")


class BranchError(DescriptionError, TypeError):
    """Branches of a switch that can't be read."""

    def __init__(self, why: str) -> None:
        super().__init__(f"SwitchGroup: {why}. Write {{key: tasks}} with strings or whole numbers as keys")


class UndecidedGroupError(DescriptionError):
    """A group before which nothing runs that could say how wide it is, or which branch to take."""

    def __init__(self, group: str, key: str) -> None:
        super().__init__(
            f"{group} stands where nothing comes before it, so nothing can return {key!r}: "
            "put a task before it that does"
        )


class RefusedGroupError(DescriptionError):
    """A group that can't go on, and no task has run yet that could be made to say what it needs."""


class PortError(DescriptionError):
    """Ports that can't be read: they map output names of a dependency to input names of the node."""

    def __init__(self, node: str, dependency: str, ports: object) -> None:
        super().__init__(
            f"{node} takes from {dependency} the ports {ports!r}: write {{output_name: input_name}} with strings, "
            "where the output name None means the first value"
        )


class UnknownEntryError(UsageError, KeyError):
    """No entry has this key."""

    def __init__(self, key: object) -> None:
        self.key = key
        super().__init__(f"there is no entry {key!r} in this queue: `pq ls` shows the keys")

    def __str__(self) -> str:
        return str(self.args[0])


class StateError(UsageError):
    """An entry is not in a state in which this can be done."""

    def __init__(self, key: int, state: str, asked: str, advice: str) -> None:
        self.key = key
        super().__init__(f"can't {asked} entry {key}: it is {state}; {advice}")


class SelectionError(UsageError, ValueError):
    """A selection of entries that can't be read."""

    def __init__(self, what: str, value: object, expected: str) -> None:
        super().__init__(f"{what} {value!r} can't be read: {expected}")


class BrokenInvariantError(PerQueueError):
    """The stored state contradicts itself: a bug of perqueue or a damaged file, never the user's mistake."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the queue's state contradicts itself: {what}. Please report this, with `pq history`")
