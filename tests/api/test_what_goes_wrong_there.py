"""What goes wrong with PerQueue 0.3, and what happens here instead; each test is named after its item."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.api.driving import entries, run, settle, states
from tests.queues import processes_of, script, wait_until

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.cli.app import run as pq_command
from perqueue.core.errors import CycleError, EmptyGroupError, StateError, UnknownEntryError, UsageError
from perqueue.engine.folder import NoQueueError, create_folder
from perqueue.runner.process import process_start


def local(code: str, args: dict[str, object] | None = None, name: str | None = None) -> Task:
    return Task(code, args, "local", name=name)


Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """``pq`` in this process: its exit status and all that it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = pq_command(arguments)
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


@pytest.mark.slow
def test_200_ready_local_tasks(queue_folder: Path) -> None:
    """All of 200 tasks that are ready at once run, each once; the database is never locked for anybody."""
    script(
        queue_folder,
        "mark.py",
        "def main(n, **_):\n    open('marks', 'a').write(f'{n}\\n')\n    return True, {'n': n}\n",
    )
    with PersistentQueue() as pq:
        for number in range(200):
            pq.submit(local("mark.py", {"n": number}))
    found = settle()
    assert {str(entry.state) for entry in found.values()} == {"succeeded"}
    assert [entry.data for entry in found.values()] == [{"n": number} for number in range(200)]
    marks = (queue_folder / "marks").read_text(encoding="utf-8").split()
    assert sorted(map(int, marks)) == list(range(200))


def test_kill_9_sys_exit_and_os_exit_in_a_task(queue_folder: Path) -> None:
    """An entry whose process ends by itself or by force fails with a reason, instead of running for ever."""
    script(
        queue_folder,
        "die.py",
        """
        import os, signal, sys

        def main(how, **_):
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif how == "exit":
                sys.exit(3)
            os._exit(4)
        """,
    )
    script(queue_folder, "after.py", "def main(**_):\n    return True, None\n")
    with PersistentQueue() as pq:
        for how in ("kill", "exit", "os-exit"):
            pq.submit(local("die.py", {"how": how}) >> local("after.py"))
    found = settle()
    assert states() == {1: "failed", 2: "waiting", 3: "failed", 4: "waiting", 5: "failed", 6: "waiting"}
    assert [found[key].reason for key in (1, 3, 5)] == ["signal", "exit", "os-exit"]
    assert "SIGKILL" in str(found[1].err_txt)
    assert "sys.exit(3)" in str(found[3].err_txt)
    assert "status 4" in str(found[5].err_txt)


def test_a_discard_upstream_of_a_group(queue_folder: Path) -> None:
    """The discarded task keeps its data, and the group and all that follows it is axed, not failed."""
    script(queue_folder, "stop.py", "def main(**_):\n    return False, {'why': 'unstable'}\n")
    script(queue_folder, "copy.py", "def main(**_):\n    return True, None\n")
    found = run(local("stop.py") >> StaticWidthGroup(local("copy.py"), 3) >> local("copy.py"))
    assert [str(entry.state) for entry in found.values()] == ["discarded", *["axed"] * 4]
    assert found[1].data == {"why": "unstable"}


def test_a_join_where_one_parent_returned_none(queue_folder: Path) -> None:
    """A parent without a result contributes nothing, and the join runs with what the others returned."""
    script(queue_folder, "give.py", "def main(give, **_):\n    return True, give\n")
    script(queue_folder, "got.py", "def main(**kwargs):\n    return True, {'got': kwargs}\n")
    parents = local("give.py", {"give": None}) | local("give.py", {"give": {"x": 1}}) | local("give.py", {"give": {}})
    found = run(parents >> local("got.py"))
    assert found[4].data == {"got": {"x": 1}}, found[4].err_txt


def test_init_force_in_a_subfolder(still: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes a queue there and leaves the parent folder's alone; a queue of its own is moved aside."""
    with PersistentQueue() as pq:
        pq.submit(local("add.py"))
    below = still / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert cli("init", "--force")[0] == 0
    assert cli("init", "--force")[0] == 0
    assert len(list(below.glob(".perqueue.old-*"))) == 1
    assert PersistentQueue().get_entries() == []
    assert [entry.key for entry in PersistentQueue(still).get_entries()] == [1]


def test_a_bare_remove(still: Path, cli: Cli) -> None:
    """Without saying what, nothing is removed."""
    with PersistentQueue() as pq:
        pq.submit(local("add.py"))
    status, told = cli("remove")
    assert status == 2
    assert "Traceback" not in told
    with PersistentQueue() as pq:
        pq.remove([])
    assert sorted(entries()) == [1]


def test_modify_keeps_func(still: Path, cli: Cli) -> None:
    """Changing arguments, resources or the script leaves the function's name as it was."""
    with PersistentQueue() as pq:
        pq.submit(Task("add.py", {"x": 1}, "local", "work"))
        pq.save_args(1, {"x": 2}, all=True)
        pq.save_resources(1, "local:2m")
        pq.save_code(1, "add.py")
    script(still, "new.json", '{"x": 3}')
    assert cli("modify", "a", "-i", "1", "new.json")[0] == 0
    task = entries()[1].task
    assert (task.func, task.args, task.resources.seconds) == ("work", {"x": 3}, 120)


def test_results_that_json_does_not_have(queue_folder: Path) -> None:
    """They are kept; and where one value can't be, the others are, and the entry says which and of what type."""
    script(
        queue_folder,
        "odd.py",
        """
        from pathlib import Path
        import numpy as np

        def main(bad=False, **_):
            found = {"i": np.int64(1), "f": np.float32(2), "p": Path("x"), "s": {3}, "c": 4j}
            return True, {**found, "o": object()} if bad else found
        """,
    )
    found = run(local("odd.py") | local("odd.py", {"bad": True}))
    assert states() == {1: "succeeded", 2: "failed"}
    assert found[1].data is not None
    assert [type(value).__name__ for value in found[1].data.values()] == [
        "int64", "float32", "PosixPath", "set", "complex",
    ]  # fmt: skip
    assert found[2].data == found[1].data
    assert found[2].reason == "unstorable"
    assert "'o'" in str(found[2].err_txt)
    assert "object" in str(found[2].err_txt)


@pytest.mark.slow
def test_an_interrupted_walltime_of_blocking_code(queue_folder: Path) -> None:
    """Code that ignores every polite request is ended at its walltime, with what it started."""
    script(
        queue_folder,
        "block.py",
        """
        import os, signal, subprocess, time

        def main(**_):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGALRM})
            child = subprocess.Popen(["sleep", "600"])
            with open("pids", "w") as file:
                file.write(f"{os.getpid()} {child.pid}")
            time.sleep(600)
        """,
    )
    found = run(Task("block.py", None, "local:1s"))
    assert str(found[1].state) == "timeout"
    assert "walltime" in str(found[1].err_txt)
    pids = [int(pid) for pid in (queue_folder / "pids").read_text(encoding="utf-8").split()]
    wait_until(lambda: not any(map(process_start, pids)), "the end of the task's processes")


def test_one_bad_row(still: Path, cli: Cli) -> None:
    """A row that can't be read takes nothing else with it: the others are listed, and it is told what is wrong."""
    with PersistentQueue() as pq:
        pq.submit(local("add.py", {"x": 1}))
        pq.submit(local("add.py", {"x": 2}))
        pq.submit(local("add.py", {"x": 3}))
    with closing(sqlite3.connect(still / ".perqueue" / "queue.db")) as db:
        db.execute("UPDATE tasks SET args = ? WHERE rowid = 2", ['{"x": {"$set": 7'])
        db.commit()
    status, told = cli("ls")
    assert status == 0
    assert "Traceback" not in told
    assert "{'x': 1}" in told
    assert "{'x': 3}" in told
    assert [entry.task.name for entry in entries().values()] == ["add.py"] * 3


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda pq, a, b: pq.submit({a: [b], b: [a]}), CycleError),
        (lambda pq, a, b: pq.submit([]), EmptyGroupError),
        (lambda pq, a, b: pq.submit(a >> StaticWidthGroup([], 2)), EmptyGroupError),
        (lambda pq, a, b: pq.get_entry(77), UnknownEntryError),
        (lambda pq, a, b: pq.get_data(77), UnknownEntryError),
    ],
    ids=["cycle", "empty list", "empty group", "bad id", "data of a bad id"],
)
def test_an_error_for_mistakes(
    still: Path, ask: Callable[[PersistentQueue, Task, Task], object], kind: type[UsageError]
) -> None:
    """A cycle, an empty list and a bad id are errors of one line that say what to do, and leave the queue alone."""
    a, b = local("add.py", name="a"), local("add.py", name="b")
    with PersistentQueue() as pq, pytest.raises(kind) as caught:
        ask(pq, a, b)
    assert len(str(caught.value).splitlines()) == 1
    assert entries() == {}


def test_no_raw_traceback_without_a_queue(queue_folder: Path, cli: Cli) -> None:
    """Where no queue is found, one line says so, and what to do."""
    status, told = cli("ls")
    assert (status, len(told.splitlines())) == (2, 1)
    assert "pq init" in told
    with pytest.raises(NoQueueError, match="pq init"):
        PersistentQueue().get_entry(1)


def test_resubmitting_a_waiting_entry(still: Path) -> None:
    """It is refused, so that nothing runs before its parent; everything else of that block is undone too."""
    with PersistentQueue() as pq:
        pq.submit(local("add.py") >> local("add.py"))
    with pytest.raises(StateError, match="entry 2: it is waiting"), PersistentQueue() as pq:
        pq.resubmit(2)
    assert states() == {1: "goahead", 2: "waiting"}


def test_resubmitting_a_running_entry(queue_folder: Path) -> None:
    """It is refused, and no second copy is started."""
    script(
        queue_folder,
        "slow.py",
        """
        import os, time

        def main(**_):
            open("begun", "a").write("x")
            while not os.path.exists("go"):
                time.sleep(0.02)
            return True, None
        """,
    )
    with PersistentQueue() as pq:
        pq.submit(local("slow.py"))
    wait_until(lambda: states() == {1: "running"}, "the start of entry 1")
    with pytest.raises(StateError, match="entry 1: it is running"), PersistentQueue() as pq:
        pq.resubmit(1)
    (queue_folder / "go").touch()
    assert [(str(e.state), e.attempt and e.attempt.number) for e in settle().values()] == [("succeeded", 1)]
    assert (queue_folder / "begun").read_text(encoding="utf-8") == "x"


def test_a_queue_in_a_subfolder_is_not_the_parent_s(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is done in a folder with a queue of its own touches the queue above, nor starts a process."""
    below = still / "below"
    below.mkdir()
    create_folder(str(below))
    with PersistentQueue() as pq:
        pq.submit(local("add.py"))
    assert PersistentQueue(below).get_entries() == []
    assert processes_of(still) == []
