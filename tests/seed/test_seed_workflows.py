"""The seed's four use cases: their submission scripts as printed, with stand-ins for the tasks, run on one machine."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self

import pytest
from tests.queues import wait_until

import perqueue
from perqueue import PersistentQueue
from perqueue.core.compile import compile_graph
from perqueue.core.graph import Graph

HERE = Path(__file__).parent
ARGUMENTS = {"screening": ["1", "3"], "active_learning": [], "cluster_expansion": [], "segmentation": []}


def submit(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a use case's submission script in a folder with its tasks, with a cluster's resources on this machine."""
    for script in (HERE / case).glob("*.py"):
        shutil.copy(script, folder)
    monkeypatch.setenv("PERQUEUE_EXECUTOR", "local")
    done = subprocess.run([sys.executable, "submit.py", *ARGUMENTS[case]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def settled() -> Counter[tuple[str, str]]:
    """Wait until nothing can go on; how many entries there are of each name and state."""
    pq = PersistentQueue()
    moving = {"goahead", "queueing", "running"}
    wait_until(lambda: not any(str(entry.state) in moving for entry in pq.get_entries()), "the end of the workflow")
    return Counter((entry.name, str(entry.state)) for entry in pq.get_entries())


def iterations(name: str) -> Counter[tuple[int, ...]]:
    """How many entries of a name there are in each iteration."""
    found = [entry for entry in PersistentQueue().get_entries() if entry.name == name]
    return Counter(tuple(entry.pq_args.get("pq_iteration", ())) for entry in found)


def test_screening(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each structure has three parallel subworkflows of five tasks; one that is discarded runs no further."""
    submit("screening", queue_folder, monkeypatch)
    found = settled()
    assert found.pop(("generation.py", "succeeded")) == 2
    names = ("relax.py", "convex_hull.py", "band_gap.py", "preneb.py", "neb.py")
    assert found == {(name, "succeeded"): 6 for name in names}
    barriers = [entry for entry in PersistentQueue().get_entries() if entry.name == "neb.py"]
    assert [entry.data["structure"] for entry in barriers] == ["decoration 1"] * 3 + ["decoration 2"] * 3
    assert [entry.data["pq_index"] for entry in barriers] == [[0], [1], [2]] * 2


def test_screening_stops_where_a_structure_is_of_no_interest(
    queue_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is discarded in one subworkflow keeps its data and axes the rest of that subworkflow only."""
    monkeypatch.setitem(ARGUMENTS, "screening", ["2", "4"])
    submit("screening", queue_folder, monkeypatch)
    found = settled()
    assert found["convex_hull.py", "discarded"] == 3
    assert found["neb.py", "axed"] == 3
    assert found["neb.py", "succeeded"] == 3


def test_active_learning(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ensemble of two, then three iterations, each as wide as the one before says, until training says stop."""
    submit("active_learning", queue_folder, monkeypatch)
    found = settled()
    assert {state for _, state in found} == {"succeeded"}
    # Widths: 3 from the first ensemble (iteration -1), then 2 and 1.
    widths = {(0,): 3, (1,): 2, (2,): 1}
    for name in ("work_simulate.py", "work_select.py", "work_label.py"):
        assert iterations(name) == widths
    assert iterations("work_train.py") == {(): 2, (0,): 2, (1,): 2, (2,): 2}
    simulations = [entry for entry in PersistentQueue().get_entries() if entry.name == "work_simulate.py"]
    assert simulations[-1].data["models"] == ["model 0 of iteration 1", "model 1 of iteration 1"]


def test_cluster_expansion(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is refined until its error is small, then Monte Carlo runs at five temperatures."""
    submit("cluster_expansion", queue_folder, monkeypatch)
    assert settled() == {
        ("CE_model.py", "succeeded"): 1,
        ("optimize", "succeeded"): 5,
        ("train", "succeeded"): 2,
        ("MC.py", "succeeded"): 5,
        ("KMC.py", "succeeded"): 5,
    }
    assert iterations("optimize") == {(0,): 3, (1,): 2}
    found = [entry.data["diffusion"] for entry in PersistentQueue().get_entries() if entry.name == "KMC.py"]
    assert found == [3.0, 4.0, 5.0, 6.0, 7.0]


def test_segmentation_with_a_person_in_the_loop(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The labelling task fails until a person has answered, is resubmitted, and the loop goes on from there."""
    submit("segmentation", queue_folder, monkeypatch)
    for number in range(2):
        found = settled()
        assert found["label.py", "failed"] == 1
        assert found["train.py", "succeeded"] == number + 1
        assert Path(f"image{number}.todo").exists()
        Path(f"image{number}.label").write_text(f"cat {number}\n")
        with PersistentQueue() as pq:
            for entry in pq.get_entries(selection=perqueue.Selection(states="f")):
                assert "waiting for image" in (entry.err_txt or "")
                pq.resubmit(entry)
    assert settled() == {
        ("train.py", "succeeded"): 3,
        ("predict_select.py", "succeeded"): 2,
        ("label.py", "succeeded"): 2,
    }
    last = [entry for entry in PersistentQueue().get_entries() if entry.name == "train.py"][-1]
    assert last.data["labels"] == ["cat 0", "cat 1"]
    assert last.pq_args == {"pq_iteration": [1]}


def submitted(script: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """What a script submits, compiled, with tasks that compare by what they are."""
    found: list[Graph] = []

    class Recorder:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def submit(self, work: object) -> None:
            found.append(compile_graph(work))

    monkeypatch.setattr(perqueue, "PersistentQueue", Recorder)
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    monkeypatch.chdir(script.parent)
    runpy.run_path(str(script))
    return found


def fields(graph: Graph) -> tuple[Any, ...]:
    """Everything in a graph but where its tasks were written."""
    tasks = [(t.code, dict(t.args), t.resources, t.func, t.name) for t in graph.tasks]
    return tasks, graph.nodes, graph.scopes


@pytest.mark.parametrize("case", list(ARGUMENTS))
def test_both_forms_are_the_same_graph(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written with ``>>`` and ``|``, each compiles to the same graph."""
    scripts = [HERE / case / name for name in ("submit.py", "submit_operators.py")]
    printed, operators = (submitted(script, ARGUMENTS[case], monkeypatch) for script in scripts)
    assert len(printed) > 0
    assert list(map(fields, printed)) == list(map(fields, operators))
