"""The command that simulates, as the command line declares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from ..options import Json


def dry_run(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A Python script that submits something.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="What the script gets.")] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="FILE", help="What happens: durations, widths, failures, ...")
    ] = None,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Draw the timeline (.png, .svg or .pdf).")
    ] = None,
    as_json: Json = False,
    max_core_hours: Annotated[
        float | None, typer.Option("--max-core-hours", metavar="X", min=0, help="Status 1 if it takes more.")
    ] = None,
    max_jobs: Annotated[
        int | None, typer.Option("--max-jobs", metavar="N", min=0, help="Status 1 if it takes more batch jobs.")
    ] = None,
    expect_entries: Annotated[
        int | None, typer.Option("--expect-entries", metavar="N", min=0, help="Status 1 if it comes to another number.")
    ] = None,
    scripts: Annotated[
        str | None, typer.Option("--scripts", metavar="DIR", help="Write the batch scripts that would be submitted.")
    ] = None,
    explore: Annotated[
        bool, typer.Option("--explore", help="Walk all that may happen: what can get stuck, what never runs.")
    ] = False,
    ways: Annotated[int, typer.Option("--ways", metavar="N", min=1, help="Most ways that --explore walks.")] = 1000,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="What all chance comes from.")] = None,
) -> None:
    """Simulate what a script would submit, on a virtual clock.

    The submission script runs; its tasks don't. The planner plays the campaign to its end in memory, on a virtual
    clock. A scenario says how long tasks take, what groups are told, what fails, and how large partitions are.

    The exit status is 0, 1 if a limit is broken or --explore finds something, 2 if the submission script itself fails.

    \b
      pq dry-run submit.py                        how long, how many jobs, core-hours
      pq dry-run submit.py --scenario slow.toml   with durations, widths, failures
      pq dry-run submit.py --plot timeline.png    a picture, partition by partition
      pq dry-run submit.py --max-core-hours 500   for continuous integration
      pq dry-run submit.py --explore              what can get stuck, what never runs
    """
    from perqueue.dryrun.reports.limits import Limits

    from ..acting.simulating import Asked, simulate_script

    asked = Asked(scenario, plot, scripts, seed, ways, Limits(max_core_hours, max_jobs, expect_entries), as_json)
    status = simulate_script(script, arguments or [], asked, explored=explore)
    if status:
        raise typer.Exit(status)


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"dry-run": dry_run}
