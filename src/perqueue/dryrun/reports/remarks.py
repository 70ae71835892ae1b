"""What else should be known of a dry run: partitions that are not what they seem, and rules that nothing goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from perqueue.core.errors import UsageError
from perqueue.core.graph import LoopKind, SwitchKind, WidthKind
from perqueue.core.records import Verdict
from perqueue.plugins.executors import executor_plugin

from ..playing.machines import Place
from ..playing.outcomes import Foretold
from ..playing.simulation import Simulation
from ..scenarios.scenario import fits

_GROUPS: Final[dict[str, type[WidthKind | LoopKind | SwitchKind]]] = {
    "widths": WidthKind,
    "iterations": LoopKind,
    "branches": SwitchKind,
}
_STARTED: Final = ("durations", "failures")
"""The tables that are asked when an attempt starts; the others when it succeeds."""
_MOST_NAMES: Final = 12


def remarks(simulation: Simulation, foretold: Foretold) -> Iterator[str]:
    """The remarks on a simulation that has come to its end, a line each."""
    places = {run.place.size.name: run.place for run in simulation.runs}
    for name, place in sorted(places.items()):
        yield from _about(name, place)
    for table, pattern in foretold.unused():
        yield f"{foretold.scenario.source}: {_unused(simulation, foretold, table, pattern)}"


def _about(name: str, place: Place) -> Iterator[str]:
    if place.origin:
        try:
            executor_plugin(place.executor)
        except UsageError as error:
            yield (
                f"{place.origin}: {error}: the partition {name!r} is simulated as it is configured, "
                "but a submission to it is refused"
            )
    if place.size.nodes is not None:
        return
    if place.origin:
        told = f"([partitions.{name}] nodes in a scenario)"
        yield f"nothing says how many nodes {name!r} has: no job waits for one {told}"
    else:
        yield f"no configuration says what the partition {name!r} is: it is taken to be without limits"


def _unused(simulation: Simulation, foretold: Foretold, table: str, pattern: str) -> str:
    """Why nothing was found by a rule: it fits nothing, others come first, or what it is about was never reached."""
    rule = f"{table}.{pattern}"
    tasks = sorted({task.name for task in simulation.state.tasks.values()})
    kind = _GROUPS.get(table)
    things = (
        [(name,) for name in tasks]
        if kind is None
        else [names for deciders in simulation.deciders.values() for names in deciders.named(kind)]
    )
    if not any(fits(pattern, names) for names in things):
        shown = [*tasks[:_MOST_NAMES], *(["..."] if len(tasks) > _MOST_NAMES else [])]
        return f"nothing goes by {rule} (tasks are: {', '.join(shown)})"
    rules = foretold.scenario.tables[table]
    mine = [names for names in things if rules.pattern(names) == pattern]
    if not mine:
        return f"nothing goes by {rule}, as other rules come before it for all that it fits"
    # What decides a group comes after its label.
    asked = sorted({name for names in mine for name in (names if kind is None else names[1:])})
    if _came(simulation, table).isdisjoint(asked):
        shown = [*map(repr, asked[:_MOST_NAMES]), *(["..."] if len(asked) > _MOST_NAMES else [])]
        how = "started" if table in _STARTED else "succeeded"
        return f"{rule} was never reached in this play, as no {' or '.join(shown)} {how}"
    return f"{rule} was never asked in this play"


def _came(simulation: Simulation, table: str) -> set[str]:
    """The names of the tasks that came as far as a table's rules are asked."""
    state, runs = simulation.state, simulation.runs
    return {
        state.tasks[state.entries[run.key].task].name
        for run in runs
        if run.key in state.entries and (table in _STARTED or run.verdict is Verdict.succeeded)
    }
