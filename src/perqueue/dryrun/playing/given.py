"""Outcomes that a test gives: values, exceptions, or functions that are called with a task's inputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from attrs import evolve

from perqueue.codec import decode_mapping, encode_mapping, no_blobs
from perqueue.core.keys import INDEX_KW, ITER_KW, MAXTRIES_KW
from perqueue.core.records import Verdict
from perqueue.runner.control import with_plain_controls
from perqueue.runner.failures import describe
from perqueue.runner.function import call_for, reach
from perqueue.runner.returned import Judgement, judge, judge_value, unstorable

from .outcomes import Attempted, Ending, Foretold

_NOTHING: Final = object()


class Given:
    """Outcomes by the names of tasks; a scenario says how long everything takes, and all that is not given.

    Args:
        outcomes: By name, or by a pattern of names: a value, an exception, or a function to call.
        foretold: The scenario.
        call: Whether typed functions that are not given are really called.
    """

    def __init__(self, outcomes: Mapping[str, object], foretold: Foretold, *, call: bool) -> None:
        self._outcomes, self._foretold, self._call = dict(outcomes), foretold, call

    def ending(self, attempted: Attempted) -> Ending:
        """How an attempt ends."""
        outcome = self._outcome(attempted.task.name)
        typed = bool(attempted.task.module)
        if outcome is _NOTHING and not (typed and self._call):
            return self._foretold.ending(attempted)
        ending = self._foretold.timed(attempted)
        return ending if ending.verdict is not Verdict.succeeded else self._answered(attempted, outcome, ending)

    def unknown(self, names: set[str]) -> set[str]:
        """The names and patterns that fit none of these tasks."""
        return {
            known for known in self._outcomes if not any(name == known or fnmatchcase(name, known) for name in names)
        }

    def _outcome(self, name: str) -> object:
        pattern = name if name in self._outcomes else None
        if pattern is None:
            pattern = next((known for known in self._outcomes if fnmatchcase(name, known)), None)
        if pattern is None:
            return _NOTHING
        return self._outcomes[pattern]

    def _answered(self, attempted: Attempted, outcome: object, ending: Ending) -> Ending:
        task = attempted.task
        try:
            if outcome is _NOTHING:
                value = _called(reach(task.module, task.func, task.code), attempted)
            elif isinstance(outcome, BaseException) or (
                isinstance(outcome, type) and issubclass(outcome, BaseException)
            ):
                raise outcome
            else:
                value = _called(outcome, attempted) if callable(outcome) else outcome
        except Exception as error:
            told, _ = describe(error)
            return evolve(
                ending, verdict=Verdict.failed, reason="raised", message=told.message, traceback=told.traceback
            )
        if task.module:
            return _kept(judge_value(value, task.func), ending, task.func)
        return _kept(judge(_pair(value)), ending, "")


def _pair(value: object) -> object:
    """What a script's main returns, where only the data or the verdict are given."""
    if isinstance(value, bool):
        return value, None
    return (True, value) if value is None or isinstance(value, Mapping) else value


def _called(function: Callable[..., Any], attempted: Attempted) -> object:
    """What a function returns for what the task is given; of what it is given by name, it gets what it takes."""
    entry, task, state = attempted.entry, attempted.task, attempted.state
    text = None if entry.source == 0 else state.text(entry.source)
    given = {} if text is None else decode_mapping(text, no_blobs)
    args = decode_mapping(task.args, no_blobs)
    special = {name: list(value) for name, value in ((INDEX_KW, entry.index), (ITER_KW, entry.iteration)) if value}
    if task.module:
        positional, named = call_for(function, None if text is None else given, args, special)
    else:
        positional, named = (), {"args": args, "parents": given, "perqueue": special}
    merged = {str(name): value for part in named.values() for name, value in part.items() if name != MAXTRIES_KW}
    return function(*positional, **_taken(function, merged))


def _taken(function: Callable[..., Any], named: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # none that can be told, as of some builtins
        return named
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return named
    names = {one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    return {name: value for name, value in named.items() if name in names}


def _kept(judgement: Judgement, ending: Ending, func: str) -> Ending:
    """The ending with what was returned, in the form in which a queue keeps it."""
    verdict, reason, data, error = judgement
    found = evolve(ending, verdict=Verdict(verdict), reason=reason, message="" if error is None else error.message)
    if data is None:
        return found
    text, refused = encode_mapping(with_plain_controls(data), no_blobs)
    if refused and error is None:
        message = unstorable(refused, func).message
        return evolve(found, verdict=Verdict.failed, reason="unstorable", message=message, data=text)
    return evolve(found, data=text)
