"""What a return value says: a script's pair of verdict and data, a typed function's value, an answer of either."""

from __future__ import annotations

from collections.abc import Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType

from perqueue.runner.control import VALUE_KW, answer_in, said_by
from perqueue.runner.failures import clip
from perqueue.runner.named import NamedTuple
from perqueue.runner.records import Failure

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Final

    from perqueue.codec import BlobSink, Unstorable
    from perqueue.core.answers import Answer
    from perqueue.runner.records import Reason, Verdict

KEPT_AS: Final = "returned"
_LAZY: Final[dict[type, tuple[str, str]]] = {
    GeneratorType: ("a generator", "Return list(...) of it, or another value."),
    CoroutineType: ("a coroutine", "Return the value of asyncio.run(...) of it."),
    AsyncGeneratorType: ("an asynchronous generator", "Return a list of what it yields."),
}


class Judgement(NamedTuple):
    """A verdict on a return value, and the data in it (not encoded yet)."""

    verdict: Verdict
    reason: Reason
    data: Mapping[Any, Any] | None
    error: Failure | None = None


class BlobsOneByOne:
    """A blob sink for which a full disk is the trouble of one array, so that the other keys are still kept."""

    def __init__(self, blobs: BlobSink) -> None:
        self._blobs = blobs

    def put_array(self, array: Any) -> str | None:
        """Keep the array and return its digest. Raises Refused where that fails."""
        from perqueue.codec import BlobUnwritable, Refused

        try:
            return self._blobs.put_array(array)
        except BlobUnwritable as exc:
            raise Refused(f"an array that can't be written now ({exc})", "make room and resubmit the entry") from exc


def judge(value: object) -> Judgement:
    """The verdict on what a script returned. Nothing that was computed is dropped because of its wrong shape.

    A truthy first value means success and a falsy one a discard, whether it is a bool or not; an answer takes the
    place of both values. Raises what the value's own ``bool()`` raises, unless it has none (an array).
    """
    answer = answer_in(value)
    if answer is not None:
        return _answered(answer)
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return _bad(value, f"it returned {_what(value)}")
    success, data = value
    if data is not None and not isinstance(data, Mapping):
        alone = "" if answer_in(data) is None else f" (an answer stands alone: 'return {type(data).__name__}({{...}})')"
        return _bad(value, f"the second value it returned is {_what(data)}{alone}")
    try:
        good = bool(success)
    except (ValueError, TypeError) as exc:
        return _bad(value, f"the first value it returned ({_what(success)}) has no truth ({exc})")
    return Judgement("succeeded" if good else "discarded", "returned", data)


def judge_value(value: object, func: str) -> Judgement:
    """The verdict on what the typed function ``func`` returned, whose data is the stored form of it."""
    answer = answer_in(value)
    said = {} if answer is None else said_by(answer)
    held: Any = value if answer is None else answer.data
    lazy = _LAZY.get(type(held))
    if lazy is not None:
        what, advice = lazy
        if not isinstance(held, AsyncGeneratorType):
            held.close()  # or Python warns of a coroutine that was never awaited
        message = f"The function {func!r} returned {what}, of which nothing has run yet. {advice}"
        return Judgement("failed", "bad-return", None, Failure("BadReturn", message))
    verdict: Verdict = "discarded" if said is None else "succeeded"
    return Judgement(verdict, "returned", _stored(held, said or {}))


def _stored(value: object, said: dict[str, object]) -> Mapping[Any, Any] | None:
    """The mapping as which a value is kept, with what an answer says besides."""
    if type(value) is dict and VALUE_KW not in value and all(type(key) is str for key in value):
        return {**value, **said} if said else value
    # None is kept where there is something beside it: whoever is given that would else be given an empty dict.
    return None if value is None and not said else {VALUE_KW: value, **said}


def unstorable(refused: list[Unstorable], func: str) -> Failure:
    """The failure over parts of the data that can't be stored; of the typed function ``func``, if it is one."""
    if not func:
        told = f"A part of what the task returned can't be stored: {'; '.join(map(str, refused))}"
    else:
        told = f"The value that {func!r} returned can't be stored: {'; '.join(map(_about_value, refused))}"
    return Failure("Unstorable", clip(told, 10_000))


def _about_value(one: Unstorable) -> str:
    path = one.path
    if path == VALUE_KW or path.startswith((f"{VALUE_KW}.", f"{VALUE_KW}[")):
        path = path[len(VALUE_KW) :].removeprefix(".")
    return f"{f'the type of {path!r} in it' if path else 'its type'} is {one.type_name!r}, {one.reason}; {one.remedy}"


def _answered(answer: Answer[Any]) -> Judgement:
    data, said = answer.data, said_by(answer)
    if data is not None and not isinstance(data, Mapping):
        return _bad(data, f"the data of the {type(answer).__name__} it returned is {_what(data)}")
    if said is None:
        return Judgement("discarded", "returned", data)
    return Judgement("succeeded", "returned", {**(data or {}), **said})


def _bad(value: object, what: str) -> Judgement:
    message = f"A task returns whether it succeeded and its data, a dict or None, but {what}."
    advice = "Write 'return True, {...}' or 'return True, None'."
    return Judgement("failed", "bad-return", _salvage(value), Failure("BadReturn", f"{message} {advice}"))


def _salvage(value: object) -> Mapping[Any, Any] | None:
    """The mapping in a value of the wrong shape, or else the value under a key, so that nothing is lost."""
    answer = answer_in(value[1]) if isinstance(value, tuple | list) and len(value) == 2 else None
    if answer is not None:
        value = answer.data
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple | list):
        for part in value:
            if isinstance(part, Mapping):
                return part
        if len(value) == 2 and (isinstance(value[0], bool) or value[0] is None):
            value = value[1]
    return None if value is None or isinstance(value, bool) else {KEPT_AS: value}


def _what(value: object) -> str:
    """A short description; the value itself where it is short and simple."""
    if value is None:
        return "None"
    kind = type(value).__name__
    if isinstance(value, bool | int | float | complex) or (isinstance(value, str) and len(value) <= 60):
        return f"{value!r} ({kind})"
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)} values ({', '.join(type(part).__name__ for part in value[:6])})"
    return f"a {kind}"
