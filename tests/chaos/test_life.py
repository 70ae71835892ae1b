"""The supervisor's life: one for each queue, there when it is needed, gone when it is not."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Final

import pytest
from tests.chaos.cast import cast, kill, wait_gone
from tests.chaos.driving import (
    gated,
    quick,
    rest,
    settle,
    submit,
    submit_undriven,
    tick,
    wait_begun,
    wait_left,
)
from tests.chaos.laws import check_laws
from tests.chaos.stored import queue_in, stored
from tests.queues import PATIENCE, script, wait_until

from perqueue.core.states import EntryState

STARTS: Final = """
import sys
from perqueue.engine.folder import open_folder
from perqueue.engine.wake import ensure_supervisor

folder = open_folder(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    assert ensure_supervisor(folder)
"""


def test_however_many_start_one_there_is_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many supervisors that are started and poked at once, one drives the queue and the others leave."""
    (key,) = submit_undriven(monkeypatch, gated())
    command = [sys.executable, "-c", STARTS, f"{here}/.perqueue"]
    starters = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    try:
        for starter in starters:
            assert starter.stdout is not None
            assert starter.stdout.readline() == "ready\n"
        for starter in starters:
            starter.communicate("go\n", timeout=PATIENCE)
            assert starter.returncode == 0
    finally:
        for starter in starters:
            starter.kill()
            starter.communicate()
    wait_begun(here, key)
    wait_until(lambda: len(cast(here).supervisors) == 1, "all supervisors but one to leave")
    assert stored(here).last_epoch == 1
    (here / "go").touch()
    rest(here)
    check_laws(here)


def test_it_leaves_when_there_is_nothing_to_do(here: Path) -> None:
    """After the last entry, no process of the queue stays, and the lease is given back."""
    submit(quick())
    rest(here)
    wait_left(here)
    assert stored(here).lease is None


def test_it_comes_back_with_the_next_submission(here: Path) -> None:
    """What is submitted after it left runs as well."""
    submit(quick())
    rest(here)
    wait_left(here)
    submit(quick())
    rest(here)
    assert check_laws(here).keys(EntryState.succeeded) == [1, 2]


def test_it_comes_back_with_a_tick(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick starts one for what lies there, and says so; one with nothing to do starts none."""
    submit_undriven(monkeypatch, quick())
    assert cast(here).everybody == []
    assert tick(here).started
    rest(here)
    wait_left(here)
    assert not tick(here).started
    assert check_laws(here).keys(EntryState.succeeded) == [1]


def test_a_tick_wakes_the_one_that_lives(here: Path) -> None:
    """Where a supervisor lives, a tick wakes it and does nothing else."""
    (key,) = submit(gated())
    wait_begun(here, key)
    assert tick(here).woken
    (here / "go").touch()
    rest(here)
    assert stored(here).last_epoch == 1


def test_it_survives_the_terminal_of_the_submitter(here: Path) -> None:
    """When the terminal is closed, the submitter gets a hangup and the work goes on."""
    script(
        here,
        "submits.py",
        """
        import time
        from perqueue import PersistentQueue, Task

        with PersistentQueue() as queue:
            queue.submit(Task("gated.py", None, "local"))
        while True:
            time.sleep(60)
        """,
    )
    terminal, end = pty.openpty()
    try:
        submitter = subprocess.Popen(
            [sys.executable, "submits.py"],
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(end)
        wait_until(lambda: (here / ".perqueue").exists(), "the queue")
        wait_until(lambda: stored(here).entries, "the entry")
        task = wait_begun(here, 1)
    finally:
        os.close(terminal)
    assert submitter.wait(PATIENCE) == -signal.SIGHUP
    assert task in cast(here).tasks
    assert len(cast(here).supervisors) == 1
    (here / "go").touch()
    rest(here)
    assert check_laws(here).keys(EntryState.succeeded) == [1]


@pytest.mark.parametrize("supervised", [True, False])
def test_nothing_outlives_the_folder(here: Path, supervised: bool) -> None:
    """When ``.perqueue`` is deleted, everything ends, running tasks included, with and without a supervisor."""
    tasks = [wait_begun(here, key) for key in submit(gated(), gated())]
    if not supervised:
        kill(cast(here).supervisors)
    shutil.rmtree(here / ".perqueue")
    wait_left(here)
    for task in tasks:
        wait_gone(task)
    assert not (here / ".perqueue").exists()


def test_a_new_queue_in_the_place_of_a_deleted_one(here: Path) -> None:
    """Tasks of the deleted queue end, those of the new one run, and neither meets the other."""
    task = wait_begun(here, *submit(gated()))
    shutil.rmtree(here / ".perqueue")
    (here / "ledger").unlink()
    submit(quick(), quick())
    rest(here)
    wait_gone(task)
    assert check_laws(here).keys(EntryState.succeeded) == [1, 2]


def test_it_lives_on_the_home_host_only(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Away from home, work is stored and nothing is started; at home it runs."""
    submit_undriven(monkeypatch, quick())
    told = here / ".perqueue" / "queue.json"
    at_home = told.read_text()
    told.write_text(json.dumps({**json.loads(at_home), "home": "elsewhere"}))
    submit(quick())
    assert "elsewhere" in capfd.readouterr().err
    found = tick(here)
    assert (found.started, found.away) == (False, "elsewhere")
    command = [sys.executable, "-m", "perqueue.supervisor", queue_in(here).root]
    refused = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    assert "the queue's home is elsewhere" in refused.stderr
    wait_left(here)
    told.write_text(at_home)
    settle(here)
    assert check_laws(here).keys(EntryState.succeeded) == [1, 2]
