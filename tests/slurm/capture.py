"""Captures what a real Slurm answers, as the text that the dialect is tested on.

``python -m tests.slurm.capture`` writes ``tests/executors/slurm/captured/*.txt`` anew, in some minutes. Do so for a
newer Slurm, and look at what changed before you keep it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.slurm.cluster import HERE, Cluster, Variant, running

from perqueue.executors.batch.dialect import Command
from perqueue.executors.slurm.dialect import SlurmDialect

CAPTURED: Final = HERE.parent / "executors" / "slurm" / "captured"
PREFIX: Final = "pq-0123abcd-"
_DIALECT: Final = SlurmDialect()
_SLEEP: Final = "exec sleep 600"
_PREEMPTION: Final = """\
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=low Nodes=b001 PriorityTier=1 PreemptMode=CANCEL
PartitionName=back Nodes=a001 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=b001,a001 PriorityTier=10"""


class Scene:
    """One Slurm, with jobs that are named as ours are."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def submit(self, name: str, script: str, *options: str) -> str:
        """Submit a script; its id."""
        tag = f"{PREFIX}{name}"
        words = ["sbatch", "--parsable", f"--job-name={name}:{tag}", f"--comment={tag}", "--output=/dev/null", *options]
        if not any(option.startswith("--time") for option in options):
            words.append("--time=5")
        return self.cluster.ask(*words, given=f"#!/bin/bash\n{script}\n").strip()

    def wait(self, job: str, state: str) -> None:
        """Wait until a job is in a state, or has a reason."""
        self.until(lambda: state in self.cluster.ask("squeue", "-h", "-t", "all", "-j", job, "-o", "%T %r"), state)

    def until(self, fact: Callable[[], bool], what: str) -> None:
        """Wait for something."""
        deadline = time.monotonic() + 180
        while not fact():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}: {self.cluster.ask('squeue', '-t', 'all')}")
            time.sleep(0.1)

    def keep(self, name: str, command: Command | None, limit: float = 180) -> None:
        """Run a command, and keep its answer under a name."""
        assert command is not None
        environment = {**os.environ, **self.cluster.environment}
        ran = subprocess.Popen(
            command.words,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = ran.communicate(command.stdin, timeout=limit)
        words = " ".join(command.words)
        text = f"$ {words}\nstatus {ran.returncode}\n--- out\n{out}--- err\n{err}"
        (CAPTURED / f"{name}.txt").write_text(self._anonymous(text), encoding="utf-8")
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()

    def look(self, name: str) -> None:
        """Keep what the queue holds."""
        self.keep(name, _DIALECT.look(PREFIX))

    def history(self, name: str, jobs: Sequence[str]) -> None:
        """Keep what the accounting tells."""
        self.keep(name, _DIALECT.history(jobs, time.time() - 600))

    def _anonymous(self, text: str) -> str:
        host = os.uname().nodename.partition(".")[0]
        text = text.replace(str(self.cluster.folder), "/tmp/slurm")
        return re.sub(rf"\b{re.escape(host)}\b", "head", text)


def ends(scene: Scene) -> None:
    """Every way in which a job ends, but for memory."""
    late = scene.submit("late", _SLEEP, "--time=1")
    ended = {
        "done": scene.submit("done", "true"),
        "exit": scene.submit("exit", "exit 3"),
        "killed": scene.submit("killed", "kill -9 $$"),
        "unwritable": scene.submit("unwritable", "true", "--output=/no/such/folder/file"),
        "array": scene.submit("array", "exit $SLURM_ARRAY_TASK_ID", "--array=0-2"),
    }
    scene.submit("filling", _SLEEP, "--partition=xeon40", "--exclusive")
    waiting = ("--time=1", "--deadline=now+65seconds", "--partition=xeon40", "--exclusive")
    deadline = scene.submit("deadline", _SLEEP, *waiting)
    cancelled = scene.submit("cancelled", _SLEEP)
    refused = scene.submit("unstarted", _SLEEP, "--hold")
    unwanted = scene.submit("unwanted", _SLEEP, "--array=0-2", "--hold")
    lost = scene.submit("lost", _SLEEP, "--nodelist=a002", "--no-requeue")
    for job in (cancelled, lost):
        scene.wait(job, "RUNNING")
    scene.cluster.ask("scancel", cancelled, refused, *(f"{unwanted}_{index}" for index in range(3)))
    scene.cluster.ask("scontrol", "update", "NodeName=a002", "State=DOWN", "Reason=captured")
    scene.wait(lost, "NODE_FAIL")
    scene.wait(late, "TIMEOUT")
    scene.wait(deadline, "DEADLINE")
    time.sleep(3)
    scene.look("squeue-ends")
    scene.history("sacct-ends", [late, deadline, cancelled, refused, lost, *ended.values()])


def waits(scene: Scene) -> None:
    """Jobs that wait, that run, and that are neither."""
    filling = scene.submit("filling", _SLEEP, "--partition=xeon40", "--exclusive")
    scene.wait(filling, "RUNNING")
    scene.submit("next", _SLEEP, "--partition=xeon40", "--exclusive")
    scene.submit("after", _SLEEP, "--partition=xeon40", "--exclusive")
    scene.submit("held", _SLEEP, "--hold")
    scene.submit("dependent", _SLEEP, f"--dependency=afterok:{filling}")
    scene.submit("overlong", _SLEEP, "--time=9-0")
    scene.submit("overwide", _SLEEP, "--nodes=9")
    throttled = scene.submit("throttled", _SLEEP, "--array=0-5%2")
    scene.submit("waiting", _SLEEP, "--array=0-3", "--hold")
    suspended = scene.submit("suspended", _SLEEP)
    again = scene.submit("again", _SLEEP, "--requeue")
    aside = scene.submit("aside", _SLEEP, "--requeue")
    for job in (f"{throttled}_1", suspended, again, aside):
        scene.wait(job, "RUNNING")
    scene.cluster.ask("scontrol", "suspend", suspended)
    scene.cluster.ask("scontrol", "requeue", again)
    scene.cluster.ask("scontrol", "requeuehold", "State=SpecialExit", aside)
    scene.wait(again, "BeginTime")
    scene.wait(aside, "SPECIAL_EXIT")
    scene.until(
        lambda: "20" in scene.cluster.ask("squeue", "--start", "-h", "-n", f"next:{PREFIX}next", "-o", "%S"),
        "an estimate",
    )
    _other_peoples(scene)
    scene.look("squeue-waits")
    scene.keep("squeue-waits-unexpanded", Command(tuple(w for w in _DIALECT.look(PREFIX).words if w != "-r")))
    scene.keep("scancel", _DIALECT.cancel([f"{throttled}_1", "99999999"])[0])
    closing = scene.submit("closing", "trap '' TERM; while :; do sleep 1; done")
    scene.wait(closing, "RUNNING")
    time.sleep(1)
    scene.cluster.ask("scancel", closing)
    scene.look("squeue-completing")


def _other_peoples(scene: Scene) -> None:
    """Names and comments with separators and line breaks in them, of jobs that are not ours."""
    for name, comment in (("a|b", "x|y"), ("two\nlines", "1|R\n2|R"), (f"{PREFIX}not:mine", "none"), ("é ñ", "")):
        scene.cluster.ask(
            "sbatch", f"--job-name={name}", f"--comment={comment}", "--hold", "--time=1", given="#!/bin/sh\n"
        )


def settings(scene: Scene) -> None:
    """What the site is like, and what becomes of what is submitted."""
    scene.keep("scontrol-config", _DIALECT.limits())
    for title, command in _DIALECT.tries(()):
        scene.keep(f"try-{title}", command)
    scene.look("squeue-empty")
    scene.keep("sbatch-taken", _sbatch())
    scene.keep("sbatch-no-partition", _sbatch("--partition=nope"))
    scene.keep("sbatch-no-node", _sbatch("--exclude=nope"))
    scene.keep("sbatch-not-these-nodes", _sbatch("--partition=xeon40", "--exclude=b001"))
    scene.keep("sbatch-too-much-memory", _sbatch("--mem=99999999M"))
    scene.keep("sbatch-too-many-elements", _sbatch("--array=0-99999"))
    scene.keep("sbatch-unknown-option", _sbatch("--nope"))
    scene.keep("sbatch-no-folder", _sbatch("--chdir=/no/such/folder"))


def down(scene: Scene) -> None:
    """A controller that hangs, and one that is not there."""
    job = scene.submit("down", _SLEEP)
    scene.wait(job, "RUNNING")
    scene.cluster.signal("slurmctld", signal.SIGSTOP)
    scene.keep("sbatch-hanging", _sbatch())
    scene.look("squeue-hanging")
    scene.cluster.signal("slurmctld", signal.SIGKILL)
    scene.until(lambda: not Path(f"/proc/{scene.cluster.pid('slurmctld')}/fd").exists(), "the end of the controller")
    scene.look("squeue-down")
    scene.keep("sbatch-down", _sbatch())
    scene.keep("scancel-down", _DIALECT.cancel([job])[0])
    scene.keep("scontrol-config-down", _DIALECT.limits())
    scene.keep("try-controller-down", _DIALECT.tries(())[0][1])
    if scene.cluster.variant.accounting:
        scene.history("sacct-controller-down", [job])
        scene.cluster.signal("slurmdbd", signal.SIGKILL)
        time.sleep(1)
        scene.history("sacct-down", [job])
    scene.cluster.start()


def _sbatch(*options: str) -> Command:
    return Command(("sbatch", "--parsable", "--output=/dev/null", "--time=1", *options), "#!/bin/sh\n")


def limited() -> None:
    """Full queues: of the whole Slurm, and of a user."""
    with running(Variant(extra="MaxJobCount=3\nMinJobAge=2")) as cluster:
        scene = Scene(cluster)
        short = scene.submit("short", "true")
        scene.keep("sacct-disabled", _DIALECT.history([short], 0))
        scene.until(lambda: PREFIX not in cluster.ask("squeue", "-h", "-t", "all", "-o", "%j"), "the purge")
        scene.look("squeue-purged")
        for name in ("one", "two"):
            scene.submit(name, _SLEEP)
        scene.keep("sbatch-full", _sbatch())
    with running(Variant(accounting=True, extra="AccountingStorageEnforce=associations,limits,qos")) as cluster:
        scene = Scene(cluster)
        user = cluster.ask("id", "-un").strip()
        cluster.ask("sacctmgr", "-i", "modify", "qos", "normal", "set", "MaxSubmitJobsPerUser=1")
        cluster.ask("sacctmgr", "-i", "modify", "user", user, "set", "MaxJobs=50")
        scene.submit("one", _SLEEP)
        scene.keep("sbatch-user-full", _sbatch())
        scene.keep("sbatch-no-account", _sbatch("--account=nope"))
        scene.keep("squeue-named-cluster", _DIALECT.look(PREFIX, "pqtest"))


def deaf() -> None:
    """A controller and an accounting that don't answer."""
    with running(Variant(accounting=True)) as cluster:
        scene = Scene(cluster)
        scene.keep("sbatch-named-cluster", _sbatch("--clusters=pqtest"))
        down(scene)


def memory() -> None:
    """Jobs that take more memory than they asked for."""
    with running(Variant(accounting=True, groups=True)) as cluster:
        scene = Scene(cluster)
        job = scene.submit("oom", "exec python3 -c 'bytearray(200 << 20)'", "--mem=40M")
        scene.wait(job, "OUT_OF_MEMORY")
        time.sleep(3)
        scene.look("squeue-oom")
        scene.history("sacct-oom", [job])


def preemption() -> None:
    """Jobs that make way for others: cancelled, or put back."""
    with running(Variant(accounting=True, extra=_PREEMPTION)) as cluster:
        scene = Scene(cluster)
        low = scene.submit("low", _SLEEP, "--partition=low", "--exclusive", "--no-requeue")
        back = scene.submit("back", _SLEEP, "--partition=back", "--exclusive", "--requeue")
        for job in (low, back):
            scene.wait(job, "RUNNING")
        for node in ("a001", "b001"):
            scene.submit("high", _SLEEP, "--partition=high", "--exclusive", f"--nodelist={node}")
        scene.wait(low, "PREEMPTED")
        scene.wait(back, "BeginTime")
        time.sleep(3)
        scene.look("squeue-preempted")
        scene.history("sacct-preempted", [low, back])


def main() -> None:
    """Capture all of it."""
    CAPTURED.mkdir(exist_ok=True)
    memory()
    preemption()
    with running(Variant(accounting=True)) as cluster:
        settings(Scene(cluster))
        waits(Scene(cluster))
    with running(Variant(accounting=True)) as cluster:
        ends(Scene(cluster))
    limited()
    deaf()


if __name__ == "__main__":
    main()
