"""Where a task runs, what surrounds it, and what it may leave behind, in real processes under a fork server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.reading import data, failure

from perqueue.runner.spool import Spool

if TYPE_CHECKING:
    from tests.runner.conftest import Queue, Supervisor


def test_folders_and_paths(queue: Queue, server: Supervisor) -> None:
    """The task runs in its folder, made if asked for; the given paths are the front of sys.path, in order."""
    library = queue.folder / "library"
    library.mkdir()
    (library / "helper.py").write_text("where = 'library'")
    (queue.folder / "helper.py").write_text("where = 'folder'")
    folder = queue.folder / "runs" / "one"
    outcome = server.run(
        queue.job(
            """
            import os, sys, helper
            def main(**kw):
                open("here.txt", "w").close()
                return True, {"cwd": os.getcwd(), "path": sys.path[:2], "helper": helper.where, "rest": "" in sys.path}
            """,
            folder=str(folder),
            make_folder=True,
            paths=[str(library), str(queue.folder)],
        )
    )
    assert data(outcome) == {
        "cwd": str(folder),
        "path": [str(library), str(queue.folder)],
        "helper": "library",
        "rest": False,
    }
    assert (folder / "here.txt").exists()


def test_two_files_for_output(queue: Queue, server: Supervisor) -> None:
    """With out and err instead of a log, each stream grows its own file."""
    out, err = queue.folder / "perqueue.local.1.out", queue.folder / "perqueue.local.1.err"
    out.write_text("before\n")
    server.run(
        queue.job(
            "import sys\ndef main(**kw):\n    print('o'); print('e', file=sys.stderr)\n    return True, None",
            log=None,
            out=str(out),
            err=str(err),
        )
    )
    assert (out.read_text(), err.read_text()) == ("before\no\n", "e\n")


def test_log_grows_line_by_line(queue: Queue, server: Supervisor) -> None:
    """What a task printed is in its log while it still runs."""
    job = queue.job("import time\ndef main(**kw):\n    print('step 1 \\udc80')\n    time.sleep(1000)", walltime=1000)
    server.submit(job)
    queue.wait_until(lambda: server.find("started", job) and Path(str(job.log)).exists(), "the log")
    queue.wait_until(lambda: "step 1" in queue.log(job), "the line in the log")
    server.stop(job)
    server.until("ended", job)


def test_module_of_a_script(queue: Queue, server: Supervisor) -> None:
    """A script is a registered module, never the main one, and can hold dataclasses."""
    outcome = server.run(
        queue.job(
            queue.script(
                """
                import sys
                from dataclasses import dataclass
                @dataclass
                class Slab:
                    layers: "int"
                def main(**kw):
                    return True, {"name": __name__, "known": sys.modules[__name__].Slab is Slab, "file": __file__}
                if __name__ == "__main__":
                    raise SystemExit("run as a script")
                """,
                "zoneinfo.py",
            )
        )
    )
    assert data(outcome) == {
        "name": "_perqueue_task_zoneinfo",
        "known": True,
        "file": str(queue.folder / "zoneinfo.py"),
    }


def test_random_numbers_differ(queue: Queue, server: Supervisor) -> None:
    """Tasks that seed nothing draw different numbers, from random and from numpy."""
    path = queue.script(
        "import random, numpy\ndef main(**kw): return True, {'a': random.random(), 'b': numpy.random.rand()}"
    )
    drawn = [data(server.run(queue.job(path))) for _ in range(3)]
    assert len({one["a"] for one in drawn}) == len({one["b"] for one in drawn}) == 3


@pytest.mark.parametrize("ending", ["return True, {'who': 'child'}", "raise ValueError", "raise SystemExit(3)"])
def test_forked_child_falls_through(queue: Queue, server: Supervisor, ending: str) -> None:
    """A process that the task forked and that comes back out of main writes no outcome and runs no exit handler."""
    outcome = server.run(
        queue.job(
            f"""
            import atexit, os
            atexit.register(lambda: open("exits", "a").write("x"))
            def main(**kw):
                child = os.fork()
                if child == 0:
                    {ending}
                _, status = os.waitpid(child, 0)
                return True, {{"who": "parent", "status": os.waitstatus_to_exitcode(status)}}
            """
        )
    )
    status = {"r": 0, "V": 1, "S": 3}[ending[6] if ending.startswith("raise") else "r"]
    assert data(outcome) == {"who": "parent", "status": status}
    assert (queue.folder / "exits").read_text() == "x"
    assert queue.spool.list_new() == [f"{outcome.key}.1"]


def test_left_over_process_is_killed(queue: Queue, server: Supervisor) -> None:
    """What a task started and left running ends with it."""
    outcome = server.run(
        queue.job(
            """
            import subprocess
            def main(**kw):
                return True, {"pid": subprocess.Popen(["sleep", "1000"]).pid}
            """
        )
    )
    queue.wait_until(lambda: not queue.running(data(outcome)["pid"]), "the end of the left-over process")


def test_outcome_before_threads_and_exit_handlers(queue: Queue, server: Supervisor) -> None:
    """Threads are joined and exit handlers run after the outcome is in the spool; their errors change nothing."""
    job = queue.job(
        """
        import atexit, os, threading, time
        seen = f".perqueue/spool/new/"
        def late():
            while not os.path.exists("go"):
                time.sleep(0.01)
            print("thread:", len(os.listdir(seen)))
        atexit.register(lambda: print("handler:", len(os.listdir(seen))))
        def bad():
            raise OSError("in a handler")
        atexit.register(bad)
        def main(**kw):
            threading.Thread(target=late).start()
            return True, None
        """
    )
    server.submit(job)
    queue.wait_until(lambda: queue.spool.has_outcome(job.key, 1), "the outcome")
    assert server.find("ended", job) is None
    (queue.folder / "go").touch()
    server.until("ended", job)
    assert queue.outcome(job).verdict == "succeeded"
    assert "thread: 1\n" in queue.log(job)
    assert "handler: 1\n" in queue.log(job)
    assert "in a handler" in queue.log(job)


def test_user_replaces_the_streams(queue: Queue, server: Supervisor) -> None:
    """A task that closes or replaces stdout and stderr and then fails still has its traceback in the log."""
    job = queue.job(
        "import sys\ndef main(**kw):\n    sys.stdout.close(); sys.stderr = None\n    raise ValueError('lost?')"
    )
    assert server.run(job).reason == "raised"
    assert "ValueError: lost?" in queue.log(job)


def test_surroundings_of_a_task(queue: Queue, server: Supervisor) -> None:
    """A task leads its own session, has default signal handlers, no stray descriptors, and collects garbage."""
    outcome = server.run(
        queue.job(
            """
            import gc, os, signal
            def main(**kw):
                names = ["SIGTERM", "SIGCHLD", "SIGHUP", "SIGINT"]
                handlers = {n: signal.getsignal(getattr(signal, n)) for n in names}
                return True, {
                    "leads": os.getsid(0) == os.getpgrp() == os.getpid(),
                    "default": [n for n in names if handlers[n] in (signal.SIG_DFL, signal.default_int_handler)],
                    "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
                    "open": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1],
                    "gc": gc.isenabled(),
                }
            """
        )
    )
    assert data(outcome) == {
        "leads": True,
        "default": ["SIGTERM", "SIGCHLD", "SIGHUP", "SIGINT"],
        "blocked": 0,
        "open": [0, 1, 2],
        "gc": True,
    }


def test_full_disk_for_the_outcome(queue: Queue, server: Supervisor) -> None:
    """A task that could not write its outcome is reported by the server once there is room again."""
    job = queue.job(
        """
        import os
        def main(**kw):
            os.rename(".perqueue/spool/tmp", ".perqueue/spool/gone")
            return True, {"a": 1}
        """
    )
    server.submit(job)
    queue.wait_until(lambda: "is not recorded yet" in server.log.read_text(), "the report of the server")
    os.rename(f"{queue.spool.folder}/gone", queue.spool.tmp)
    server.until("ended", job)
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("failed", "os-exit")
    assert "could not be written" in failure(outcome).message
    assert "could not be written" in queue.log(job)


def test_engine_is_faster_than_the_server(queue: Queue, server: Supervisor) -> None:
    """An outcome that was committed before its process ended is not reported a second time."""
    job = queue.job(
        """
        import atexit, os, time
        def wait():
            while not os.path.exists("go"):
                time.sleep(0.01)
            os.kill(os.getpid(), 9)
        atexit.register(wait)
        def main(**kw):
            return True, {"a": 1}
        """
    )
    server.submit(job)
    spool: Spool = queue.spool
    queue.wait_until(lambda: spool.has_outcome(job.key, 1), "the outcome")
    assert spool.settle(job.key, 1)
    (queue.folder / "go").touch()
    assert "duplicate" not in server.until("ended", job)
    assert spool.list_new() == []
    assert queue.outcome(job).verdict == "succeeded"


def test_signals_reach_the_user(queue: Queue, server: Supervisor) -> None:
    """SIGINT raises KeyboardInterrupt in a task, as in any Python."""
    job = queue.job("import os, time\ndef main(**kw):\n    os.kill(os.getpid(), 2); time.sleep(1000)")
    assert failure(server.run(job)).type == "KeyboardInterrupt"
