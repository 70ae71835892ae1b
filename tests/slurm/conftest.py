"""Slurms to test on: each variant is started once for each worker, when it is first asked for, and ended at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.chaos.scripts import write_scripts
from tests.slurm.cluster import Cluster, Variant, may_group, missing, running

Clusters: TypeAlias = Callable[[Variant], Cluster]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no Slurm, one test says so, once, and the others are left out."""
    if os.environ.get("CI") or not missing():
        return
    left_out = [item for item in items if "slurm" in getattr(item, "fixturenames", ())][1:]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def clusters() -> Iterator[Clusters]:
    """Gives the Slurm of a variant."""
    with ExitStack() as stack:
        found: dict[Variant, Cluster] = {}

        def start(variant: Variant) -> Cluster:
            _must_be_there(missing())
            if variant.groups and not may_group():
                _must_be_there("control groups can't be made here; that takes root, and a kernel that shows them")
            if variant not in found:
                found[variant] = stack.enter_context(running(variant))
            return found[variant]

        yield start


def _must_be_there(what: str) -> None:
    """Leave the test out where something is missing, but not where everything has to be tested."""
    if what and os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    if what:
        pytest.skip(what)


@pytest.fixture
def variant() -> Variant:
    """What Slurm a test gets; parametrized where it is to be another."""
    return Variant()


@pytest.fixture
def slurm(clusters: Clusters, variant: Variant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A Slurm that programs find; jobs that a test leaves are cancelled."""
    cluster = clusters(variant)
    cluster.start()  # what an earlier test ended
    for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_", "SQUEUE_"))]:
        monkeypatch.delenv(name)
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    try:
        yield cluster
    finally:
        cluster.start()
        cluster.clear()


@pytest.fixture
def here(slurm: Cluster, queue_folder: Path) -> Path:
    """A folder whose configuration sends partitions to Slurm, with task scripts."""
    write_scripts(queue_folder)
    configure(queue_folder)
    return queue_folder


def configure(folder: Path, executor: str = "", **partitions: str) -> None:
    """Write the configuration: options of the executor, and lines for partitions."""
    text = ["[local]", "idle = 0.2", "cores = 2", "[executors.slurm]", "interval = 0.3", "max_interval = 2", executor]
    for name in ("xeon24", "xeon40", "xeon56", "sm3090"):
        text += [f"[partitions.{name}]", 'executor = "slurm"', partitions.get(name, "")]
    (folder / "perqueue.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
