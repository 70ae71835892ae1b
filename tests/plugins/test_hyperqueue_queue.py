"""The example plugin as its users have it: installed with pip, real queues, real servers and workers, and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from tests.api.driving import entries, states
from tests.docs.markdown import ROOT
from tests.plugins.conftest import forget
from tests.plugins.hyperqueue import Cluster
from tests.queues import processes_of, script, wait_until

from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, SwitchGroup, Task
from perqueue.cli.app import run
from perqueue.core.states import EntryState
from perqueue.engine.drive import tick
from perqueue.engine.folder import need_folder
from perqueue.plugins.manager import load_plugins

EXAMPLE: Final = ROOT / "examples" / "plugins" / "perqueue-hyperqueue"
CONFIG: Final = """
[local]
idle = 0.2
cores = 2

[partitions]
short = "hq"

[executors.hq]
interval = 0.5
max_interval = 2.0
"""

COUNT: Final = """
import os

def main(pq_index=None, **kwargs):
    with open("began", "a") as file:
        file.write(f"{pq_index}\\n")
    return True, {"n": 1 + (pq_index[0] if pq_index else 0)}
"""
TOTAL: Final = """
def main(n, **_):
    return True, {"total": sum(n.values()) if isinstance(n, dict) else n}
"""
GATED: Final = """
import os, time

def main(pq_index=None, **_):
    with open("began", "a") as file:
        file.write(f"{pq_index}\\n")
    while not os.path.exists("go"):
        time.sleep(0.05)
    with open("ended", "a") as file:
        file.write(f"{pq_index}\\n")
    return True, {"n": 1}
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed the example, without asking any index."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--target", str(folder), str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def cluster(
    installed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A server with a worker, used by whatever is started from here, where the plugin is installed."""
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setenv("PYTHONPATH", str(installed))
    made = Cluster(tmp_path_factory.mktemp("hq"))
    monkeypatch.setenv("HQ_SERVER_DIR", made.server_dir)
    forget()
    yield made
    made.close()
    forget()


@pytest.fixture
def here(queue_folder: Path, cluster: Cluster) -> Path:
    """A folder with task scripts and a configuration that sends ``short`` to HyperQueue."""
    (queue_folder / "perqueue.toml").write_text(
        f'{CONFIG}options = {{ server_dir = "{cluster.server_dir}" }}\n', encoding="utf-8"
    )
    script(queue_folder, "count.py", COUNT)
    script(queue_folder, "total.py", TOTAL)
    script(queue_folder, "gated.py", GATED)
    return queue_folder


def submit(tasks: Any) -> list[int]:
    with PersistentQueue() as queue:
        told = queue.submit(tasks)
    return told.keys


def settle() -> Counter[str]:
    """Wait until nothing is under way, for as long as something goes on; how many entries are in which state."""
    left = _under_way()
    while left:
        # In steps: reading the store all the time would take a core from the tasks.
        wait_until(partial(_at_most, max(0, left - 100)), f"less than {left} entries under way")
        left = _under_way()
    return Counter(states().values())


def _at_most(most: int) -> bool:
    return _under_way() <= most


def _under_way() -> int:
    with closing(need_folder().open_store()) as store, store.snapshot() as state:
        counts = state.counts()
    moving = (EntryState.waiting, EntryState.goahead, EntryState.queueing, EntryState.running)
    return sum(counts.get(state, 0) for state in moving)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def supervisors(folder: Path) -> list[int]:
    return [pid for pid in processes_of(folder) if b"perqueue.supervisor" in _command(pid)]


def replace_supervisor(folder: Path) -> None:
    """Kill the supervisor as the out-of-memory killer would, and have another one started."""
    (pid,) = supervisors(folder)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not supervisors(folder), "the end of the supervisor")
    # Its pipe may be open for a moment longer.
    wait_until(lambda: tick(need_folder()).started or supervisors(folder), "another supervisor")


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.usefixtures("here")
def test_it_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """`pq plugins` lists the package that pip installed, with its executor and nothing that failed."""
    assert run(["plugins", "--json"]) == 0
    found = {one["package"]: one for one in json.loads(capsys.readouterr().out)["plugins"]}
    hyperqueue = found["perqueue-hyperqueue"]
    assert (hyperqueue["version"], hyperqueue["problems"]) == ("1.0.0", [])
    assert [(one["kind"], one["name"]) for one in hyperqueue["brings"]] == [("executor", "hq")]
    assert load_plugins().executor("hq").resident is False


def campaign(resources: str) -> Any:
    """Dynamic width, a loop and a choice, as campaigns of this field have them."""
    first, work, loop, choose, one, other = (
        Task(f"{name}.py", {}, resources) for name in ("first", "work", "again", "choose", "one", "other")
    )
    return first >> DynamicWidthGroup(work) >> CyclicalGroup(loop, 5) >> choose >> SwitchGroup({"a": one, "b": other})


CAMPAIGN: Final = {
    "first": "def main(**_):\n    return True, {'pq_dwg_width': 4}\n",
    "work": "def main(pq_index, **_):\n    return True, {'n': pq_index[0] ** 2}\n",
    "again": "def main(pq_iteration, n=0, **_):\n"
    "    n = sum(n.values()) if isinstance(n, dict) else n\n"
    "    return True, {'n': n + 1, 'pq_toggle_key': pq_iteration[0] == 2}\n",
    "choose": "def main(n, **_):\n    return True, {'n': n, 'pq_switch_key': 'b' if n == 17 else 'a'}\n",
    "one": "def main(**_):\n    return True, {'chosen': 'one'}\n",
    "other": "def main(n, **_):\n    return True, {'chosen': 'other', 'n': n}\n",
}


def test_the_same_campaign_here_and_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of every kind give the same entries and results on HyperQueue as on this machine."""
    for name, body in CAMPAIGN.items():
        script(here, f"{name}.py", body)
    submit(campaign("1:short:1m"))
    assert set(settle()) <= {"succeeded"}
    there = {key: (entry.name, entry.pq_args, entry.data) for key, entry in entries().items()}
    assert all(entry.mq_id for entry in entries().values())
    monkeypatch.setenv("PERQUEUE_EXECUTOR", "local")
    keys = submit(campaign("1:short:1m"))
    assert set(settle()) <= {"succeeded"}
    local = {key: (entry.name, entry.pq_args, entry.data) for key, entry in entries().items() if key >= keys[0]}
    assert sorted(there.values(), key=str) == sorted(local.values(), key=str)


def test_cancelling(here: Path) -> None:
    """What runs is ended, what waits never begins, and the queue comes to rest."""
    keys = submit(StaticWidthGroup(Task("gated.py", {}, "1:short:5m"), 12))
    wait_until(lambda: len(lines(here / "began")) == 2, "two tasks to run")
    with PersistentQueue() as queue:
        queue.cancel(keys)
    assert settle() == {"failed": 12}
    assert {
        entry.attempt.outcome.reason for entry in entries().values() if entry.attempt and entry.attempt.outcome
    } == {"cancelled"}
    assert len(lines(here / "began")) == 2
    assert lines(here / "ended") == []


@pytest.mark.slow
def test_a_supervisor_that_is_killed(here: Path) -> None:
    """The next one finds what HyperQueue has: every task runs once, and none is lost."""
    submit(StaticWidthGroup(Task("gated.py", {}, "1:short:5m"), 10))
    wait_until(lambda: len(lines(here / "began")) == 2, "two tasks to run")
    replace_supervisor(here)
    (here / "go").touch()
    assert settle() == {"succeeded": 10}
    assert sorted(lines(here / "began")) == sorted(f"[{n}]" for n in range(10))


@pytest.mark.slow
def test_a_server_that_is_killed(here: Path, cluster: Cluster) -> None:
    """With another server the campaign goes on; what HyperQueue ended fails and can be resubmitted."""
    submit(StaticWidthGroup(Task("gated.py", {}, "1:short:5m"), 10))
    wait_until(lambda: len(lines(here / "began")) == 2, "two tasks to run")
    cluster.kill(cluster.server)
    cluster.kill(cluster.worker)
    cluster.start_server()
    cluster.start_worker()
    (here / "go").touch()
    found = settle()
    assert found["succeeded"] >= 8
    assert set(found) <= {"succeeded", "failed"}
    assert sorted(lines(here / "began")) == sorted(f"[{n}]" for n in range(10))
    failed = [key for key, state in states().items() if state == "failed"]
    if failed:
        with PersistentQueue() as queue:
            queue.resubmit(failed)
        assert settle() == {"succeeded": 10}


@pytest.mark.slow
def test_two_thousand_short_tasks(here: Path) -> None:
    """They all run, each once, in few jobs of HyperQueue, though the supervisor is killed on the way."""
    width = 2000
    submit(StaticWidthGroup(Task("count.py", {}, "1:short:1m"), width) >> Task("total.py", {}, "1:short:1m"))
    wait_until(lambda: len(lines(here / "began")) > 100, "the first tasks to run")
    replace_supervisor(here)
    assert settle() == {"succeeded": width + 1}
    assert Counter(lines(here / "began")) == {f"[{n}]": 1 for n in range(width)}
    (total,) = [entry.data["total"] for entry in entries().values() if entry.name == "total.py"]
    assert total == width * (width + 1) // 2
    jobs = {str(entry.mq_id).partition("_")[0] for entry in entries().values()}
    assert len(jobs) < 20
