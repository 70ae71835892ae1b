"""Scenarios: what they may say, and what is told about what they may not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from perqueue.dryrun.errors import ScenarioError, ScenarioUnreadableError
from perqueue.dryrun.scenarios.reading import read_scenario, scenario_for, scenario_from
from perqueue.dryrun.scenarios.scenario import NEVER, Machine, Mishap, Scenario
from perqueue.dryrun.scenarios.spans import Amount, Counts, Shape, Span

WHOLE = """
seed = 7

[durations]
default = 0.5
relax = "10m"
train = { normal = ["30m", "5m"] }
label = { lognormal = ["1h", 0.4] }
wait = { exponential = "2h" }

[widths]
train = [3, 2, 1]
"*" = { uniform = [1, 4] }

[iterations]
train = "never"
label = 3

[branches]
judge = ["good", "bad"]
count = 2

[failures]
relax = 0.1
neb = { nth = [3], reason = "oom", times = 1 }

[discards]
hull = { nth = 4 }

[partitions.xeon24]
nodes = 2
cores = 24
"""


def test_everything_that_may_be_said() -> None:
    """Each table is read into its rules."""
    found = scenario_from(tomllib.loads(WHOLE))
    assert found.seed == 7
    assert found.durations.by_pattern["default"] == Span(Shape.fixed, (Amount(0.5, relative=True),))
    assert found.durations.by_pattern["relax"] == Span(Shape.fixed, (Amount(600.0),))
    assert found.durations.by_pattern["train"] == Span(Shape.normal, (Amount(1800.0), Amount(300.0)))
    assert found.durations.by_pattern["label"] == Span(Shape.lognormal, (Amount(3600.0),), 0.4)
    assert found.durations.by_pattern["wait"] == Span(Shape.exponential, (Amount(7200.0),))
    assert dict(found.widths.by_pattern) == {"train": Counts((3, 2, 1)), "*": Counts(between=(1, 4))}
    assert dict(found.iterations.by_pattern) == {"train": Counts((NEVER,)), "label": Counts((3,))}
    assert dict(found.branches.by_pattern) == {"judge": ("good", "bad"), "count": (2,)}
    assert found.failures.by_pattern["relax"].rate == 0.1
    assert found.failures.by_pattern["neb"] == Mishap(0.0, frozenset({3}), "oom", 1)
    assert found.discards.by_pattern["hull"].nth == {4}
    assert found.partitions == {"xeon24": Machine(2, 24)}


def test_every_part_may_be_left_out() -> None:
    """An empty file is a scenario."""
    assert scenario_from({}) == Scenario()


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("sed = 1", "sed", "is 'seed' meant?"),
        ("seed = -1", "seed", "a whole number from 0 to 9223372036854775807"),
        ("seed = true", "seed", "a whole number from 0 to 9223372036854775807"),
        ("seed = 9223372036854775808", "seed", "a whole number from 0 to 9223372036854775807"),
        ("[durations]\na = 5000000000", "durations.a", "at most 1000000000"),
        ("[durations]\na = {lognormal = ['1m', 5000000000]}", "durations.a.lognormal", "a number from 0 to 1000000000"),
        ("[widths]\na = 5000000000", "widths.a", "a whole number from 0 to 1000000000"),
        ("[iterations]\na = 5000000000", "iterations.a", "a whole number from 1 to 1000000000"),
        ("[failures]\na = {nth = 5000000000}", "failures.a.nth", "whole numbers from 1 to 1000000000"),
        ("[partitions.x]\nnodes = 5000000000", "partitions.x.nodes", "a whole number from 1 to 1000000000"),
        ("durations = 3", "durations", "write [durations] on a line of its own"),
        ("[durations]\na = '10x'", "durations.a", "a time such as '90s'"),
        ("[durations]\na = true", "durations.a", "a fraction of the walltime"),
        ("[durations]\na = -0.5", "durations.a", "a fraction of the walltime"),
        ("[durations]\na = {unifrom = ['1m', '2m']}", "durations.a.unifrom", "is 'uniform' meant?"),
        ("[durations]\na = {uniform = '1m'}", "durations.a.uniform", "a list of two"),
        ("[durations]\na = {uniform = ['1m', '2m'], normal = ['1m', '2m']}", "durations.a", "one of {uniform"),
        ("[durations]\na = {lognormal = ['1m', '2m']}", "durations.a.lognormal", "not a number from 0"),
        ("[widths]\na = -1", "widths.a", "a whole number from 0"),
        ("[widths]\na = []", "widths.a", "a list of them"),
        ("[widths]\na = {uniform = [1]}", "widths.a", "{uniform = [from, to]}"),
        ("[iterations]\na = 0", "iterations.a", "or 'never'"),
        ("[branches]\na = 1.5", "branches.a", "'pq_skip_route'"),
        ("[failures]\na = 2", "failures.a", "a rate from 0 to 1"),
        ("[failures]\na = {}", "failures.a", "'rate' or 'nth'"),
        ("[failures]\na = {nth = [0]}", "failures.a.nth", "whole numbers from 1"),
        ("[failures]\na = {rate = 0.1, reason = 'bad luck'}", "failures.a.reason", "choose from: walltime, oom"),
        ("[failures]\na = {rate = 0.1, times = 0}", "failures.a.times", "a whole number from 1"),
        ("[discards]\na = {rate = 0.1, reason = 'oom'}", "discards.a.reason", "Allowed are: rate, nth"),
        ("[partitions]\nxeon24 = 3", "partitions.xeon24", "a table with nodes, cores"),
        ("[partitions.xeon24]\nnode = 3", "partitions.xeon24.node", "is 'nodes' meant?"),
        ("[partitions.xeon24]\nnodes = 0", "partitions.xeon24.nodes", "a whole number from 1"),
    ],
)
def test_what_is_wrong_is_told(text: str, key: str, allowed: str, tmp_path: Path) -> None:
    """An error names the file, the key and what is allowed."""
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(str(path))
    assert str(caught.value).startswith(f"{path}: {key}: ")
    assert allowed in str(caught.value)


@pytest.mark.parametrize("text", [None, "seed = ", "\xff"])
def test_what_can_t_be_read(text: str | None, tmp_path: Path) -> None:
    """A file that isn't there, and one that isn't TOML, are told by their path."""
    path = tmp_path / "scenario.toml"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(ScenarioUnreadableError, match=r"scenario\.toml"):
        read_scenario(str(path))


@pytest.mark.parametrize(("seed", "found"), [(None, 0), ("", 0), ("5", 5), (6, 6), (5000000000, 5000000000)])
def test_another_seed(seed: str | int | None, found: int) -> None:
    """A seed that is asked for takes the place of the scenario's."""
    assert scenario_for(None, seed).seed == found


@pytest.mark.parametrize("seed", ["x", "-1", -1, 1 << 63, str(1 << 63), "9" * 5000])
def test_a_seed_that_can_t_be_used(seed: str | int) -> None:
    """It is refused, by the same rule as in a file."""
    with pytest.raises(ScenarioError, match="is not a whole number from 0 to 9223372036854775807"):
        scenario_for(None, seed)


@pytest.mark.parametrize("seed", [5000000000, (1 << 63) - 1])
def test_a_large_seed(seed: int) -> None:
    """What may be asked for may also stand in a file."""
    assert scenario_from({"seed": seed}).seed == scenario_for(None, seed).seed == scenario_for(None, str(seed)).seed
