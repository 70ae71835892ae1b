"""How attempts end by a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from perqueue import Retry
from perqueue.core.task import Task
from perqueue.testing import scenario_from, simulate
from perqueue.testing.simulated import Simulated


def played(**tables: Any) -> Simulated:
    """A task that is tried four times if it raises."""
    task = Task("/scripts/a.py", {}, "1:xeon24:1h", name="a", retry=Retry(3, on=("raised",)))
    return simulate(task, scenario_from(tables))


@pytest.mark.parametrize(
    ("failure", "verdicts"),
    [
        ({"rate": 1.0}, ["failed"] * 4),
        ({"rate": 1.0, "times": 1}, ["failed", "succeeded"]),
        ({"rate": 1.0, "times": 3}, ["failed"] * 3 + ["succeeded"]),
        ({"nth": [1]}, ["failed"] * 4),
        ({"nth": [1], "times": 2}, ["failed"] * 2 + ["succeeded"]),
        ({"nth": [1], "rate": 1.0, "times": 2}, ["failed"] * 2 + ["succeeded"]),
        ({"nth": [2], "times": 2}, ["succeeded"]),
    ],
)
def test_only_the_first_attempts_may_fail(failure: dict[str, Any], verdicts: list[str]) -> None:
    """With ``times``, only so many attempts of an entry may fail, whether the failure goes by a rate or by entries."""
    found = played(failures={"a": failure})
    assert [str(run.verdict) for run in found.report.runs] == verdicts


def test_what_takes_for_ever_times_out() -> None:
    """A time that is larger than any number is a timeout like any other."""
    verdicts = set()
    for seed in range(9):
        found = played(seed=seed, durations={"a": {"lognormal": ["1h", 1e6]}})
        (run,) = found.report.runs
        verdicts.add((str(run.verdict), run.ended == 3600.0, found.entries[0].error))
    assert verdicts == {("succeeded", False, ""), ("timeout", True, "it never comes to an end")}
