"""What one task may do, in real processes under a fork server: every way to return, fail and die."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.runner.reading import data, failure

if TYPE_CHECKING:
    from tests.runner.conftest import Queue, Supervisor


def test_success(queue: Queue, server: Supervisor) -> None:
    """A task that returns True and a dict succeeds, with its output in its log and its use of the machine."""
    job = queue.job(
        """
        import sys
        def main(**kwargs):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            return True, {"got": kwargs, "stdin": sys.stdin.read(), "argv": sys.argv, "name": __name__}
        """,
        args='{"a":1,"b":1,"pq_index":[9],"pq_max_tries":3}',
        input='{"b":2,"pq_max_tries":4}',
        special={"pq_index": [1, 2]},
    )
    outcome = server.run(job)
    assert (outcome.verdict, outcome.reason, outcome.error) == ("succeeded", "returned", None)
    assert data(outcome) == {
        "got": {"a": 1, "b": 2, "pq_index": [1, 2]},
        "stdin": "",
        "argv": [job.code],
        "name": f"task{job.key}",
    }
    assert queue.log(job) == "to stdout\nto stderr\n"
    usage = server.until("ended", job)["usage"]
    assert usage["maxrss_kb"] > 1000
    assert outcome.started <= outcome.ended
    assert outcome.pid == server.until("started", job)["pid"]
    claim = queue.spool.read_claim(job.key, 1)
    assert claim is not None
    assert (claim.pid, claim.server, claim.walltime) == (outcome.pid, server.pid, None)


def test_discard(queue: Queue, server: Supervisor) -> None:
    """A falsy first value discards, and the data is kept."""
    outcome = server.run(queue.job("def main(**kw): return False, {'a': 1}"))
    assert (outcome.verdict, outcome.reason, data(outcome)) == ("discarded", "returned", {"a": 1})


def test_exception(queue: Queue, server: Supervisor) -> None:
    """An exception fails the task; the traceback starts in the user's script and shows its lines."""
    job = queue.job(
        """
        def helper():
            raise ValueError("no convergence")
        def main(**kw):
            helper()
        """
    )
    outcome = server.run(job)
    assert (outcome.verdict, outcome.reason) == ("failed", "raised")
    error = failure(outcome)
    assert (error.type, error.message) == ("ValueError", "no convergence")
    first = error.traceback.splitlines()[1]
    assert job.code in first
    assert "helper()" in error.traceback
    assert "perqueue/runner" not in error.traceback
    assert error.traceback in queue.log(job)


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("def main(:", "SyntaxError", "def main(:"),
        ("import no_such_module_at_all", "ModuleNotFoundError", "no_such_module_at_all"),
        ("def main(**kw): raise KeyboardInterrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
        ("def main(**kw): return main(**kw)", "RecursionError", "maximum recursion"),
        ("def main(**kw): raise MemoryError", "MemoryError", "MemoryError"),
        ("def main(a): return True, None", "TypeError", "it needs 'a'"),
        ("class E(Exception):\n    def __str__(self): raise OSError\ndef main(**kw): raise E", "E", "str() failed"),
    ],
)
def test_kinds_of_exceptions(queue: Queue, server: Supervisor, body: str, kind: str, told: str) -> None:
    """Whatever user code raises, while it is loaded or runs, is a failure that names it."""
    outcome = server.run(queue.job(body))
    assert (outcome.verdict, outcome.reason, failure(outcome).type) == ("failed", "raised", kind)
    assert told in failure(outcome).message + failure(outcome).traceback


@pytest.mark.parametrize(("status", "told"), [("", "sys.exit()"), ("0", "sys.exit(0)"), ("3", "sys.exit(3)")])
def test_sys_exit(queue: Queue, server: Supervisor, status: str, told: str) -> None:
    """sys.exit in a task is a failure that names the status, also status 0."""
    outcome = server.run(queue.job(f"import sys\ndef main(**kw): sys.exit({status})"))
    assert (outcome.verdict, outcome.reason, failure(outcome).type) == ("failed", "exit", "SystemExit")
    assert told in failure(outcome).message


@pytest.mark.parametrize(
    ("body", "reason", "told"),
    [
        ("import os\ndef main(**kw): os._exit(0)", "os-exit", "status 0"),
        ("import os\ndef main(**kw): os._exit(3)", "os-exit", "status 3"),
        ("import os\ndef main(**kw): os._exit(75)", "os-exit", "status 75"),
        ("import ctypes\ndef main(**kw): ctypes.string_at(0)", "signal", "SIGSEGV"),
        ("import os\ndef main(**kw): os.kill(os.getpid(), 9)", "signal", "SIGKILL"),
        ("import os\ndef main(**kw): os.kill(os.getpid(), 15)", "signal", "SIGTERM"),
        ("import os\ndef main(**kw): os.abort()", "signal", "SIGABRT"),
    ],
)
def test_deaths(queue: Queue, server: Supervisor, body: str, reason: str, told: str) -> None:
    """A process that dies without an outcome gets one from the server, which says how it died."""
    outcome = server.run(queue.job(body))
    assert (outcome.verdict, outcome.reason) == ("failed", reason)
    assert told in failure(outcome).message
    assert outcome.usage is not None
    assert outcome.pid == server.heard[-1].get("pid", outcome.pid)


def test_crash_leaves_its_place_in_the_log(queue: Queue, server: Supervisor) -> None:
    """A segmentation fault leaves the Python stack in the log."""
    job = queue.job("import ctypes\ndef main(**kw): ctypes.string_at(0)")
    server.run(job)
    assert "Segmentation fault" in queue.log(job)
    assert f"task{job.key}.py" in queue.log(job)


def test_unstorable_keys(queue: Queue, server: Supervisor) -> None:
    """Keys that can't be stored fail the task by name and type, and the others are kept."""
    outcome = server.run(queue.job("def main(**kw): return True, {'a': 1, 'f': lambda: 0, 'g': object()}"))
    assert (outcome.verdict, outcome.reason, data(outcome)) == ("failed", "unstorable", {"a": 1})
    for part in ("'f'", "'function'", "'g'", "'object'"):
        assert part in failure(outcome).message


def test_unwritable_blob(queue: Queue, server: Supervisor) -> None:
    """An array that can't be written fails the task, and the other keys are kept."""
    (queue.root / "blobs").write_text("a file in the folder's place")
    outcome = server.run(
        queue.job("import numpy as np\ndef main(**kw): return True, {'a': 1, 'big': np.zeros(10_000)}")
    )
    assert (outcome.verdict, outcome.reason, data(outcome)) == ("failed", "unstorable", {"a": 1})
    assert "'big'" in failure(outcome).message


def test_bad_return(queue: Queue, server: Supervisor) -> None:
    """A return of the wrong shape fails with what to write instead; what was computed is kept."""
    outcome = server.run(queue.job("def main(**kw): return {'a': 1}"))
    assert (outcome.verdict, outcome.reason, data(outcome)) == ("failed", "bad-return", {"a": 1})
    assert "return True, {...}" in failure(outcome).message
    outcome = server.run(queue.job("def main(**kw): return 3, lambda: 0"))
    assert (outcome.reason, data(outcome)) == ("bad-return", {})


def test_arrays_travel(queue: Queue, server: Supervisor) -> None:
    """Arguments and results are values with their types: an array goes through a blob and comes back."""
    first = server.run(queue.job("import numpy as np\ndef main(**kw): return True, {'big': np.arange(9000), 3: (1,)}"))
    body = "def main(**kw): return True, {'sum': int(kw['big'].sum()), 'three': type(kw['3']).__name__}"
    typed = server.run(queue.job(body, input=first.data))
    assert data(typed) == {"sum": 40495500, "three": "tuple"}
    path = queue.folder / "input.json"
    path.write_text(first.data or "")
    as_json = server.run(queue.job(body, input_file=str(path), shapes="json"))
    assert data(as_json) == {"sum": 40495500, "three": "list"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": "/nonexistent/relax.py"}, "'/nonexistent/relax.py'"),
        ({"func": "relax"}, "'relax'"),
        ({"func": "value"}, "int"),
        ({"folder": "/nonexistent"}, "'/nonexistent'"),
        ({"args": "not JSON"}, "JSON"),
        ({"input_file": "/nonexistent/input.json"}, "/nonexistent/input.json"),
        ({"log": "/nonexistent/1.log"}, "/nonexistent/1.log"),
    ],
)
def test_launch_failures(queue: Queue, server: Supervisor, fields: Any, told: str) -> None:
    """What stands against reaching the function fails the task as a launch, and says what is missing."""
    job = queue.job("value = 3\ndef main(**kw): return True, None", **fields)
    outcome = server.run(job)
    assert (outcome.verdict, outcome.reason) == ("failed", "launch")
    assert told in failure(outcome).message
    assert failure(outcome).traceback == ""


def test_claim_that_can_not_be_made_yet(queue: Queue, server: Supervisor) -> None:
    """An attempt that can't be claimed because the spool takes nothing waits, and runs once it does."""
    job = queue.job("def main(**kw): return True, None")
    claims = Path(queue.spool.claims)
    claims.rename(claims.with_name("away"))
    server.submit(job)
    queue.wait_until(lambda: "can't start entry" in server.log.read_text(), "the report of the server")
    assert server.find("ended", job) is None
    claims.with_name("away").rename(claims)
    server.until("ended", job)
    assert queue.outcome(job).verdict == "succeeded"
