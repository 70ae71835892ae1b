"""What a task's return value says: ``return True, {...}`` or ``return False, {...}``, and everything else."""

from __future__ import annotations

from collections.abc import Mapping

from perqueue.runner.named import NamedTuple
from perqueue.runner.records import Failure

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Final

    from perqueue.codec import BlobSink
    from perqueue.runner.records import Reason, Verdict

KEPT_AS: Final = "returned"


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
    """The verdict on what a task returned. Nothing that was computed is dropped because of its wrong shape.

    A truthy first value means success and a falsy one a discard, whether it is a bool or not. Raises what the
    value's own ``bool()`` raises, unless it has none (an array).
    """
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return _bad(value, f"it returned {_what(value)}")
    success, data = value
    if data is not None and not isinstance(data, Mapping):
        return _bad(value, f"the second value it returned is {_what(data)}")
    try:
        good = bool(success)
    except (ValueError, TypeError) as exc:
        return _bad(value, f"the first value it returned ({_what(success)}) has no truth ({exc})")
    return Judgement("succeeded" if good else "discarded", "returned", data)


def _bad(value: object, what: str) -> Judgement:
    message = f"A task returns whether it succeeded and its data, a dict or None, but {what}."
    advice = "Write 'return True, {...}' or 'return True, None'."
    return Judgement("failed", "bad-return", _salvage(value), Failure("BadReturn", f"{message} {advice}"))


def _salvage(value: object) -> Mapping[Any, Any] | None:
    """The mapping in a value of the wrong shape, or else the value under a key, so that nothing is lost."""
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
