"""Typed functions: ``@task("local:5m")`` makes of an ordinary function a maker of tasks that type checkers understand.

    @task("local:5m")
    def relax(structure: Atoms, fmax: float = 0.05) -> Atoms: ...

    build() >> relax(fmax=0.01)

The first parameter gets what the step before returned; the others are bound when the task is made. A function without
positional parameters takes nothing from before it.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from types import FunctionType
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from attrs import evolve, field, frozen

from perqueue.core.errors import DescriptionError
from perqueue.core.keys import INDEX_KW, ITER_KW
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry

from .signatures import shown_call, shown_signature
from .task import Task, copied, folder_pattern, place_of_caller

if TYPE_CHECKING:
    from perqueue.core.answers import Continue, Discard, Stop


class _HasSize(Protocol):
    """Whatever a function may return, but a Discard."""

    def __sizeof__(self) -> int: ...


A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
P = ParamSpec("P")
V = TypeVar("V", bound="_HasSize | None")
In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)

_OWN: Final = (INDEX_KW, ITER_KW)
_NAMED: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class NotAFunctionForTasksError(DescriptionError, TypeError):
    """Something that the process of a task could not find again, or not call."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"@task can't take {what}: {why}")


class BoundArgumentsError(DescriptionError, TypeError):
    """Arguments that a function does not take, or not enough of them."""

    def __init__(self, call: str, why: str, signature: str, given: str | None) -> None:
        rest = f"; its {given!r} is what comes before it" if given else ""
        super().__init__(f"{call}: {why}. The function is {signature}{rest}")


@frozen(eq=False, slots=False, repr=False)
class TaskFactory(Generic[In_contra, P, Out_co]):
    """A function that makes tasks. Call it with all of its arguments but the first: that is what comes before it.

    Args:
        function: The function itself, to be called as it is, in tests for instance.
        resources: What its tasks ask for.
        name: For listings and selections.
        folder: Their working folder, None for that of the submission.
        retry: When they are tried again by themselves, None: as their partition has it.
    """

    function: Callable[..., Any]
    resources: Resources
    name: str
    folder: str | None
    _bound: Signature = field(alias="bound")
    retry: Retry | None = None

    def __attrs_post_init__(self) -> None:
        # Where the standard library, documentation tools and a task's process look for what is behind a decorator.
        names = ("__module__", "__name__", "__qualname__", "__doc__")
        vars(self).update({name: getattr(self.function, name) for name in names}, __wrapped__=self.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Task[In_contra, Out_co]:
        """A task of this function with these arguments, which are copied.

        Raises:
            BoundArgumentsError: The function does not take them, or needs more.
            NotAFunctionForTasksError: The name of the function does not lead to it in its module.
        """
        function = self.function
        _check_name(function)
        made: Task[In_contra, Out_co] = Task.__new__(Task)
        made.__attrs_init__(
            _file(function),
            copied(self.name, self._arguments(args, kwargs)),
            self.resources,
            function.__qualname__,
            self.name,
            self.folder,
            function.__module__,
            place_of_caller(),
            self.retry,
        )
        return made

    def using(
        self,
        resources: str | Resources | None = None,
        *,
        name: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        retry: Retry | None = None,
    ) -> TaskFactory[In_contra, P, Out_co]:
        """The same function with other resources, name, folder or retries: ``relax.using("40:xeon40:5h")(fmax=0.01)``.

        Raises:
            ResourcesError: ``resources`` is not in the grammar.
            DescriptionError: ``folder`` can't be filled in.
        """
        shown = self.name if name is None else str(name)
        return evolve(
            self,
            resources=self.resources if resources is None else Resources.parse(resources),
            name=shown,
            folder=self.folder if folder is None else folder_pattern(shown, folder),
            retry=self.retry if retry is None else retry,
        )

    def _arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        try:
            found = self._bound.bind(*args, **kwargs).arguments
        except TypeError as error:
            signature = inspect.signature(self.function)
            raise BoundArgumentsError(
                shown_call(self.function.__name__, args, kwargs),
                str(error),
                shown_signature(self.function.__qualname__, signature),
                _upstream(signature),
            ) from None
        for parameter in self._bound.parameters.values():
            if parameter.kind is Parameter.VAR_KEYWORD:
                found.update(found.pop(parameter.name, {}))
        return dict(found)

    def __repr__(self) -> str:
        return f"<task function {self.function.__qualname__} of {self.function.__module__!r}, {str(self.resources)!r}>"


class TaskDecorator(Protocol):
    """What ``task(...)`` gives: it makes a :class:`TaskFactory` of a function.

    A Discard among what the function may return does not go on to what follows it, and is left out of the type.
    """

    # Three kinds: nothing to leave out; a loop's last step; others. Of what is left of a union mypy makes one common
    # base, hence the second. They overlap where a function never returns or returns anything, in which all are right.

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[Concatenate[A, P], V], /
    ) -> TaskFactory[A, P, V]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[A, P], Continue[C] | Stop[B] | Discard[Any]], /
    ) -> TaskFactory[A, P, Continue[C] | Stop[B]]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[A, P], B | Discard[Any]], /) -> TaskFactory[A, P, B]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, V], /
    ) -> TaskFactory[object, P, V]: ...
    @overload
    def __call__(
        self, function: Callable[P, Continue[C] | Stop[B] | Discard[Any]], /
    ) -> TaskFactory[object, P, Continue[C] | Stop[B]]: ...
    @overload
    def __call__(self, function: Callable[P, B | Discard[Any]], /) -> TaskFactory[object, P, B]: ...


def task(
    resources: str | Resources,
    name: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    retry: Retry | None = None,
) -> TaskDecorator:
    """Make tasks of an ordinary function at the top level of a module, which takes and returns values.

    Args:
        resources: Such as ``"24:xeon24:10m"`` or ``"local:5m"``.
        name: For listings and selections; the function's name by default.
        folder: Working folder of its tasks; see :class:`perqueue.Task`.
        retry: When they are tried again by themselves; see :class:`perqueue.Task`.

    Raises:
        ResourcesError: ``resources`` is not in the grammar.
        DescriptionError: ``folder`` can't be filled in.
        NotAFunctionForTasksError: Raised where it decorates what the process of a task could not find or not call.
    """
    asked = Resources.parse(resources)

    def decorate(function: Callable[..., Any]) -> TaskFactory[Any, ..., Any]:
        _check_kind(function)
        _file(function)
        shown = function.__name__ if name is None else str(name)
        return TaskFactory(function, asked, shown, folder_pattern(shown, folder), _to_bind(function), retry)

    return cast("TaskDecorator", decorate)


def _check_kind(function: object) -> None:
    named = getattr(function, "__qualname__", None) or repr(function)
    if isinstance(function, staticmethod | classmethod):
        raise NotAFunctionForTasksError(f"the {type(function).__name__} {named}", "write @task below it, not above")
    if isinstance(function, TaskFactory):
        raise NotAFunctionForTasksError(named, "it makes tasks already; for other resources call .using(...)")
    if not isinstance(function, FunctionType):
        what = "a method that needs its object" if inspect.ismethod(function) else f"a {type(function).__name__}"
        raise NotAFunctionForTasksError(named, f"it is {what}; write a function with def, which may call it")
    if function.__name__ == "<lambda>":
        raise NotAFunctionForTasksError("a lambda", "no name leads to it; write a function with def")
    if "<locals>" in function.__qualname__:
        raise NotAFunctionForTasksError(
            named, "it is made anew inside a function, so no task could find it; define it at the top of a module"
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise NotAFunctionForTasksError(named, "it is async; write a plain function that calls asyncio.run(...)")
    if inspect.isgeneratorfunction(function):
        raise NotAFunctionForTasksError(named, "it yields, so its values are gone with its process; return a list")
    if "." in function.__qualname__ and next(iter(inspect.signature(function).parameters), "") in ("self", "cls"):
        raise NotAFunctionForTasksError(named, "it is a method that needs its object; write a function")


def _to_bind(function: Callable[..., Any]) -> Signature:
    """What is bound when a task is made: all parameters but the first, those of perqueue's own being optional."""
    signature = inspect.signature(function)
    rest = list(signature.parameters.values())
    if _upstream(signature):
        rest = rest[1:]
    for parameter in rest:
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.POSITIONAL_ONLY):
            star = "*" if parameter.kind is Parameter.VAR_POSITIONAL else ""
            raise NotAFunctionForTasksError(
                shown_signature(function.__qualname__, signature),
                f"but for the first, arguments are passed by name, and {star}{parameter.name} has none",
            )
    own = [
        one.replace(kind=Parameter.KEYWORD_ONLY, default=None)
        for one in rest
        if one.name in _OWN and one.kind is not Parameter.VAR_KEYWORD
    ]
    rest = [one for one in rest if one.name not in _OWN or one.kind is Parameter.VAR_KEYWORD]
    last = [rest.pop()] if rest and rest[-1].kind is Parameter.VAR_KEYWORD else []
    return Signature([*rest, *own, *last])


def _upstream(signature: Signature) -> str | None:
    """The name of the parameter that gets what comes before, if there is one."""
    first = next(iter(signature.parameters.values()), None)
    return first.name if first is not None and first.kind in _NAMED else None


def _file(function: Callable[..., Any]) -> str:
    """The absolute path of the file that a task's process loads the function from."""
    name = function.__module__
    file = getattr(sys.modules.get(name), "__file__", None) or getattr(function, "__globals__", {}).get("__file__")
    if not isinstance(file, str) or not os.path.isfile(file):
        raise NotAFunctionForTasksError(
            function.__qualname__, f"its module {name!r} is in no file, so no task could load it; put it in a file"
        )
    path = os.path.abspath(file)
    stem = os.path.splitext(os.path.basename(path))[0]
    leads_to = os.path.basename(os.path.dirname(path)) if stem == "__init__" else stem
    if name != "__main__" and name.rpartition(".")[2] != leads_to:
        raise NotAFunctionForTasksError(
            function.__qualname__, f"importing its module {name!r} by name would not lead to {path!r}"
        )
    return path


def _check_name(function: Callable[..., Any]) -> None:
    """Refuse a function that its own name no longer leads to."""
    module = sys.modules.get(function.__module__)
    if module is None:
        return
    found: object = module
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    while found is not None and found is not function:
        found = getattr(found, "__wrapped__", None)
    if found is None:
        raise NotAFunctionForTasksError(
            f"{function.__qualname__} of {function.__module__!r}",
            "that name leads to something else there; give one of them another name",
        )
