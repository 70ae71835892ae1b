"""What a report remarks on: rules that nothing goes by, and partitions that are not what they seem."""

from __future__ import annotations

from typing import Any

import pytest

from perqueue import CyclicalGroup, DynamicWidthGroup, SwitchGroup
from perqueue.config import Config, Partition
from perqueue.core.task import Task
from perqueue.testing import scenario_from, simulate

REACHED = "was never reached in this play, as no"
NOTHING = "(tasks are: collect, relax, search)"


def named(name: str) -> Task:
    return Task(f"/scripts/{name}.py", {}, "1:xeon24:1h", name=name)


def rules_of(remarks: tuple[str, ...]) -> list[str]:
    return [one.removeprefix("the scenario: ") for one in remarks if one.startswith("the scenario: ")]


@pytest.mark.parametrize(
    ("scenario", "remark"),
    [
        ({"widths": {"search": 3}}, f"widths.search {REACHED} 'search' succeeded"),
        ({"widths": {"DynamicWidthGroup(rel*": 3}}, f"widths.DynamicWidthGroup(rel* {REACHED} 'search' succeeded"),
        ({"durations": {"relax": "1m"}}, f"durations.relax {REACHED} 'relax' started"),
        ({"failures": {"r*": 0.5}}, f"failures.r* {REACHED} 'relax' started"),
        ({"discards": {"search": 0.5}}, f"discards.search {REACHED} 'search' succeeded"),
        ({"widths": {"serach": 3}}, f"nothing goes by widths.serach {NOTHING}"),
        ({"widths": {"relax": 3}}, f"nothing goes by widths.relax {NOTHING}"),
        ({"iterations": {"search": 3}}, f"nothing goes by iterations.search {NOTHING}"),
        ({"branches": {"search": "a"}}, f"nothing goes by branches.search {NOTHING}"),
        ({"durations": {"serach": "1m"}}, f"nothing goes by durations.serach {NOTHING}"),
        (
            {"durations": {"search": "1m", "sea*": "1m"}},
            "nothing goes by durations.sea*, as other rules come before it for all that it fits",
        ),
    ],
)
@pytest.mark.parametrize("cause", ["failed", "timed out"])
def test_a_rule_that_nothing_goes_by(scenario: dict[str, dict[str, Any]], remark: str, cause: str) -> None:
    """What is not reached as something before it failed or timed out is told from a name that fits nothing."""
    table = "failures" if cause == "failed" else "durations"
    ended = {table: {**scenario.get(table, {}), "search": 1.0 if cause == "failed" else "2h"}}
    work = named("search") >> DynamicWidthGroup(named("relax")) >> named("collect")
    found = simulate(work, scenario_from({**scenario, **ended}))
    assert rules_of(found.report.remarks) == [remark]


def test_groups_that_are_not_reached() -> None:
    """It is told likewise of loops and switches; a rule that was asked for is not told."""
    work = named("a") >> CyclicalGroup(named("b"), max_tries=9) >> named("c") >> SwitchGroup({"x": [named("d")]})
    tables = {"iterations": {"b": 2}, "branches": {"c": "x"}}
    assert rules_of(simulate(work, scenario_from(tables)).report.remarks) == []
    found = simulate(work, scenario_from({**tables, "failures": {"a": 1.0}}))
    assert rules_of(found.report.remarks) == [
        f"iterations.b {REACHED} 'b' succeeded",
        f"branches.c {REACHED} 'c' succeeded",
    ]


def test_a_rule_for_what_the_test_decides() -> None:
    """Where a result is given, its task's rule was reached but not asked."""
    work = named("search") >> DynamicWidthGroup(named("relax"))
    given = {"search": {"pq_dynamicwidthgroup_size": 2}, "*": None}
    found = simulate(work, given, scenario=scenario_from({"discards": {"search": 0.5}}))
    assert rules_of(found.report.remarks) == ["discards.search was never asked in this play"]


@pytest.mark.parametrize("executor", ["dry-run", "nosuch"])
@pytest.mark.parametrize("nodes", [{}, {"nodes": 3}])
def test_a_partition_whose_executor_is_not_installed(executor: str, nodes: dict[str, int]) -> None:
    """It is said that there is no such executor, not that nothing configures the partition."""
    config = Config(
        partitions={"xeon24": Partition("xeon24", executor)},
        sources={("partitions", "xeon24", "executor"): "perqueue.toml"},
    )
    first, *others = simulate(
        named("a"), scenario_from({"partitions": {"xeon24": nodes}}), config=config
    ).report.remarks
    assert first.startswith(f"perqueue.toml: partitions.xeon24.executor: there is no executor {executor!r}; ")
    assert "the partition 'xeon24' is simulated as it is configured, but a submission to it is refused" in first
    assert [one.partition(":")[0] for one in others] == ([] if nodes else ["nothing says how many nodes 'xeon24' has"])


def test_a_partition_whose_executor_is_there() -> None:
    """Nothing is said of it."""
    config = Config(partitions={"xeon24": Partition("xeon24", "slurm")})
    scenario = scenario_from({"partitions": {"xeon24": {"nodes": 1}}})
    assert simulate(named("a"), scenario, config=config).report.remarks == ()
