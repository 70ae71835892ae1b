"""Environment variables over the files."""

from __future__ import annotations

from typing import Final

import pytest
from tests.config.conftest import Load, Refusal

from perqueue.config import Config, Partition
from perqueue.config.errors import EXECUTOR
from perqueue.config.variables import variable_for
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry

FILE: Final = '[local]\ncores = 7\n[partitions."GPU.a-100"]\nexecutor = "slurm"\n[partitions.x_cores]\ncores = 1\n'


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PERQUEUE_LOCAL_CORES", "4", "cores", 4),
        ("PERQUEUE_LOCAL_IDLE", "1.5", "idle", 1.5),
        ("PERQUEUE_LOCAL_LOGS", "perqueue", "logs", "perqueue"),
        ("PERQUEUE_VALUES_SHAPES", "json", "shapes", "json"),
        ("PERQUEUE_ENVIRONMENT_ALLOW", "DATA, MY_*", "allow", ("DATA", "MY_*")),
        ("PERQUEUE_ENVIRONMENT_ALLOW", '["A,B"]', "allow", ("A,B",)),
        ("PERQUEUE_CHECKS_SUBMIT", "off", "checks", "off"),
        ("PERQUEUE_QUEUE_STORE", "json", "store", "json"),
        ("PERQUEUE_EXECUTOR", "local", "override", "local"),
        ("PERQUEUE_EXECUTOR", "dry-run", "override", "dry-run"),
    ],
)
def test_a_variable_counts_before_files(load: Load, variable: str, text: str, field: str, value: object) -> None:
    """Each key of a plain table has a variable, and so has the override."""
    assert getattr(load("[local]\ncores = 7\n", **{variable: text}), field) == value


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PERQUEUE_PARTITIONS_XEON24", "slurm", Partition("xeon24", "slurm")),
        ("PERQUEUE_PARTITIONS_XEON24_EXECUTOR", "slurm", Partition("xeon24", "slurm")),
        ("PERQUEUE_PARTITIONS_XEON24_ACCOUNT", "abc", Partition("xeon24", account="abc")),
        ("PERQUEUE_PARTITIONS_XEON24_MAX_JOBS", "3", Partition("xeon24", max_jobs=3)),
        ("PERQUEUE_PARTITIONS_XEON24_MEMORY", "4G", Partition("xeon24", memory=4096)),
        ("PERQUEUE_PARTITIONS_XEON24_MEMORY", "512", Partition("xeon24", memory=512)),
        ("PERQUEUE_PARTITIONS_XEON24_EXCLUSIVE", "Yes", Partition("xeon24", exclusive=True)),
        ("PERQUEUE_PARTITIONS_XEON24_REQUEUE", "0", Partition("xeon24", requeue=False)),
        ("PERQUEUE_PARTITIONS_XEON24_RETRY_TIMES", "2", Partition("xeon24", retry=Retry(times=2))),
        ("PERQUEUE_PARTITIONS_XEON24_RETRY_ON", "oom", Partition("xeon24", retry=Retry(on=("oom",)))),
        ("PERQUEUE_PARTITIONS_XEON24_RETRY_MAX_TIME", "24h", Partition("xeon24", retry=Retry(max_time=86400))),
        ("PERQUEUE_PARTITIONS_XEON24_RETRY_MAX_TIME", "600", Partition("xeon24", retry=Retry(max_time=600))),
        ("PERQUEUE_PARTITIONS_XEON24_RETRY_MAX_MEMORY", "1T", Partition("xeon24", retry=Retry(max_memory=1 << 20))),
        ("PERQUEUE_PARTITIONS_XEON24_OPTIONS_DEPTH", "2", Partition("xeon24", options={"depth": 2})),
        ("PERQUEUE_PARTITIONS_XEON24_OPTIONS_NICE_NAME", "a b", Partition("xeon24", options={"nice_name": "a b"})),
        ("PERQUEUE_PARTITIONS_GPU_A_100_QOS", "q", Partition("GPU.a-100", "slurm", qos="q")),
        ("PERQUEUE_PARTITIONS_X_CORES", "slurm", Partition("x_cores", "slurm", cores=1)),
        ("PERQUEUE_PARTITIONS_X_CORES_CORES", "5", Partition("x_cores", cores=5)),
    ],
)
def test_a_partition_s_variable(load: Load, variable: str, text: str, expected: Partition) -> None:
    """Its name is found among those of the files, and else where the key at the end begins."""
    assert load(FILE, **{variable: text}).partitions[expected.name] == expected


def test_an_executor_s_variable(load: Load) -> None:
    """The keys of executors have variables too."""
    assert load(PERQUEUE_EXECUTORS_SLURM_MAX_ARRAY="9").executors["slurm"].max_array == 9


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("PERQUEUE_LOCAL_CORES", "0", "local.cores: 0 is not a whole number from 1"),
        ("PERQUEUE_LOCAL_CORES", "two", "local.cores: 'two' is not a whole number from 1"),
        ("PERQUEUE_LOCAL_CORE", "2", "local.core: unknown; local has: cores, idle, logs; did you mean 'cores'?"),
        ("PERQUEUE_VALUES_SHAPES", "x", "values.shapes: 'x' is not allowed; choose from: typed, json"),
        ("PERQUEUE_EXECUTOR", "slurm", "executor: 'slurm' is not allowed; choose from: local, dry-run"),
        ("PERQUEUE_EXECUTOR", "dryrun", "executor: 'dryrun' is not allowed; choose from: local, dry-run; did you mean"),
        ("PERQUEUE_PARTITIONS_X_CORES_COST", "1", "partitions.x_cores.cost: unknown; a partition has: executor"),
        ("PERQUEUE_PARTITIONS_8X_CORES", "1", "partitions.8x: no resource string can name it"),
        ("PERQUEUE_PARTITIONS_XEON24_REQUEUE", "maybe", "partitions.xeon24.requeue: 'maybe' is not true or false"),
        ("PERQUEUE_EXECUTORS_SLURM", "1", "executors: 'SLURM' ends in no key; an executor has: bin, interval"),
    ],
)
def test_a_variable_that_can_not_be_used(refusal: Refusal, variable: str, text: str, told: str) -> None:
    """The error names the variable, the key and what is allowed."""
    assert refusal(FILE, **{variable: text}).startswith(f"the environment variable {variable}: {told}")


def test_others_variables_are_left_alone(load: Load) -> None:
    """An empty variable is as good as none, and what belongs to no table is somebody else's."""
    found = load("", PERQUEUE_LOCAL_CORES="", PERQUEUE_EXECUTOR="", PERQUEUE_RUN="x", PERQUEUE_OTHER_X="y")
    assert found == Config()


@pytest.mark.parametrize("resources", ["local:1h", "24:xeon24:1h", "8:1h"])
def test_everything_on_this_machine(load: Load, resources: str) -> None:
    """``PERQUEUE_EXECUTOR=local`` sends everything to this machine, whatever the files say."""
    found = load('[partitions]\nxeon24 = "slurm"\n', **{EXECUTOR: "local"})
    assert found.partition_for(Resources.parse(resources)).lane == "local"


def test_what_else_a_partition_says_still_counts_here(load: Load) -> None:
    """Its policy for retries holds on this machine too."""
    found = load('[partitions.a]\nexecutor = "slurm"\nretry = {times = 2}\n', **{EXECUTOR: "local"})
    assert found.partition_for(Resources.parse("2:a:1h")).retry == Retry(times=2)


@pytest.mark.parametrize(
    ("place", "variable"),
    [
        (("executor",), "PERQUEUE_EXECUTOR"),
        (("local", "cores"), "PERQUEUE_LOCAL_CORES"),
        (("partitions", "gpu.a100", "retry", "times"), "PERQUEUE_PARTITIONS_GPU_A100_RETRY_TIMES"),
    ],
)
def test_what_a_key_s_variable_is_called(place: tuple[str, ...], variable: str) -> None:
    """The table and the key in capitals, with underscores between."""
    assert variable_for(place) == variable
