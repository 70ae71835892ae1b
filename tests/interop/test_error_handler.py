"""The error handler of public scripts, as a script of its own that runs beside a campaign."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.api.driving import settle, states
from tests.queues import CONFIG, script

HANDLER = """
from pathlib import Path

from perqueue.queue import PersistentQueue
from perqueue.selection import Selection
from perqueue.task_classes.util_classes import EntryState, Resources

with PersistentQueue() as pq:
    for entry in pq.get_entries(selection=Selection(states="tf")):
        err = Path(f"perqueue.local.{entry.key}.err").read_text()
        args = pq.get_args(entry.key)
        if entry.state == EntryState.timeout:
            assert "patient" in err
            pq.save_args(entry.key, {**args, "seconds": 0})
            pq.save_resources(entry.key, Resources.from_string("4:xeon24:5m"))
        elif "not converged" in err:
            pq.save_args(entry.key, {**args, "mixing": args["mixing"] / 10})
            pq.save_resources(entry.key, "24:xeon24:1:2h")
        else:
            continue
        print(entry.key, entry.name, str(entry.state), "not converged" in (entry.err_txt or ""))
        pq.resubmit(entry)
"""


@pytest.fixture
def campaign(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cluster resources that run here; 1 converges badly with 2 behind it, 3 is too slow, 4 has a bug, 5 is fine."""
    monkeypatch.setenv("PERQUEUE_EXECUTOR", "local")
    (queue_folder / "perqueue.toml").write_text(CONFIG + 'logs = "perqueue"\n', encoding="utf-8")
    script(
        queue_folder,
        "scf.py",
        """
        import sys, time

        def main(mixing=0.05, seconds=0, bug=False, **_):
            if mixing > 0.1:
                raise RuntimeError("not converged")
            print("patient" if seconds else "quick", file=sys.stderr, flush=True)
            time.sleep(seconds)
            if bug:
                raise TypeError("a bug")
            return True, {"energy": -1.0, "mixing": mixing}
        """,
    )
    script(
        queue_folder,
        "submit.py",
        """
        from perqueue import PersistentQueue, Task

        def scf(name, time="10m", **args):
            return Task("scf.py", args, f"24:xeon24:{time}", name=name)

        with PersistentQueue() as pq:
            pq.submit([scf("bad", mixing=0.5), scf("behind")])
            pq.submit(scf("slow", time="1s", seconds=600))
            pq.submit(scf("buggy", bug=True))
            pq.submit(scf("fine"))
        """,
    )
    script(queue_folder, "handler.py", HANDLER)
    run("submit.py")
    settle()
    return queue_folder


def run(name: str) -> str:
    done = subprocess.run([sys.executable, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_handler_repairs_what_it_knows(campaign: Path) -> None:
    """Each entry that it changes runs again with the new arguments and resources, and what waited for it runs."""
    assert states() == {1: "failed", 2: "waiting", 3: "timeout", 4: "failed", 5: "succeeded"}
    assert run("handler.py").splitlines() == ["1 bad failed True", "3 slow timeout False"]
    found = settle()
    assert states() == {1: "succeeded", 2: "succeeded", 3: "succeeded", 4: "failed", 5: "succeeded"}
    assert [found[key].task.args for key in (1, 3, 4)] == [{"mixing": 0.05}, {"seconds": 0}, {"bug": True}]
    assert [str(found[key].task.resources) for key in (1, 2, 3)] == ["24:xeon24:1:2h", "24:xeon24:10m", "4:xeon24:5m"]
    assert found[1].data == found[2].data == {"energy": -1.0, "mixing": 0.05}
    assert found[1].err_txt is None


def test_the_handler_may_run_again(campaign: Path) -> None:
    """What it can't repair stays as it is, and what it repaired is not touched again."""
    run("handler.py")
    settle()
    assert run("handler.py") == ""
    assert states()[4] == "failed"
