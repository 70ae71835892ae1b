"""What public scripts do, with a queue that really runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.driving import entries, one, run, settle, states
from tests.queues import CONFIG, script, wait_until

from perqueue import PersistentQueue, Selection, StaticWidthGroup, Task, Workflow
from perqueue.core.states import EntryState

PASS_ON = "def main(**kwargs):\n    return True, kwargs\n"


def local(code: str, args: dict[str, object] | None = None, name: str | None = None) -> Task:
    return Task(code, args, "local", name=name)


def test_an_error_handler_that_repairs_what_failed(queue_folder: Path) -> None:
    """A loop over failed and timed-out entries reads their .err files, changes them and runs them again."""
    (queue_folder / "perqueue.toml").write_text(CONFIG + 'logs = "perqueue"\n', encoding="utf-8")
    script(
        queue_folder,
        "scf.py",
        """
        import time

        def main(mixing, patient=True, **_):
            if mixing > 0.1:
                raise RuntimeError("not converged")
            if not patient:
                time.sleep(600)
            return True, {"energy": -1.0, "mixing": mixing}
        """,
    )
    script(queue_folder, "after.py", PASS_ON)
    with PersistentQueue() as pq:
        pq.submit(Task("scf.py", {"mixing": 0.5}, "local:1m", name="scf") >> local("after.py", name="after"))
        pq.submit(Task("scf.py", {"mixing": 0.05, "patient": False}, "local:1s", name="slow"))
    found = settle()
    assert states() == {1: "failed", 2: "waiting", 3: "timeout"}
    with PersistentQueue() as pq:
        for entry in Selection(states="tf").filter(pq.get_entries()):
            if str(entry.state) == "timeout":
                pq.save_args(entry.key, {**entry.task.args, "patient": True})
                pq.save_resources(entry.key, "local:5m")
            elif "not converged" in Path(f"perqueue.local.{entry.key}.err").read_text(encoding="utf-8"):
                pq.save_args(entry.key, {**entry.task.args, "mixing": 0.1})
            pq.resubmit(entry)
    found = settle()
    assert states() == dict.fromkeys([1, 2, 3], "succeeded")
    assert found[2].data == {"energy": -1.0, "mixing": 0.1}
    assert [found[3].task.resources.seconds, found[1].task.resources.seconds] == [300, 60]
    assert Selection(states="tf").filter(found.values()) == []


def test_buffer_tasks_before_a_group(queue_folder: Path) -> None:
    """A task that only passes its inputs on may stand between a branch and the group in it."""
    script(queue_folder, "start.py", "def main(**_):\n    return True, {'n': 5}\n")
    script(queue_folder, "buffer.py", PASS_ON)
    script(queue_folder, "copy.py", "def main(n, pq_index, **_):\n    return True, {'n': n, 'i': pq_index[0]}\n")
    start, end = local("start.py"), local("buffer.py", name="end")
    one_branch = Workflow([local("buffer.py"), StaticWidthGroup(local("copy.py"), 2), local("buffer.py", name="join")])
    other_branch = Workflow([local("buffer.py"), local("buffer.py")])
    found = run({one_branch: [start], other_branch: [start], end: [one_branch, other_branch]})
    join = one(found.values(), "join")
    assert join.data is not None
    assert join.data["n"] == 5
    assert list(join.data["i"].values()) == [0, 1]
    last = one(found.values(), "end")
    assert last.data is not None
    assert last.data["n"] == 5
    assert last.data["i"] == join.data["i"]


def test_inputs_that_are_returned_again_survive_two_steps(queue_folder: Path) -> None:
    """``{**kwargs, ...}`` hands on everything, also what was merged, by the keys it was merged under."""
    script(queue_folder, "part.py", "def main(n, **_):\n    return True, {'e': n, 'label': 'x'}\n")
    script(
        queue_folder,
        "step.py",
        "def main(steps=0, **kwargs):\n    return True, {**kwargs, 'steps': steps + 1}\n",
    )
    parts = local("part.py", {"n": 1}) | local("part.py", {"n": 2})
    found = run(parts >> local("step.py") >> local("step.py"))
    assert found[4].data == {"e": {1: 1, 2: 2}, "label": "x", "steps": 2}


def test_success_is_said_of_a_failed_calculation(queue_folder: Path) -> None:
    """``return True, {}`` in one copy doesn't stop the group, and what follows gets the others' results."""
    script(
        queue_folder,
        "relax.py",
        """
        def main(pq_index, **_):
            index, *_ = pq_index
            try:
                return True, {"energy": 1 / index}
            except ZeroDivisionError:
                return True, {}
        """,
    )
    script(queue_folder, "collect.py", PASS_ON)
    found = run(StaticWidthGroup(local("relax.py"), 3) >> local("collect.py"))
    assert found[4].data == {"energy": {2: 1.0, 3: 0.5}}


def test_raising_waits_for_a_person(queue_folder: Path) -> None:
    """A task that raises until a file is there leaves the rest waiting, and goes on when it is resubmitted."""
    script(
        queue_folder,
        "ask.py",
        """
        from pathlib import Path

        def main(**_):
            if not Path("answer").exists():
                raise Exception("write the file `answer`, then resubmit")
            return True, {"answer": Path("answer").read_text()}
        """,
    )
    script(queue_folder, "after.py", PASS_ON)
    found = run(local("ask.py") >> local("after.py"))
    assert states() == {1: "failed", 2: "waiting"}
    assert "then resubmit" in str(found[1].err_txt)
    (queue_folder / "answer").write_text("42", encoding="utf-8")
    with PersistentQueue() as pq:
        pq.resubmit(Selection(states="f").filter(pq.get_entries()))
    assert settle()[2].data == {"answer": "42"}


def test_indices_and_merged_parents(queue_folder: Path) -> None:
    """``idx, *_``, ``np.unravel_index(pq_index, shape)`` and ``next(iter(value.values()))`` work."""
    script(queue_folder, "seed.py", "def main(n, **_):\n    return True, {'n': n}\n")
    script(
        queue_folder,
        "grid.py",
        """
        import numpy as np
        from perqueue.constants import INDEX_KW

        ANGLES = [0, 30, 60, 90]

        def main(n, **kwargs):
            idx, *_ = kwargs[INDEX_KW]
            row, column = np.unravel_index(kwargs["pq_index"], (2, 2))
            return True, {"angle": ANGLES[idx], "at": (row, column), "first": next(iter(n.values()))}
        """,
    )
    found = run((local("seed.py", {"n": 7}) | local("seed.py", {"n": 8})) >> StaticWidthGroup(local("grid.py"), 4))
    data = [found[key].data for key in (3, 4, 5, 6)]
    assert [(d["angle"], d["first"]) for d in data if d] == [(0, 7), (30, 7), (60, 7), (90, 7)]
    assert [tuple(int(i) for part in d["at"] for i in part) for d in data if d] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_results_are_gathered_by_name(queue_folder: Path) -> None:
    """Analysis picks entries by a pattern of names and reads their data."""
    script(queue_folder, "neb.py", "def main(barrier, **_):\n    return True, {'barrier': barrier}\n")
    with PersistentQueue() as pq:
        for number, name in enumerate(["NEB_1", "CINEB_1", "NEB_2", "CINEB_2"]):
            pq.submit(local("neb.py", {"barrier": number / 10}, name))
    settle()
    chosen = Selection(names="*CINEB*").filter(PersistentQueue().get_entries())
    assert [e.data["barrier"] for e in chosen if e.data is not None] == [0.1, 0.3]


def test_a_script_submits_and_waits_in_its_block(queue_folder: Path) -> None:
    """Inside one block a script submits, polls until it is done, and submits what depends on what came out."""
    script(queue_folder, "double.py", "def main(x, **_):\n    return True, {'x': 2 * x}\n")
    with PersistentQueue() as pq:
        x = 1
        for number in range(1, 4):
            pq.submit(local("double.py", {"x": x}))
            wait_until(lambda: str(pq.get_entries()[-1].state) == "succeeded", f"the end of entry {number}")
            x = pq.get_entries()[-1].data["x"]
        assert x == 8


def test_shell_loops_over_listings(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line of ``pq ls`` for each entry, with its key first and its state as a word of its own."""
    from perqueue.cli.app import run as pq

    script(queue_folder, "odd.py", "def main(x, **_):\n    assert x % 2, 'even'\n    return True, {}\n")
    run([StaticWidthGroup(local("odd.py", {"x": 1}), 2), local("odd.py", {"x": 2})])
    capsys.readouterr()
    assert pq(["ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if " succeeded " in line and line[0].isdigit()] == ["1", "2"]
    assert [line.split()[0] for line in lines if " failed " in line and line[0].isdigit()] == ["3"]
    assert lines[-1].endswith("Total: 3")


@pytest.mark.slow
def test_thousands_of_small_submissions(still: Path) -> None:
    """A queue takes a thousand submissions in one block, and block after block, all with their own keys."""
    add = local("add.py", {"x": 1})
    with PersistentQueue() as pq:
        handles = [pq.submit(add) for _ in range(1000)]
    assert [handle.keys for handle in handles] == [[key] for key in range(1, 1001)]
    for _ in range(20):
        with PersistentQueue() as pq:
            pq.submit(add)
    found = entries()
    assert list(found) == list(range(1, 1021))
    assert {entry.state for entry in found.values()} == {EntryState.goahead}
