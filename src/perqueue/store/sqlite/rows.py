"""Records as rows of tables, and back. The order and types of the columns are those of the schema."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

from attrs import asdict

from perqueue.core.records import Attempt, Entry, Frame, FrameState, Outcome, Standing, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.states import EntryState

Value: TypeAlias = str | bytes | int | float | None
SqlRow: TypeAlias = tuple[Value, ...]

_STATES: Final = {str(state): state for state in EntryState}
_FRAME_STATES: Final = {str(state): state for state in FrameState}
_STANDINGS: Final = {str(standing): standing for standing in Standing}
_VERDICTS: Final = {str(verdict): verdict for verdict in Verdict}


def text_out(text: str) -> str | bytes:
    """Text as SQLite takes it.

    File names and environments that are no UTF-8 hold lone surrogates, and so may messages and results; SQLite's
    text can't. Such text is kept as bytes.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_in(kept: str | bytes) -> str:
    """Text as it was before :func:`text_out`."""
    return kept if isinstance(kept, str) else kept.decode("utf-8", "surrogatepass")


def numbers_in(text: str) -> tuple[int, ...]:
    """A tuple of whole numbers from its JSON."""
    return () if text == "[]" else tuple(json.loads(text))


def numbers_out(numbers: tuple[int, ...]) -> str:
    """A tuple of whole numbers as JSON."""
    return f"[{','.join(map(str, numbers))}]"


def entry_out(e: Entry) -> SqlRow:
    """An entry as a row of ``entries``."""
    return (
        e.key, e.graph, e.frame, e.copy, e.node, e.task, e.executor, e.state.value, e.waiting, e.dead, e.source,
        e.attempt, e.result, text_out(e.reason), numbers_out(e.index), numbers_out(e.iteration), e.missed,
        e.retries, e.continued,
    )  # fmt: skip


def entry_in(row: tuple[Any, ...]) -> Entry:
    """A row of ``entries``."""
    key, graph, frame, copy, node, task, executor, state, waiting, dead, source, attempt, result, reason = row[:14]
    ix, it, missed, retries, continued = row[14:]
    return Entry(
        key, graph, frame, copy, node, task, executor, _STATES[state], waiting, dead, source, attempt, result,
        text_in(reason), numbers_in(ix), numbers_in(it), missed, retries, continued,
    )  # fmt: skip


def frame_out(f: Frame) -> SqlRow:
    """A frame as a row of ``frames``."""
    return (
        f.id, f.graph, f.frame, f.copy, f.node, f.scope, f.copies, f.state.value, f.waiting, f.dead, f.open, f.lost,
        f.source, f.output, numbers_out(f.index), numbers_out(f.iteration), f.missed, f.failed, f.standing.value,
        f.typed_source, f.typed_output, f.elements, f.limit,
    )  # fmt: skip


def frame_in(row: tuple[Any, ...]) -> Frame:
    """A row of ``frames``."""
    id_, graph, frame, copy, node, scope, copies, state, waiting, dead, open_, lost, source, output = row[:14]
    ix, it, missed, failed, standing, typed_source, typed_output, elements, limit = row[14:]
    return Frame(
        id_, graph, frame, copy, node, scope, copies, _FRAME_STATES[state], waiting, dead, open_, lost, source, output,
        numbers_in(ix), numbers_in(it), missed, failed, _STANDINGS[standing], typed_source, typed_output, elements,
        limit,
    )  # fmt: skip


def task_out(number: int, t: StoredTask) -> SqlRow:
    """A stored task as a row of ``tasks``."""
    return (
        number, text_out(t.name), text_out(t.code), text_out(t.func), text_out(t.args), t.resources.encode(),
        t.executor, t.context, None if t.folder is None else text_out(t.folder), text_out(t.module), retry_out(t.retry),
    )  # fmt: skip


def task_in(row: tuple[Any, ...]) -> StoredTask:
    """A row of ``tasks`` without its number."""
    name, code, func, args, resources, executor, context, folder, module, retry = row
    return StoredTask(
        text_in(name), text_in(code), text_in(func), text_in(args), Resources.decode(resources), executor,
        context, None if folder is None else text_in(folder), text_in(module), retry_in(retry),
    )  # fmt: skip


def retry_out(retry: Retry | None) -> str | None:
    """A policy as JSON. Limits that are none are left out: earlier perqueues don't know them."""
    if retry is None:
        return None
    given = {name: value for name, value in asdict(retry).items() if value is not None}
    return json.dumps(given, separators=(",", ":"))


def retry_in(text: str | None) -> Retry | None:
    """A policy from its JSON."""
    return None if text is None else Retry(**json.loads(text))


def attempt_out(a: Attempt) -> SqlRow:
    """An attempt as a row of ``attempts``."""
    o = a.outcome
    ending: SqlRow = (None,) * 11
    if o is not None:
        ending = (
            o.verdict.value, text_out(o.reason), text_out(o.message), text_out(o.traceback),
            None if o.data is None else text_out(o.data), o.started, o.ended, text_out(o.host), o.pid, o.maxrss_kb,
            o.cpu_s,
        )  # fmt: skip
    return (
        a.key, a.number, a.executor, a.queued, a.started, a.ended, text_out(a.host), a.pid, text_out(a.job), *ending,
        None if a.resources is None else a.resources.encode(), a.restarts,
    )  # fmt: skip


def attempt_in(row: tuple[Any, ...]) -> Attempt:
    """A row of ``attempts``."""
    key, number, executor, queued, started, ended, host, pid, job, verdict = row[:10]
    outcome = None if verdict is None else _outcome_in(_VERDICTS[verdict], row[10:20])
    resources, restarts = row[20:]
    return Attempt(
        key, number, executor, queued, started, ended, text_in(host), pid, text_in(job), outcome,
        None if resources is None else Resources.decode(resources), restarts,
    )  # fmt: skip


def _outcome_in(verdict: Verdict, row: tuple[Any, ...]) -> Outcome:
    reason, message, traceback, data, started, ended, host, pid, maxrss_kb, cpu_s = row
    return Outcome(
        verdict, text_in(reason), text_in(message), text_in(traceback), None if data is None else text_in(data),
        started, ended, text_in(host), pid, maxrss_kb, cpu_s,
    )  # fmt: skip
