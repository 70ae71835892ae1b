"""A disk that is full while outcomes are committed: nothing is lost, and work goes on when there is room."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.chaos.cast import cast
from tests.chaos.driving import gated, quick, rest, submit, wait_begun
from tests.chaos.laws import check_laws
from tests.chaos.ledger import read_ledger
from tests.chaos.scripts import write_scripts
from tests.chaos.stored import stored
from tests.queues import CONFIG, end_processes, wait_until

from perqueue.core.states import EntryState
from perqueue.engine.lease import BEAT
from perqueue.supervisor.loop import LOOK

LONG: Final = BEAT + 3 * LOOK
"""Seconds within which a supervisor beats, and tries what failed several times."""


@pytest.fixture
def small_disk(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, on a disk of 2 MiB of its own."""
    disk = here / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command, so no small disk")
    if mounted.returncode != 0:
        pytest.skip("mounting a small tmpfs is not permitted here")
    try:
        with monkeypatch.context() as within:
            within.chdir(disk)
            write_scripts(disk)
            yield disk
    finally:
        try:
            end_processes(disk)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path) -> Path:
    """Take all the room that there is; the file that has it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def _log(folder: Path) -> str:
    return (folder / ".perqueue" / "supervisor.log").read_text(errors="replace")


def _overdue(folder: Path) -> bool:
    """Whether the supervisor has tried in vain for a while to say that it lives."""
    return time.time() - (folder / ".perqueue" / "beat").stat().st_mtime > LONG


@pytest.fixture
def store(request: pytest.FixtureRequest, here: Path) -> str:
    """What keeps the state."""
    name: str = request.param
    (here / "perqueue.toml").write_text(f'{CONFIG}[queue]\nstore = "{name}"\n', encoding="utf-8")
    return name


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "json"], indirect=True)
def test_the_supervisor_can_write_no_more(here: Path, store: str) -> None:
    """While it can't, it says so once and keeps what it heard; once it can, the results are there and the rest runs."""
    running, behind = submit(gated() >> quick())
    wait_begun(here, running)
    (supervisor,) = cast(here).supervisors
    # It must not write what it keeps the state in, but its log.
    most = 4096 if store == "sqlite" else next((here / ".perqueue").rglob("journal*")).stat().st_size
    assert most > 2 * len(_log(here)) + 1000
    old = resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    (here / "go").touch()
    wait_until(lambda: read_ledger(here).done[running, 1], "the task")
    wait_until(lambda: "can't be written" in _log(here), "the supervisor's complaint")
    wait_until(lambda: _overdue(here), "a beat that is due")
    assert cast(here).supervisors == [supervisor]
    assert _log(here).count("can't be written") == 1
    assert stored(here).states == {running: EntryState.running, behind: EntryState.waiting}
    resource.prlimit(supervisor, resource.RLIMIT_FSIZE, old)
    rest(here)
    assert check_laws(here).keys(EntryState.succeeded) == [running, behind]
    assert stored(here).last_epoch == 1


@pytest.mark.parametrize(
    ("store", "seconds"),
    [
        ("sqlite", 2.0),
        pytest.param("sqlite", LONG, marks=pytest.mark.slow),
        pytest.param("json", LONG, marks=pytest.mark.slow),
    ],
    indirect=["store"],
)
@pytest.mark.usefixtures("store")
def test_a_full_disk(small_disk: Path, seconds: float) -> None:
    """Tasks that end on a full disk wait with their results, and what waits for them runs, until there is room."""
    keys = submit(gated(), gated(), quick(), quick())
    running = keys[:2]
    for key in running:
        wait_begun(small_disk, key)
    # Each submission may have started a supervisor before the first one listened; they leave.
    wait_until(lambda: len(cast(small_disk).drivers) == 3, "all supervisors but one to leave")
    drivers = cast(small_disk).drivers
    ballast = _fill(small_disk)
    (small_disk / "go").touch()
    # Long enough for several tries; nobody gives up, and nobody who watches them dies of it.
    time.sleep(seconds)
    assert cast(small_disk).drivers == drivers
    assert len(cast(small_disk).tasks) == len(running)
    assert stored(small_disk).states == dict.fromkeys(running, EntryState.running) | dict.fromkeys(
        keys[2:], EntryState.queueing
    )
    ballast.unlink()
    rest(small_disk)
    found = check_laws(small_disk)
    assert found.keys(EntryState.succeeded) == keys
    assert found.last_epoch == 1
