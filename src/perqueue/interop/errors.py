"""What can be wrong with a workflow that comes from another tool, or that is meant for one."""

from __future__ import annotations

from collections.abc import Sequence

from perqueue.core.errors import UsageError


class PwdFormatError(UsageError, ValueError):
    """A file that is no Python Workflow Definition of a version that is read here."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where} is no Python Workflow Definition 0.1 that can be read: {why}")


class PwdMissingError(UsageError, FileNotFoundError):
    """There is no such file."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no file {path!r}: give the path of a Python Workflow Definition (JSON)")


class PwdUnreadableError(UsageError):
    """A file that is there, and can't be read or written."""

    def __init__(self, path: str, verb: str, error: OSError) -> None:
        super().__init__(f"{path!r} can't be {verb}: {error.strerror or error}")


class UnknownFunctionsError(UsageError):
    """Resources for functions that the workflow doesn't have."""

    def __init__(self, where: str, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"resources for {', '.join(map(repr, unknown))}: {where} has no such function; "
            f"it has {', '.join(map(repr, known)) or 'none'}"
        )


class NotInPwdError(UsageError):
    """Something that the Python Workflow Definition has no words for."""

    def __init__(self, what: str, why: str, advice: str) -> None:
        super().__init__(f"{what} can't be written as a Python Workflow Definition: {why}; {advice}")


class EmptySubmissionError(UsageError):
    """There is nothing to write: all entries were removed."""

    def __init__(self) -> None:
        super().__init__("there is nothing left to write: give a workflow, or a submission, that has tasks")


class GroupNotInPwdError(NotInPwdError):
    """A group, of which the format has none."""

    def __init__(self, label: str) -> None:
        super().__init__(label, "it knows functions and the values between them only", "write the parts without groups")


class RepeatedInputError(NotInPwdError):
    """Two tasks that give one input, which here becomes a dict of both."""

    def __init__(self, task: str, port: str, sources: Sequence[str]) -> None:
        super().__init__(
            f"the input {port!r} of {task!r}",
            f"it has several sources: {', '.join(map(repr, sources))}",
            "give each its own name with ports",
        )


class ValueNotInPwdError(NotInPwdError):
    """An argument that JSON doesn't have."""

    def __init__(self, task: str, name: str, what: str) -> None:
        super().__init__(
            f"the argument {name!r} of {task!r}",
            f"it holds {what}",
            "use None, bool, int, float, str, list and dict with string keys",
        )
