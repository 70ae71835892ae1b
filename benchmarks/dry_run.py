"""What a dry run of a large campaign costs: seconds of CPU time, and memory at its peak.

    python benchmarks/dry_run.py [--entries 100000]

Simulates campaigns of about that many entries to their end, in a process each: a fan of steps on limited nodes with
drawn durations, a dynamic group, and loops side by side. To be below 60 s for 100,000 entries.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from perqueue.codec import no_blobs
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.records import Context
from perqueue.core.task import Task
from perqueue.dryrun.playing.machines import Machines
from perqueue.dryrun.playing.outcomes import Foretold
from perqueue.dryrun.playing.simulation import Simulation
from perqueue.dryrun.playing.submissions import submission
from perqueue.dryrun.reports.report import report
from perqueue.dryrun.scenarios.reading import scenario_from


def _task(name: str) -> Task:
    return Task(f"/scripts/{name}.py", {}, "1:xeon24:10m", name=name)


def steps(entries: int) -> object:
    """Chains of five steps, side by side."""
    a, b, c, d, e = map(_task, "abcde")
    return StaticWidthGroup(a >> b >> c >> d >> e, entries // 5) >> _task("last")


def dynamic(_entries: int) -> object:
    """One wide dynamic group between two tasks."""
    return _task("first") >> DynamicWidthGroup(_task("copy")) >> _task("last")


def loops(entries: int) -> object:
    """Loops of a hundred iterations, side by side."""
    return StaticWidthGroup(CyclicalGroup(_task("again"), 100), entries // 100)


SHAPES: dict[str, Callable[[int], object]] = {"steps": steps, "dynamic": dynamic, "loops": loops}


def measure(shape: str, entries: int) -> dict[str, Any]:
    """Simulate one campaign."""
    scenario = scenario_from(
        {
            "durations": {"default": {"normal": [0.5, 0.1]}},
            "widths": {"first": entries},
            "iterations": {"again": 100},
            "partitions": {"xeon24": {"nodes": 100, "cores": 24}},
        }
    )
    foretold = Foretold(scenario)
    simulation = Simulation(Machines(Config(), scenario), foretold)
    made = submission(compile_graph(SHAPES[shape](entries)), Context("", "", ()), no_blobs)
    began = time.process_time()
    simulation.submit(made)
    simulation.run()
    found = report(simulation, foretold)
    return {
        "entries": found.total,
        "seconds": time.process_time() - began,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure each shape in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--shape", choices=list(SHAPES))
    given = parser.parse_args()
    if given.shape:
        print(json.dumps(measure(given.shape, given.entries)))
        return
    for shape in SHAPES:
        argv = [sys.executable, __file__, "--entries", str(given.entries), "--shape", shape]
        told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
        print(f"{shape:8}  {told['entries']:>8,} entries  {told['seconds']:6.1f} s  {told['peak_mb']:6.0f} MB")


if __name__ == "__main__":
    main()
