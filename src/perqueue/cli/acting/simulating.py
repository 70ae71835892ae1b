"""``pq dry-run``: run a submission script that stores nothing, simulate what it does, and tell what it comes to."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from perqueue.core.errors import UsageError
from perqueue.dryrun.exploring import Explored, bounds, explore
from perqueue.dryrun.play import Play, played
from perqueue.dryrun.recording import Deed, environment, read_deeds
from perqueue.dryrun.reports.data import as_json
from perqueue.dryrun.reports.limits import Limits
from perqueue.dryrun.reports.text import lines, skipped_line
from perqueue.dryrun.scenarios.reading import scenario_for
from perqueue.engine.receipts import RUN

from ..printing import counted, note, put, put_json
from .scripts import answer_file, how_it_ended, run_to_end

_FAILED = 2


class Asked(NamedTuple):
    """What is asked of a dry run: paths of files to read and to write, and what must hold."""

    scenario: str | None
    plot: str | None
    scripts: str | None
    seed: int | None
    ways: int
    limits: Limits
    as_json: bool

    def of_one_way(self) -> list[str]:
        """The options that are about the one way that a scenario says."""
        given = {
            "--scenario": self.scenario,
            "--plot": self.plot,
            "--scripts": self.scripts,
            "--max-core-hours": self.limits.core_hours,
            "--max-jobs": self.limits.jobs,
            "--expect-entries": self.limits.entries,
        }
        return [option for option, value in given.items() if value is not None]


class ManyWaysError(UsageError):
    """Something about one way was asked of a walk over all of them."""

    def __init__(self, options: Sequence[str]) -> None:
        self.options = tuple(options)
        super().__init__(
            f"--explore walks every way that the campaign may take, and {', '.join(options)} "
            f"{'is' if len(options) == 1 else 'are'} about a single one: ask for them in a dry run of its own"
        )


def simulate_script(script: str, arguments: Sequence[str], asked: Asked, *, explored: bool) -> int:
    """Simulate what a submission script would do; the exit status.

    Args:
        script: Its path.
        arguments: What it gets.
        asked: What is wanted of it.
        explored: Whether to walk all ways instead of the one that the scenario says.

    Raises:
        NoScriptError: There is no such script.
        ScenarioError: The scenario can't be used.
        UnwritableError: A picture or a script can't be written.
        ManyWaysError: All ways are to be walked, and something is asked of one.
    """
    if explored and asked.of_one_way():
        raise ManyWaysError(asked.of_one_way())
    scenario = scenario_for(asked.scenario, asked.seed)
    if asked.plot is not None:
        from perqueue.dryrun.reports.kinds import check_kind

        check_kind(asked.plot)
    status, deeds = _caught(script, arguments, asked)
    if explored:
        broken = _explored(deeds, asked, scenario.seed)
    else:
        broken = _simulated(played(deeds, os.getcwd(), scenario), asked, {"script": os.path.abspath(script)})
    for what in dict.fromkeys(deed.what for deed in deeds if deed.what):
        note(skipped_line(what))
    if status:
        note(f"{script} {how_it_ended(status)}: what it would have submitted after that is left out")
        return _FAILED
    return int(broken)


def _caught(script: str, arguments: Sequence[str], asked: Asked) -> tuple[int, list[Deed]]:
    """Run the script to its end: its status, and what it did."""
    with answer_file("pq-dry-run-") as path:
        # With RUN it tells its own mistakes in one line; nothing is submitted, so no receipts are written.
        variables = {**environment(path, asked.scenario, asked.seed), RUN: os.devnull}
        # What it prints goes where remarks go, so that it is never taken for the report.
        return run_to_end(script, arguments, variables, sys.__stderr__), read_deeds(path)


def _simulated(play: Play, asked: Asked, told: dict[str, Any]) -> bool:
    """Tell what the scenario comes to; whether a limit is broken."""
    report = play.report()
    broken = list(asked.limits.broken_by(report))
    if asked.as_json:
        put_json({**told, "submissions": play.submissions, **as_json(report), "broken": broken})
    else:
        for line in lines(report):
            put(line)
    if asked.plot is not None and report.total:
        from perqueue.dryrun.reports.gantt import draw  # matplotlib takes its time to import

        draw(report, asked.plot)
        note(f"wrote {os.path.abspath(asked.plot)}")
    if asked.scripts is not None:
        from perqueue.dryrun.reports.scripts import Scripts

        scripts = Scripts(play.simulation, play.config, play.folder)
        number = scripts.write(asked.scripts)
        for remark in scripts.remarks:
            note(remark)
        if number:
            note(f"wrote {counted(number, 'script')} to {os.path.abspath(asked.scripts)}")
        else:
            note("no scripts were written" if report.total else "nothing was submitted, so no scripts were written")
    for line in broken:
        note(line)
    return bool(broken)


def _explored(deeds: Sequence[Deed], asked: Asked, seed: int) -> bool:
    """Tell what walking all ways comes to; whether something is wrong."""
    submissions = [deed.submission for deed in deeds if deed.submission is not None]
    found = explore(submissions, seed=seed, most=asked.ways)
    if asked.as_json:
        put_json(_as_data(found, seed))
        return bool(found.found)
    for one in found.found:
        put(f"{one.problem}: {one.what}")
        if one.way:
            put(f"  where {one.way}")
        if one.waiting:
            put(f"  then these wait for ever: {', '.join(one.waiting)}")
    if found.total and not found.found:
        put("nothing gets stuck, and everything runs on some way")
    for what, names in found.after.items():
        put(f"where {what}, these wait until it is resubmitted: {', '.join(names) or 'none'}")
    for line in bounds(found, seed):
        put(line)
    return bool(found.found)


def _as_data(found: Explored, seed: int) -> dict[str, Any]:
    return {
        "walked": found.walked,
        "total": found.total,
        "left_out": found.left_out,
        "seed": seed,
        "bounds": list(bounds(found, seed)),
        "found": [
            {"problem": str(one.problem), "what": one.what, "way": one.way, "waiting": list(one.waiting)}
            for one in found.found
        ],
        "after_failures": {what: list(names) for what, names in found.after.items()},
    }
