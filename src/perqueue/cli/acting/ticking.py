"""``pq tick``: one step by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from perqueue.engine.drive import TickReport, tick
from perqueue.engine.folder import need_folder

from ..printing import counted, put


def tick_queue(
    from_job: Annotated[
        bool, typer.Option("--from-job", help="In a batch job: submit batch work, start nothing here.")
    ] = False,
) -> None:
    """Move the queue of the current folder, and say what that did."""
    put(describe(tick(need_folder(), from_job=from_job)))


def describe(report: TickReport) -> str:
    """What a tick did, in a line."""
    if report.woken:
        return "a supervisor drives the queue: it was woken"
    if report.held is not None:
        lease = report.held
        return (
            f"process {lease.pid} on {lease.host} drives the queue, or died there less than a minute ago: nothing done"
        )
    parts = []
    if report.committed:
        parts.append(f"committed {counted(report.committed, 'outcome')}")
    if report.started:
        parts.append("started a supervisor, which drives the queue from here")
    if report.away and report.busy:
        parts.append(f"local entries start on the queue's home only: run `pq tick` on {report.away}")
    elif not report.busy:
        parts.append("there is nothing to do")
    return "; ".join(parts)
