"""``pq run``, ``pq watch`` and ``pq tick``: real processes, interrupted and killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from tests.cli.program import Pq, finish, settle, start, states, wait_for
from tests.queues import script, wait_until

from perqueue import PersistentQueue, Task
from perqueue.engine.driver import listening
from perqueue.engine.folder import need_folder

EXAMPLE = Path(__file__).parents[2] / "examples" / "pi" / "submit.py"


def submission(folder: Path, body: str, name: str = "submit.py") -> str:
    script(folder, name, "from perqueue import *\nimport os, sys\n")
    with (folder / name).open("a") as file:
        file.write(body)
    return name


def submit_chain(*codes: str) -> str:
    tasks = " >> ".join(f"Task({code!r}, None, 'local')" for code in codes)
    return f"with PersistentQueue() as pq:\n    pq.submit({tasks})\n"


def kill_supervisor() -> None:
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as state:
            lease = state.lease()
    finally:
        store.close()
    assert lease is not None
    os.kill(lease.pid, signal.SIGKILL)
    wait_until(lambda: not listening(folder), "the end of the supervisor")


def test_the_example_ends_with_its_results(pq: Pq, queue_folder: Path) -> None:
    """``pq run examples/pi/submit.py`` shows the estimates of pi, the diameter and the plot's path at its end."""
    found = finish(start("run", str(EXAMPLE), "1000", cwd=queue_folder))
    assert found.status == 0, found
    end = found.out[found.out.index("pi_estimates") :]
    assert "array([" in end
    assert "93.7207" in end
    assert str(queue_folder / "pi_error.png") in end
    assert found.lines[-1] == "succeeded: 3. Total: 3"


def test_without_a_terminal_it_prints_plain_lines(pq: Pq, queue_folder: Path) -> None:
    """Each change of state is a line, and there are no control characters."""
    name = submission(queue_folder, "with PersistentQueue() as pq:\n    pq.submit(Task('add.py', None, 'local'))\n")
    found = finish(start("run", name, cwd=queue_folder))
    assert "1 add.py succeeded" in found.lines
    assert found.out.replace("\n", "").isprintable()


def test_a_failure_is_status_1(pq: Pq, queue_folder: Path) -> None:
    """If something failed, the status is 1 and what waits behind it counts as done."""
    body = (
        "with PersistentQueue() as pq:\n    pq.submit(Task('bad.py', None, 'local') >> Task('add.py', None, 'local'))\n"
    )
    found = finish(start("run", submission(queue_folder, body), cwd=queue_folder))
    assert found.status == 1
    assert "ValueError: no such luck" in found.out
    assert found.lines[-1] == "waiting: 1, failed: 1. Total: 2"


def test_a_discard_is_no_failure(pq: Pq, queue_folder: Path) -> None:
    """Discarded and axed entries leave the status at 0."""
    script(queue_folder, "no.py", "def main(**_):\n    return False, {'why': 'enough'}\n")
    body = (
        "with PersistentQueue() as pq:\n    pq.submit(Task('no.py', None, 'local') >> Task('add.py', None, 'local'))\n"
    )
    found = finish(start("run", submission(queue_folder, body), cwd=queue_folder))
    assert found.status == 0
    assert found.lines[-1] == "discarded: 1, axed: 1. Total: 2"


@pytest.mark.slow
def test_only_what_the_script_submitted_is_followed(campaign: Pq, queue_folder: Path) -> None:
    """Older entries of the queue, failed ones too, don't count."""
    name = submission(queue_folder, "with PersistentQueue() as pq:\n    pq.submit(Task('add.py', None, 'local'))\n")
    found = finish(start("run", name, cwd=queue_folder))
    assert (found.status, found.lines[-1]) == (0, "succeeded: 1. Total: 1")


@pytest.mark.slow
def test_submissions_to_other_folders_are_followed(pq: Pq, queue_folder: Path) -> None:
    """A script may submit to several queues, and each is driven to its end."""
    (queue_folder / "one").mkdir()
    (queue_folder / "two").mkdir()
    body = (
        "for folder in ('one', 'two'):\n"
        "    with PersistentQueue(folder) as pq:\n"
        "        pq.submit(Task('add.py', {'x': 41}, 'local'))\n"
    )
    found = finish(start("run", submission(queue_folder, body), cwd=queue_folder))
    assert found.status == 0
    assert f"In {queue_folder}/one:" in found.out
    assert f"In {queue_folder}/two:" in found.out
    assert found.lines[-1] == "succeeded: 2. Total: 2"


def test_the_script_gets_its_arguments_and_this_interpreter(pq: Pq, queue_folder: Path) -> None:
    """What follows the script, options too, is its argv; it runs in the current folder under the same Python."""
    name = submission(queue_folder, "print(sys.argv, os.getcwd(), sys.executable)\n")
    found = finish(start("run", name, "7", "--json", "-h", cwd=queue_folder))
    assert found.lines[0] == f"{[name, '7', '--json', '-h']} {queue_folder} {sys.executable}"
    assert found.lines[1] == f"{name} submitted nothing"
    assert found.status == 0


def test_a_script_that_fails_is_reported_with_what_it_submitted(pq: Pq, queue_folder: Path) -> None:
    """Its traceback, its status and what it had submitted are told; that runs on, and the status is 1."""
    body = "with PersistentQueue() as pq:\n    pq.submit(Task('add.py', None, 'local'))\nraise KeyError('gone')\n"
    found = finish(start("run", submission(queue_folder, body), cwd=queue_folder))
    assert found.status == 1
    assert "KeyError: 'gone'" in found.err
    assert "ended with status 1" in found.err
    assert "1 entry (1)" in found.err
    assert settle() == {1: "succeeded"}


def test_a_missing_script_is_status_2(pq: Pq) -> None:
    """There being no such script is told in one line."""
    assert "'nowhere.py'" in pq("run", "nowhere.py", status=2).err


def test_ctrl_c_detaches(pq: Pq, queue_folder: Path) -> None:
    """An interrupt stops watching with status 0 and says how to watch again; the entry runs on."""
    name = submission(queue_folder, "with PersistentQueue() as pq:\n    pq.submit(Task('slow.py', None, 'local'))\n")
    process = start("run", name, cwd=queue_folder)
    assert process.stdout is not None
    while "running" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    found = finish(process)
    assert found.status == 0
    assert "pq watch" in found.err
    assert states() == {1: "running"}
    (queue_folder / "go").touch()
    assert settle() == {1: "succeeded"}


@pytest.mark.slow
def test_it_replaces_a_supervisor_that_is_killed(pq: Pq, queue_folder: Path) -> None:
    """While it watches, a supervisor that is killed is replaced, and the work comes to its end."""
    body = submit_chain("slow.py", "add.py")
    process = start("run", submission(queue_folder, body), cwd=queue_folder)
    assert process.stdout is not None
    while "running" not in process.stdout.readline():
        pass
    kill_supervisor()
    (queue_folder / "go").touch()
    assert finish(process).status == 0
    assert states() == {1: "succeeded", 2: "succeeded"}


def test_watch_ends_when_nothing_moves(pq: Pq, queue_folder: Path) -> None:
    """``pq watch`` prints what changes, until nothing moves any more."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    process = start("watch", cwd=queue_folder)
    (queue_folder / "go").touch()
    found = finish(process)
    assert (found.status, found.lines[-1]) == (0, "succeeded: 1. Total: 1")


def test_tick_drives_on_after_the_supervisor_was_killed(pq: Pq, queue_folder: Path) -> None:
    """After kill -9 of the supervisor, ``pq tick`` commits what lies in the spool and starts another one."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local") >> Task("add.py", None, "local"))
    wait_for(1, "running")
    kill_supervisor()
    (queue_folder / "go").touch()
    folder = need_folder()
    wait_until(lambda: folder.spool().list_new(), "the outcome of entry 1 in the spool")
    assert states() == {1: "running", 2: "waiting"}
    found = pq("tick")
    assert "committed 1 outcome" in found.out
    assert "started a supervisor" in found.out
    assert settle() == {1: "succeeded", 2: "succeeded"}


def test_tick_wakes_a_living_supervisor(pq: Pq, queue_folder: Path) -> None:
    """Where a supervisor lives, ``pq tick`` only wakes it."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    assert "woken" in pq("tick").out
    (queue_folder / "go").touch()


def test_tick_with_nothing_to_do_starts_nothing(pq: Pq) -> None:
    """In an idle queue no supervisor is started."""
    pq("init")
    assert "nothing to do" in pq("tick").out
    assert not listening(need_folder())


@pytest.mark.parametrize("command", ["tick", "watch"])
def test_an_empty_queue_is_no_trouble(pq: Pq, command: str) -> None:
    """Driving and watching an empty queue end at once with status 0."""
    pq("init")
    assert pq(command).err == ""


def test_away_from_home_nothing_local_is_started(pq: Pq, queue_folder: Path) -> None:
    """On another host than the queue's home, ``tick`` says where local entries can be driven, and starts nothing."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    kill_supervisor()
    path = Path(need_folder().root, "queue.json")
    path.write_text(path.read_text().replace(need_folder().home, "elsewhere"))
    assert "`pq tick` on elsewhere" in pq("tick").out
    assert not listening(need_folder())
