"""Whether functions can be called with what they will be given."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from perqueue.core.keys import INDEX_KW, ITER_KW, MAXTRIES_KW
from perqueue.core.task import Task

from .findings import Finding, Severity
from .flow import Around, Given
from .givers import Givers
from .parameters import Parameters
from .places import submitted_at
from .returns import BadReturn
from .scripts import Broken, Function, Missing

_SHOWN = 8


class Calls:
    """Finds what is wrong with the calls of a graph's tasks; tasks that are alike are looked at once."""

    def __init__(self, givers: Givers, where: str) -> None:
        self._givers, self._where = givers, where
        self._known: dict[object, list[Finding]] = {}

    def of(self, number: int, task: Task, given: Given | None, around: Around) -> list[Finding]:
        """What is wrong with the call of a task, whose function has this number."""
        key = (number, frozenset(task.args), given, around, task.name, task.where)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = list(self._look_at(number, task, given, around))
        return found

    def _look_at(self, number: int, task: Task, given: Given | None, around: Around) -> Iterator[Finding]:
        where = task.where or self._where
        told = task.name, where, around.optional
        match self._givers.found[number]:
            case Broken(code="no-script", message=message):
                file, line = submitted_at(where, task.code)
                yield Finding(Severity.error, "no-script", message, file, line, *told)
            case Broken(code=code, message=message, line=line):
                yield Finding(Severity.error, code, message, task.code, line, *told)
            case Missing(there=there, empty=empty):
                # An empty script may be there to be written by a task that comes before.
                severity = Severity.warning if empty else Severity.error
                yield Finding(severity, "no-function", _no_function(task, there), task.code, 1, *told)
            case Function(line=line, parameters=Parameters() as parameters, bad=bad):
                wrong = self._typed if task.module else self._script
                for severity, code, message in wrong(task, parameters, given, around):
                    yield Finding(severity, code, message, task.code, line, *told)
                if bad is not None:
                    severity = Severity.error if bad.sure else Severity.warning
                    yield Finding(severity, "bad-return", _bad_return(task, bad), task.code, bad.line, *told)

    def _script(
        self, task: Task, parameters: Parameters, given: Given | None, around: Around
    ) -> Iterator[tuple[Severity, str, str]]:
        func = f"{task.func}()"
        for name in parameters.unnamed:
            yield (
                Severity.error,
                "missing",
                f"{func} needs {name!r} by its position, {_BY_NAME}",
            )
        for name in task.args:
            if name in parameters.positional and not parameters.open:
                if name not in parameters.unnamed:
                    yield Severity.error, "unexpected", f"{func} takes {name!r} by its position, {_BY_NAME}"
            elif name != MAXTRIES_KW and not parameters.takes(name):
                yield Severity.error, "unexpected", f"{func} takes no {name!r}, which the task's arguments hold; {_ADD}"
        own = _own_keys(around)
        for name in own:
            if not parameters.takes(name):
                yield Severity.error, "unexpected", f"{func} takes no {name!r}, which the group around gives it; {_ADD}"
        if given is None:
            return
        keys = self._givers.keys(given)
        for name, giver in keys.may.items():
            if parameters.takes(name) or name in task.args or name in own or name in parameters.unnamed:
                continue
            file, line = self._givers.place(giver, self._givers.line(giver))
            if name in keys.sure:
                message = f"{func} takes no {name!r}, which what comes before it returns ({file}:{line}); {_ADD}"
                yield Severity.error, "unexpected", message
            else:
                message = f"{func} takes no {name!r}, which what comes before it may return ({file}:{line}); {_ADD}"
                yield Severity.warning, "unexpected", message
        if keys.open:
            return
        there = {*task.args, *keys.may, *own} - {MAXTRIES_KW}
        for name in parameters.required:
            if name not in there:
                message = f"{func} needs {name!r}, which neither its arguments nor what comes before it give"
                yield Severity.error, "missing", f"{message}; given are {_listed(there)}"

    def _typed(
        self, task: Task, parameters: Parameters, given: Given | None, around: Around
    ) -> Iterator[tuple[Severity, str, str]]:
        func = f"{task.func}()"
        if parameters.needs_first and given is not None and not given.some:
            message = f"{func} takes {parameters.first!r} from what comes before it, and nothing does"
            yield Severity.error, "missing", f"{message}: put a task before it that gives it"
        for name in task.args:
            if name == parameters.first or not parameters.takes(name):
                yield Severity.error, "unexpected", f"{func} takes no argument {name!r}, which it was bound to"
        there = {*task.args, *_own_keys(around)}
        for name in parameters.required:
            if name != parameters.first and name not in there:
                yield (
                    Severity.error,
                    "missing",
                    f"{func} needs {name!r}, which was not bound; given are {_listed(there)}",
                )


_ADD = "add it, or '**kwargs' to ignore it"
_BY_NAME = "but all is given by name: drop '/'"


def _own_keys(around: Around) -> tuple[str, ...]:
    return tuple(name for name, given in ((INDEX_KW, around.indexed), (ITER_KW, around.repeated)) if given)


def _bad_return(task: Task, bad: BadReturn) -> str:
    what = f"returns {bad.what}" if bad.what else "returns nothing"
    return (
        f"{task.func}() only ever {what}, and a task returns whether it succeeded and its data: write "
        "'return True, {...}' or 'return True, None'"
    )


def _no_function(task: Task, there: Collection[str]) -> str:
    if not there:
        return f"there is no function {task.func!r} in it: define it"
    return f"there is no function {task.func!r} in it, only {_listed(there)}: define it, or name another with func"


def _listed(names: Collection[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(map(repr, shown[:_SHOWN])) + more or "none"
