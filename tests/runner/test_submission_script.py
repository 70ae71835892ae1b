"""The submission script where its tasks run: its functions, its classes, and that it does not submit again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.reading import data, failure

if TYPE_CHECKING:
    from tests.runner.conftest import Bench


SUBMISSION = """
import json, sys
from dataclasses import dataclass
from enum import Enum
class Phase(Enum):
    bcc = 1
    fcc = 2
@dataclass
class Slab:
    phase: Phase
    size: int = 3
def grow(slab: Slab, phase: Phase = Phase.bcc):
    assert type(slab) is Slab and slab.phase is Phase.bcc and phase is Phase.fcc
    return Slab(phase, slab.size + 1)
def names(_):
    return [__name__, Slab.__module__, "ran" in globals(), sys.modules["__main__"].Slab is Slab]
def spread(slab):
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(larger, [slab])
def larger(slab):
    return Slab(slab.phase, slab.size * 2)
if __name__ == "__main__":
    ran = True
    from perqueue.codec import decode_mapping, encode, no_blobs
    if sys.argv[1:]:
        value = decode_mapping(sys.argv[1], no_blobs)["pq_value"]
        print(type(value) is Slab and value == Slab(Phase.fcc, 4) and value.phase is Phase.fcc)
    else:
        print(encode({"pq_value": Slab(Phase.bcc)}, no_blobs))
        print(encode({"phase": Phase.fcc}, no_blobs))
"""


def submitted(script: Path, *arguments: str) -> list[str]:
    """What the submission script prints."""
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_functions_of_the_submission_script(both: Bench) -> None:
    """A function of the submission script is loaded from its file, and not as main: that part doesn't run."""
    job = both.job(SUBMISSION, "names", module="__main__", file="submit.py")
    for one in (job, job._replace(key=77)):  # compiled anew, and kept
        assert data(both.run(one)) == {"pq_value": ["submit", "submit", False, True]}


def test_classes_of_the_submission_script(both: Bench) -> None:
    """Values of its classes go from the script to tasks and back, and are of the one class that each process has."""
    job = both.job(SUBMISSION, "grow", module="__main__", file="submit.py")
    script = Path(job.code)
    slab, phase = submitted(script)
    first = both.run(job._replace(input=slab, args=phase))
    assert first.error is None
    assert first.data is not None
    assert submitted(script, first.data) == ["True"]
    # Equal values have equal texts, wherever they were made.
    assert first.data == slab.replace("bcc", "fcc").replace('"size":3', '"size":4')
    # A task of another module has them from the file, or from its own import of it.
    for body in ("def step(s): return [s.size, s]", "import submit\ndef step(s): return [type(s) is submit.Slab, s]"):
        again = both.call(body, input=first.data)
        assert again.error is None
        found = data(again)["pq_value"]
        assert found[0] in (4, True)
    inside = both.call(
        "from submit import Slab, Phase\ndef step(): return Slab(Phase.fcc, 4)", file="helper.py", module="helper"
    )
    assert inside.data is not None
    assert submitted(script, inside.data) == ["True"]


def test_processes_of_the_submission_scripts_functions(bench: Bench) -> None:
    """The standard library's process pools work in a function of the submission script."""
    job = bench.job(SUBMISSION, "spread", module="__main__", file="submit.py")
    slab, _ = submitted(Path(job.code))
    outcome = bench.run(job._replace(input=slab))
    assert outcome.error is None
    assert data(outcome)["pq_value"][0]["$object"]["fields"]["size"] == 6


UNGUARDED = """
from perqueue import PersistentQueue, Task
def main(**kw): return True, None
def step(): return 1
with PersistentQueue() as pq:
    pq.submit(Task(__file__, None, "local:1m"))
"""


@pytest.mark.parametrize("module", ["", "__main__", "steps"])
def test_submission_while_loaded(both: Bench, module: str) -> None:
    """Loading a file in order to call its function must not submit: the attempt fails with what to write."""
    outcome = both.call(UNGUARDED, "step", module=module, file="steps.py")
    assert (outcome.verdict, outcome.reason, failure(outcome).type) == ("failed", "raised", "SubmissionRefusedError")
    assert 'put the submission under if __name__ == "__main__":' in failure(outcome).message
    assert "pq.submit(Task(" in failure(outcome).traceback
    assert not list(both.queue.root.glob("queue.*"))


def test_submission_of_what_a_task_imports(bench: Bench) -> None:
    """A module that submits when it is imported is refused too, but not in the work of the task."""
    bench.queue.script(UNGUARDED, "submits.py")
    outcome = bench.call("import submits\ndef step(): return 1")
    assert failure(outcome).type == "SubmissionRefusedError"
    within = """
    from perqueue import PersistentQueue, Task
    def main(**kw): return True, None
    def step():
        with PersistentQueue("/nonexistent") as pq:
            pq.submit(Task(__file__, None, "local:1m"))
    """
    outcome = bench.call(within)
    assert (outcome.reason, failure(outcome).type) == ("raised", "StorageError")  # that folder is no place for a queue
