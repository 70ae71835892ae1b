"""For tests: workflows played to their end without a queue, and contracts that stores and executors must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perqueue.dryrun.scenarios.reading import scenario_from
    from perqueue.dryrun.scenarios.scenario import Scenario

    from .simulated import Simulated, SimulatedEntry, simulate

_HOMES = {
    "Scenario": "perqueue.dryrun.scenarios.scenario",
    "Simulated": "perqueue.testing.simulated",
    "SimulatedEntry": "perqueue.testing.simulated",
    "scenario_from": "perqueue.dryrun.scenarios.reading",
    "simulate": "perqueue.testing.simulated",
}

__all__ = ["Scenario", "Simulated", "SimulatedEntry", "scenario_from", "simulate"]


def __getattr__(name: str) -> Any:
    # Whoever only tests a store needs none of these.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
