"""A report as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from perqueue.core.records import Entry
from perqueue.core.states import EntryState

from .report import Report, Step
from .stuck import Stuck

_GAP: Final = "  "
_PATH: Final = 12
"""Entries of the critical path that are shown at each of its ends."""
_WIDEST: Final = 100


def lines(report: Report) -> Iterator[str]:
    """The whole report."""
    if not report.total:
        yield "nothing was submitted"
        return
    attempts = len(report.runs)
    yield f"makespan       {clock(report.makespan)}"
    yield f"critical path  {clock(report.critical)} ({_counted(len(report.path), 'entry', 'entries')})"
    yield f"entries        {report.total} ({_by_state(report)})"
    yield f"attempts       {attempts}, at most {report.running_at_once} at once"
    yield f"jobs           {_jobs(report)}"
    yield f"core-hours     {report.core_hours:.2f}"
    yield f"GPU-hours      {report.gpu_hours:.2f}"
    yield ""
    yield from _timeline(report)
    yield ""
    yield from _usage(report)
    yield ""
    yield "Critical path"
    yield from _path(report.path)
    for title, found in (
        ("Waits for ever", [_stuck(one) for one in report.stuck]),
        ("Assumed", list(report.assumed)),
        ("Remarks", list(report.remarks)),
    ):
        if found:
            yield ""
            yield title
            yield from (f"  {line}" for line in found)


def clock(seconds: float) -> str:
    """A time from the beginning, as ``d h:mm:ss``."""
    whole = round(seconds)
    days, rest = divmod(whole, 86400)
    shown = f"{rest // 3600}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days} d {shown}" if days else shown


def skipped_line(what: str) -> str:
    """That a write was not done."""
    return f"{what}() was not done: nothing is changed in a dry run"


def numbered(name: str, index: Sequence[int], iteration: Sequence[int]) -> str:
    """An entry by its name and numbers."""
    numbers = [f"copy {'.'.join(map(str, index))}"] if index else []
    numbers += [f"iteration {'.'.join(map(str, iteration))}"] if iteration else []
    return f"{name} ({', '.join(numbers)})" if numbers else name


def entry_line(entry: Entry, name: str) -> str:
    """An entry by its key, name and numbers."""
    return f"{entry.key} {numbered(name, entry.index, entry.iteration)}"


def _by_state(report: Report) -> str:
    totals: dict[EntryState, int] = {}
    for counts in report.states.values():
        for state, count in counts.items():
            totals[state] = totals.get(state, 0) + count
    return ", ".join(f"{state} {totals[state]}" for state in EntryState if state in totals)


def _jobs(report: Report) -> str:
    jobs = report.jobs
    if not jobs.jobs:
        return "none: all of it runs on this machine"
    arrays = f", {_counted(jobs.arrays, 'array')} among them" if jobs.arrays else ""
    return (
        f"{jobs.jobs} in {_counted(jobs.submissions, 'submission')}{arrays}, at most {jobs.at_once} in queues at once"
    )


def _timeline(report: Report) -> Iterator[str]:
    states = {name: ", ".join(f"{state} {n}" for state, n in counts.items()) for name, counts in report.states.items()}
    began = {phase.task for phase in report.phases}
    rows = [
        (p.task, clock(p.begins), clock(p.ends), str(p.attempts), str(p.at_once), states.get(p.task, ""))
        for p in report.phases
    ]
    rows += [(name, "-", "-", "0", "0", states[name]) for name in report.states if name not in began]
    yield from _table(("Task", "Begins", "Ends", "Attempts", "At once", "Entries"), rows, right=(1, 2, 3, 4))


def _usage(report: Report) -> Iterator[str]:
    rows = [
        (used.task, used.partition, str(used.attempts), f"{used.core_hours:.2f}", f"{used.gpu_hours:.2f}")
        for used in report.usage
    ]
    titles = ("Task", "Partition", "Attempts", "Core-hours", "GPU-hours")
    yield from _table(titles, rows, right=(2, 3, 4))


def _path(path: Sequence[Step]) -> Iterator[str]:
    rows = [
        f"  {clock(step.seconds):>10}  {step.key} {numbered(step.name, step.index, step.iteration)}" for step in path
    ]
    if len(rows) > 2 * _PATH:
        rows[_PATH:-_PATH] = [f"  ... {len(rows) - 2 * _PATH} more ..."]
    yield from rows


def _stuck(one: Stuck) -> str:
    who = f"{one.task}: " if one.task else ""
    many = f" ({_counted(len(one.keys), 'entry', 'entries')})" if len(one.keys) > 1 else ""
    why = " ".join(one.why.split())
    return f"{who}{one.cause}{many}: {why}{_waiting(one)}"


def _waiting(one: Stuck) -> str:
    waiting = [*(f"{count} of {name}" for name, count in one.waiting.items()), *one.undecided]
    if not waiting:
        return ""
    shown = [*waiting[:6], *(["..."] if len(waiting) > 6 else [])]
    return f"; waiting are {', '.join(shown)}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> Iterator[str]:
    cells = [titles, *([_clipped(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    for number, row in enumerate(cells):
        shown = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield _GAP.join(shown).rstrip()
        if number == 0:
            yield _GAP.join("-" * width for width in widths)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
