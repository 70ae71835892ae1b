"""A report as JSON values, for programs."""

from __future__ import annotations

from typing import Any

from ..playing.simulation import Run
from .report import Report
from .stuck import Stuck


def as_json(report: Report) -> dict[str, Any]:
    """The whole report. Times are seconds from the first submission."""
    return {
        "makespan": report.makespan,
        "critical_path": {
            "seconds": report.critical,
            "entries": [
                {
                    "key": step.key,
                    "name": step.name,
                    "index": list(step.index),
                    "iteration": list(step.iteration),
                    "seconds": step.seconds,
                }
                for step in report.path
            ],
        },
        "entries": {
            "total": report.total,
            "by_task": {
                name: {str(state): count for state, count in counts.items()} for name, counts in report.states.items()
            },
        },
        "attempts": {"total": len(report.runs), "at_once": report.running_at_once},
        "jobs": {
            "total": report.jobs.jobs,
            "submissions": report.jobs.submissions,
            "arrays": report.jobs.arrays,
            "at_once": report.jobs.at_once,
        },
        "core_hours": report.core_hours,
        "gpu_hours": report.gpu_hours,
        "usage": [
            {
                "task": used.task,
                "partition": used.partition,
                "attempts": used.attempts,
                "core_hours": used.core_hours,
                "gpu_hours": used.gpu_hours,
            }
            for used in report.usage
        ],
        "timeline": [_run(report, run) for run in report.runs],
        "stuck": [_stuck(one) for one in report.stuck],
        "assumed": list(report.assumed),
        "remarks": list(report.remarks),
    }


def _run(report: Report, run: Run) -> dict[str, Any]:
    entry = report.entries.get(run.key)
    return {
        "key": run.key,
        "attempt": run.attempt,
        "name": report.names.get(run.key, ""),
        "index": [] if entry is None else list(entry.index),
        "iteration": [] if entry is None else list(entry.iteration),
        "partition": run.place.size.name,
        "cores": run.cores,
        "gpus": run.gpus,
        "queued": run.queued,
        "started": run.started,
        "ended": run.ended,
        "verdict": str(run.verdict),
        "reason": run.reason,
    }


def _stuck(one: Stuck) -> dict[str, Any]:
    return {
        "cause": str(one.cause),
        "task": one.task,
        "keys": list(one.keys),
        "why": one.why,
        "waiting": dict(one.waiting),
        "undecided": list(one.undecided),
    }
