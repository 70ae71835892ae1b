"""What a configuration says of resources: which executor, which lane, how many cores here."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from perqueue.config import Config, ExecutorOptions, Partition, PartitionError, lane_executor, scaled
from perqueue.config.errors import EXECUTOR, FILE
from perqueue.core.resources import Resources

SLURM = {"xeon24": Partition("xeon24", "slurm"), "default": Partition("default", "pbs")}


@pytest.mark.parametrize("kind", [Config, Partition, ExecutorOptions])
def test_every_setting_is_documented(kind: type[Any]) -> None:
    """The docstring explains each setting."""
    assert kind.__doc__ is not None
    for setting in fields(kind):
        assert f"\n        {setting.name}: " in kind.__doc__


@pytest.mark.parametrize(
    ("resources", "lane"),
    [("local", "local"), ("4:local:1h", "local"), ("24:xeon24:1h", "slurm:xeon24"), ("8:1h", "pbs:default")],
)
def test_which_lane(resources: str, lane: str) -> None:
    """The partition decides; without one it is the default's."""
    found = Config(partitions=SLURM).partition_for(Resources.parse(resources))
    assert (found.lane, found.executor) == (lane, lane_executor(lane))


def test_the_lanes_of_a_configuration() -> None:
    """Each partition of another executor is a lane; all of this machine's are one."""
    config = Config(partitions={**SLURM, "debug": Partition("debug")})
    assert list(config.lanes.items()) == [
        ("local", ("local", "")),
        ("pbs:default", ("pbs", "default")),
        ("slurm:xeon24", ("slurm", "xeon24")),
    ]


@pytest.mark.parametrize(
    ("resources", "told"),
    [("24:xeon40:1h", ["the partition 'xeon40'", 'xeon40 = "local"']), ("8:1h", ["no partition", 'default = "local"'])],
)
def test_a_partition_that_nothing_configures(resources: str, told: list[str]) -> None:
    """The error names the resources and the partition, and two ways out."""
    with pytest.raises(PartitionError) as caught:
        Config(partitions={"xeon24": SLURM["xeon24"]}).partition_for(Resources.parse(resources))
    cluster = "or the executor of your cluster, such as slurm"
    for part in [*told, f"{EXECUTOR}=local", FILE, "(configured are: xeon24)", cluster]:
        assert part in str(caught.value)


NODE = {"xeon24": Partition("xeon24", "slurm", cores=24), "default": Partition("default", "slurm", cores=10)}
HERE = {"xeon24": Partition("xeon24", "local", cores=24), "bare": Partition("bare", "local")}


@pytest.mark.parametrize(
    ("resources", "here", "partitions", "override", "cores"),
    [
        ("24:xeon24:1h", 8, NODE, "local", 8),
        ("12:xeon24:1h", 8, NODE, "local", 4),
        ("1:xeon24:1h", 8, NODE, "local", 1),
        ("4:xeon24:1h", 8, NODE, "local", 2),
        ("48:xeon24:1h", 8, NODE, "local", 8),
        ("24:xeon24:1h", 96, NODE, "local", 96),
        ("1:xeon24:1h", 96, NODE, "local", 4),
        ("5:1h", 4, NODE, "local", 2),
        ("24:other:1h", 8, NODE, "local", 8),
        ("3:other:1h", 8, NODE, "local", 3),
        ("12:xeon24:1h", 8, HERE, None, 4),
        ("12:bare:1h", 8, HERE, None, 8),
        ("12:xeon24:1h", 8, NODE, None, 12),
        ("12:local:1h", 8, NODE, "local", 12),
        ("12:local:1h", 8, NODE, None, 12),
    ],
)
def test_cores_here(
    resources: str, here: int, partitions: dict[str, Partition], override: str | None, cores: int
) -> None:
    """A share of a node is the same share of this machine; what is not of a cluster, or runs there, stays as it is."""
    config = Config(cores=here, partitions=partitions, override=override)
    assert scaled(Resources.parse(resources), config) == cores


@given(st.integers(1, 10**6), st.integers(1, 512), st.none() | st.integers(1, 512))
def test_a_task_always_fits_this_machine(cores: int, here: int, node: int | None) -> None:
    """It takes at least one core and at most all, the more the more it asks for."""
    config = Config(cores=here, partitions={"a": Partition("a", "slurm", cores=node)}, override="local")
    now, more = (scaled(Resources(cores=n, partition="a"), config) for n in (cores, cores + 1))
    assert 1 <= now <= more <= here
    if node is not None and cores >= node:
        assert now == here
