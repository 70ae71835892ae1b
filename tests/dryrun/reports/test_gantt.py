"""The timeline as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perqueue import StaticWidthGroup
from perqueue.core.task import Task
from perqueue.dryrun.reports.gantt import draw
from perqueue.testing import scenario_from, simulate


@pytest.mark.parametrize(
    ("scenario", "shown"),
    [
        ({}, set()),
        ({"failures": {"a": {"nth": [2]}}}, {"failed"}),
        ({"durations": {"a": "2h"}}, {"timed out"}),
        ({"discards": {"a": {"nth": [1]}}}, {"discarded"}),
        ({"failures": {"a": {"nth": [2]}}, "discards": {"a": {"nth": [1]}}}, {"failed", "discarded"}),
    ],
)
def test_what_did_not_succeed(scenario: dict[str, Any], shown: set[str], tmp_path: Path) -> None:
    """Attempts that failed, timed out or were discarded are hatched; the legend has those that there are."""
    work = StaticWidthGroup(Task("/scripts/a.py", {}, "1:xeon24:1h", name="a"), 3)
    draw(simulate(work, scenario_from(scenario)).report, str(tmp_path / "timeline.svg"))
    picture = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    assert {label for label in ("failed", "timed out", "discarded") if f"<!-- {label} -->" in picture} == shown
    assert picture.count("<pattern") == 2 * len(shown)  # in the timeline and in the legend
