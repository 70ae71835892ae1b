"""The fork server itself: order, cores, limits, stops, and what becomes of it when others go."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perqueue.runner.channel import frame
from perqueue.runner.process import session_members
from perqueue.runner.spool import alive, claim_for

if TYPE_CHECKING:
    from tests.runner.conftest import Queue, Supervisor

SLEEP = "import time\ndef main(**kw): time.sleep(1000)"
NOOP = "def main(**kw): return True, None"
WAIT = """
import os, time
def main(**kw):
    while not os.path.exists("go"):
        time.sleep(0.01)
    return True, None
"""


def test_lean(queue: Queue, server: Supervisor) -> None:
    """The server stays one thread without numpy, sqlite and the like, also after tasks that use them."""
    server.run(queue.job("import numpy, sqlite3, threading\ndef main(**kw): return True, {'a': numpy.zeros(9000)}"))
    (zygote,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    for pid in (server.pid, int(zygote)):
        assert len(os.listdir(f"/proc/{pid}/task")) == 1
        maps = Path(f"/proc/{pid}/maps").read_text()
        for name in ("numpy", "sqlite", "multiprocessing", "asyncio"):
            assert name not in maps
    outcome = server.run(
        queue.job("import sys\nnames = list(sys.modules)\ndef main(**kw): return True, {'names': names}")
    )
    heavy = {"numpy", "attr", "attrs", "sqlite3", "threading", "subprocess", "asyncio", "multiprocessing", "random"}
    assert outcome.data is not None
    assert not [name for name in heavy if f'"{name}"' in outcome.data]
    assert os.readlink(f"/proc/{server.pid}/cwd") == "/"


def test_zygote_killed(queue: Queue, server: Supervisor) -> None:
    """Without its zygote a server leaves; the task that ran goes on and writes its outcome itself."""
    job = queue.job(WAIT)
    server.submit(job)
    server.until("started", job)
    (zygote,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    os.kill(int(zygote), signal.SIGKILL)
    server.submit(queue.job(NOOP))
    queue.wait_until(lambda: server.process.poll() is not None, "the end of the server")
    (queue.folder / "go").touch()
    queue.wait_until(lambda: queue.spool.has_outcome(job.key, 1), "the outcome")
    assert queue.outcome(job).verdict == "succeeded"


def test_strict_order(queue: Queue, start_server: Any) -> None:
    """Jobs start in the order they came in; one that needs all cores is not overtaken."""
    server = start_server(2)
    first = queue.job(WAIT)
    wide = queue.job(NOOP, cores=2)
    rest = [queue.job(NOOP) for _ in range(4)]
    server.submit(first, wide, *rest)
    server.until("started", first)
    (queue.folder / "go").touch()
    for job in (first, wide, *rest):
        server.until("ended", job)
    order = [header["key"] for header in server.heard if header["op"] == "started"]
    assert order == [job.key for job in (first, wide, *rest)]
    at = {(header["op"], header.get("key")): place for place, header in enumerate(server.heard)}
    assert at["ended", first.key] < at["started", wide.key]
    assert at["ended", wide.key] < at["started", rest[0].key]


def test_cores_limit_and_clamp(queue: Queue, start_server: Any) -> None:
    """Tasks never hold more cores than there are; a job that asks for more than all gets all; cores may change."""
    server = start_server(2)
    jobs = [queue.job(WAIT) for _ in range(3)] + [queue.job(NOOP, cores=99)]
    server.submit(*jobs)
    server.until("started", jobs[1])
    assert server.find("started", jobs[2]) is None
    server.send("cores", n=3)
    server.until("started", jobs[2])
    assert server.find("started", jobs[3]) is None
    (queue.folder / "go").touch()
    server.until("ended", jobs[3])
    server.send("cores", n=0)
    late = queue.job(NOOP)
    server.submit(late)
    assert server.find("started", late) is None
    server.send("cores", n=1)
    server.until("ended", late)


def test_many_tasks(queue: Queue, server: Supervisor) -> None:
    """Every one of many tasks is started, ended and has its outcome, once."""
    path = queue.script(NOOP)
    jobs = [queue.job(path) for _ in range(100)]
    server.submit(*jobs)
    server.until("ended", jobs[-1])
    for job in jobs:
        server.until("ended", job)
    assert len([header for header in server.heard if header["op"] == "ended"]) == 100
    assert set(queue.spool.list_new()) == {f"{job.key}.1" for job in jobs}
    assert os.listdir(queue.spool.tmp) == []


@pytest.mark.parametrize(
    "body",
    [
        SLEEP,
        "import subprocess\ndef main(**kw): subprocess.run(['sleep', '1000'])",
        "import subprocess, sys\ndef main(**kw): subprocess.run(['sleep', '1000'], process_group=0)",
    ],
)
def test_walltime(queue: Queue, server: Supervisor, body: str) -> None:
    """A task that runs too long is ended with all that it started, and its outcome is a timeout."""
    job = queue.job(body, walltime=0.3)
    outcome = server.run(job)
    assert (outcome.verdict, outcome.reason) == ("timeout", "walltime")
    assert outcome.error is not None
    assert "0.3 s" in outcome.error.message
    queue.wait_until(lambda: not session_members(outcome.pid), "the end of all that the task started")


def test_walltime_of_a_task_that_ignores_sigterm(queue: Queue, server: Supervisor) -> None:
    """A task that ignores SIGTERM is killed."""
    job = queue.job(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef main(**kw): time.sleep(1000)",
        walltime=0.3,
    )
    assert server.run(job).verdict == "timeout"


def test_task_answers_sigterm(queue: Queue, server: Supervisor) -> None:
    """An outcome that a task writes itself when it is asked to end is the one that counts."""
    job = queue.job(
        """
        import signal, time
        class Stop(Exception): pass
        def handler(number, frame): raise Stop
        def main(**kw):
            signal.signal(signal.SIGTERM, handler)
            try:
                time.sleep(1000)
            except Stop:
                return True, {"steps": 7}
        """,
        walltime=0.5,
    )
    outcome = server.run(job)
    assert (outcome.verdict, outcome.data) == ("succeeded", '{"steps":7}')


@pytest.mark.parametrize("why", ["cancelled", "removed"])
def test_stop(queue: Queue, start_server: Any, why: str) -> None:
    """A running task that is stopped ends as cancelled; one in the backlog never starts and says so."""
    server = start_server(1)
    running_job, waiting, after = queue.job(SLEEP), queue.job(NOOP), queue.job(NOOP)
    server.submit(running_job, waiting, after)
    server.until("started", running_job)
    server.stop(waiting, why)
    server.until("ended", waiting)
    server.stop(running_job, why)
    server.stop(running_job, why)
    server.stop(queue.job(NOOP), why)
    server.until("ended", running_job)
    server.until("ended", after)
    assert server.find("started", waiting) is None
    for job, told in ((running_job, f"{why} while it ran"), (waiting, f"{why} before it started")):
        outcome = queue.outcome(job)
        assert (outcome.verdict, outcome.reason) == ("failed", "cancelled")
        assert outcome.error is not None
        assert told in outcome.error.message
    claim = queue.spool.read_claim(waiting.key, 1)
    assert claim is not None
    assert not alive(claim)


def test_claimed_elsewhere(queue: Queue, start_server: Any) -> None:
    """A job whose attempt is claimed leaves no trace: nothing runs, is written, or lost from the log."""
    server = start_server(1)
    job, waiting = queue.job("print('ran')\n" + NOOP), queue.job(NOOP)
    for one in (job, waiting):
        assert one.log is not None
        Path(one.log).write_text("of the other runner\n")
        assert queue.spool.claim(claim_for(queue.id, one.key, 1, pid=os.getpid(), walltime=None, server=None))
    server.submit(job)
    assert server.until("ended", job)["duplicate"] is True
    blocker = queue.job(SLEEP)
    server.submit(blocker, waiting)
    server.until("started", blocker)
    server.stop(waiting)
    assert server.until("ended", waiting)["duplicate"] is True
    server.stop(blocker)
    server.until("ended", blocker)
    assert queue.log(job) == "of the other runner\n"
    assert queue.spool.list_new() == [f"{blocker.key}.1"]


def test_same_job_twice(queue: Queue, server: Supervisor) -> None:
    """A job that is sent twice runs once."""
    job = queue.job("def main(**kw):\n    open('ran', 'a').write('x')\n    return True, None")
    server.submit(job, job)
    queue.wait_until(lambda: server.find("ended") and len([h for h in server.heard if h["op"] == "ended"]) == 2)
    assert (queue.folder / "ran").read_text() == "x"
    assert sorted("duplicate" in header for header in server.heard if header["op"] == "ended") == [False, True]


@pytest.mark.parametrize("how", ["socket", "sigterm"])
def test_supervisor_gone(queue: Queue, start_server: Any, how: str) -> None:
    """Without a supervisor the running tasks end as they would, deaths and timeouts are recorded, nothing starts."""
    server = start_server(3)
    good = queue.job(WAIT)
    dies = queue.job(WAIT.replace("return True, None", "os._exit(3)"))
    late = queue.job(SLEEP, walltime=0.5)
    never = queue.job(NOOP)
    server.submit(good, dies, late, never)
    for job in (good, dies, late):
        server.until("started", job)
    if how == "socket":
        server.hang_up()
    else:
        os.kill(server.pid, signal.SIGTERM)
    queue.wait_until(lambda: queue.spool.has_outcome(late.key, 1), "the timeout")
    assert queue.running(server.pid)
    (queue.folder / "go").touch()
    assert server.wait() == 0
    assert queue.outcome(good).verdict == "succeeded"
    assert queue.outcome(dies).reason == "os-exit"
    assert queue.outcome(late).verdict == "timeout"
    assert not queue.spool.has_outcome(never.key, 1)
    assert queue.spool.read_claim(never.key, 1) is None


def test_nothing_starts_after_sigterm(queue: Queue, start_server: Any) -> None:
    """A server that is asked to end while jobs wait for cores starts none of them, also when cores get free."""
    server = start_server(1)
    first, waiting = queue.job(WAIT), [queue.job(NOOP) for _ in range(3)]
    server.submit(first, *waiting)
    server.until("started", first)
    os.kill(server.pid, signal.SIGTERM)
    (queue.folder / "go").touch()
    assert server.wait() == 0
    assert queue.outcome(first).verdict == "succeeded"
    assert queue.spool.list_new() == os.listdir(queue.spool.claims) == [f"{first.key}.1"]


def test_large_body(queue: Queue, server: Supervisor) -> None:
    """A job of any size arrives whole."""
    job = queue.job("def main(**kw): return True, {'n': len(kw['text'])}", input='{"text":"' + "x" * 3_000_000 + '"}')
    assert server.run(job).data == '{"n":3000000}'


def test_quit(queue: Queue, start_server: Any) -> None:
    """After quit nothing starts, what runs is reported, and the server goes."""
    server = start_server(1)
    good, never = queue.job(WAIT), queue.job(NOOP)
    server.submit(good, never)
    server.until("started", good)
    server.send("quit")
    server.submit(queue.job(NOOP))
    (queue.folder / "go").touch()
    server.until("ended", good)
    assert server.wait() == 0
    assert len([header for header in server.heard if header["op"] == "started"]) == 1


def test_idle_server_goes_with_its_supervisor(server: Supervisor) -> None:
    """A server with nothing to do ends when its socket closes."""
    server.hang_up()
    assert server.wait() == 0


def test_folder_vanishes(queue: Queue, server: Supervisor) -> None:
    """When the queue's folder is deleted, the server kills its tasks and goes."""
    job = queue.job("import subprocess\ndef main(**kw): subprocess.run(['sleep', '1000'])")
    server.submit(job)
    pid = server.until("started", job)["pid"]
    shutil.rmtree(queue.root)
    assert server.wait() == 0
    queue.wait_until(lambda: not session_members(pid), "the end of the task")


def test_folder_replaced(queue: Queue, server: Supervisor) -> None:
    """Another folder under the same name is not the queue that the server works for."""
    queue.root.rename(queue.root.with_name("old"))
    queue.root.mkdir()
    assert server.wait() == 0


@pytest.mark.parametrize("raw", [b"nonsense", b'{"op":"dance"}', b'{"op":"run","key":1}', b'{"op":"stop"}'])
def test_broken_protocol(server: Supervisor, raw: bytes) -> None:
    """A supervisor that talks nonsense is hung up on, with a line in the log."""
    server.channel.send_raw(frame(raw))
    server.channel.flush()
    assert server.wait() == 0
    assert "The fork server hangs up" in server.log.read_text()


def test_body_that_is_no_job(queue: Queue, server: Supervisor) -> None:
    """A job whose body can't be read is a failed launch, and the server goes on."""
    job = queue.job(NOOP)
    head = job.to_bytes().partition(b"\n")[0]
    server.channel.send_raw(frame(head + b"\n{}"))
    server.until("ended", job)
    assert queue.outcome(job).reason == "launch"
    assert "JobError" in server.log.read_text()
    assert server.run(queue.job(NOOP)).verdict == "succeeded"


def test_server_ignores_the_terminal(queue: Queue, server: Supervisor) -> None:
    """Neither Ctrl-C nor the end of a login ends the server."""
    os.kill(server.pid, signal.SIGINT)
    os.kill(server.pid, signal.SIGHUP)
    assert server.run(queue.job(NOOP)).verdict == "succeeded"
