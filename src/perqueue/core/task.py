"""A piece of work: a function in a Python script, or a typed function, with its arguments and its resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import field, frozen

from .resources import Resources
from .retry import Retry
from .tasklike import In_contra, Out_co, TaskLike


def _resources(value: object) -> Resources:
    return Resources.parse(cast("str | Resources", value))


@frozen(eq=False, init=False)
class Task(TaskLike[In_contra, Out_co]):
    """One piece of work, which takes an ``In_contra`` and gives an ``Out_co``; that of a script, anything.

    Args:
        code: Path of the script, or of the file that defines the function.
        args: Arguments by name, given to the function; in a script, what its parents return goes over them.
        resources: Resources or their string form, such as ``24:xeon24:10m``.
        func: Name of the function in the script.
        name: For listings and selections; the script's file name by default.
        folder: Working folder of the task (None: the folder of the submission). ``{key}``, ``{name}``, ``{index}``,
            ``{iteration}`` and ``{attempt}`` in it are filled in for each entry; it is made when missing.
        module: The module to import a typed function from; empty for the function of a script.
        where: The place in the submission script that made it, as ``path:line``; empty if unknown.
        retry: When it is tried again by itself; None: as its partition has it, which is never by default.
    """

    code: str
    args: Mapping[str, object]
    resources: Resources = field(converter=_resources)
    func: str = "main"
    name: str = ""
    folder: str | None = None
    module: str = ""
    where: str = ""
    retry: Retry | None = None

    def __init__(
        self: Task[Any, Any],
        code: str,
        args: Mapping[str, object],
        resources: object,
        func: str = "main",
        name: str = "",
        folder: str | None = None,
        module: str = "",
        where: str = "",
        retry: Retry | None = None,
    ) -> None:
        self.__attrs_init__(code, args, resources, func, name, folder, module, where, retry)

    def __repr__(self) -> str:
        return f"Task({self.name!r}, {str(self.resources)!r})"

    def _label(self, depth: int) -> str:  # noqa: ARG002  # a task has nothing inside
        return self.name or self.code
