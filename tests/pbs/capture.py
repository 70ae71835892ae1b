"""Captures what a real PBS answers, as the text that the dialect is tested on.

``python -m tests.pbs.capture USER`` writes the files that it can in ``tests/executors/pbs/answers`` anew, in two
minutes: as root, on a machine with an OpenPBS that is there for nothing else. Jobs are the user's. Ids and names of
machine and user are replaced, nothing else. Do so for a newer PBS, and look at what changed before you keep it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.pbs.real import RealPbs, real_pbs

ANSWERS: Final = Path(__file__).parents[1] / "executors" / "pbs" / "answers"
TAG: Final = "pq-3f2a9c1d-"
SLEEP: Final = "sleep 600"
JSON: Final = ("-t", "-f", "-F", "json")


class Scene:
    """A PBS, and a user of it."""

    def __init__(self, pbs: RealPbs, user: str) -> None:
        self.pbs, self.user, self.home = pbs, user, Path(f"~{user}").expanduser()

    def ask(self, *words: str, given: str = "", root: bool = False) -> str:
        """Run a command as the user, with few variables in its environment."""
        env = {"PATH": f"{self.pbs.commands}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "SHELL": "/bin/bash"}
        env |= {"HOME": str(self.home), "LOGNAME": self.user} if not root else {"HOME": "/root", "LOGNAME": "root"}
        as_user = () if root else (shutil.which("runuser") or "runuser", "-u", self.user, "--")
        done = subprocess.run(
            [*as_user, *words], input=given, env=env, cwd="/", capture_output=True, text=True, check=False
        )
        return done.stdout

    def submit(self, number: int, script: str, *options: str, root: bool = False) -> str:
        """Submit a script; its id."""
        tag = f"{TAG}{number}.1"
        words = ["-N", f"relax_{tag}", "-v", f"PERQUEUE_TAG={tag}", "-j", "oe", "-o", "/dev/null"]
        words += [] if "-r" in options else ["-r", "n"]
        asks = [] if "-l" in options else ["-l", "select=1:ncpus=2", "-l", "walltime=600"]
        return self.ask("qsub", *words, *asks, *options, given=f"{script}\n", root=root).strip()

    def keep(self, name: str, jobs: dict[str, str], *options: str) -> None:
        """Write what qstat says of jobs, with other ids."""
        text = self.ask("qstat", *options, *jobs)
        for job, shown in jobs.items():
            number, new = job.partition(".")[0].rstrip("[]"), shown.partition(".")[0].rstrip("[]")
            text = re.sub(rf"(?<!\d){number}(?=(\[\d*\])?\.{self.pbs.node}\b)", new, text)
        for real, said in ((self.pbs.node, "pbs0"), (str(self.home), "/home/ann"), (self.user, "ann")):
            text = text.replace(real, said)
        (ANSWERS / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        sys.stderr.write(f"{name}\n")

    def clear(self) -> None:
        """No jobs, and a history."""
        self.pbs.clear()
        self.pbs.set(history=False)
        self.pbs.set(history=True)

    def live(self) -> None:
        """Jobs that run, wait and are held."""
        self.keep("none.json", {}, *JSON)
        running = self.submit(1, SLEEP)
        self.pbs.wait(running, "R")
        time.sleep(3)  # all that is shown of it is there
        self.keep("running.json", {running: "0.pbs0"}, *JSON)
        self.pbs.wait(self.submit(9, SLEEP), "R")
        waiting = self.submit(1, SLEEP)
        held = self.submit(1, SLEEP, "-h")
        time.sleep(4)  # the scheduler says why
        self.keep("queued.json", {waiting: "0.pbs0"}, *JSON)
        self.keep("held.json", {held: "0.pbs0"}, *JSON)
        second = self.submit(2, SLEEP)
        array = self.submit(7, SLEEP, "-J", "0-3", "-r", "y")
        time.sleep(4)
        self.keep("array-waiting.json", {array: "14[].pbs0"}, *JSON)
        self.keep("plain.txt", {running: "0.pbs0", second: "1.pbs0", array: "14[].pbs0"}, "-f")

    def ends(self) -> None:
        """Jobs that are over, each in its way."""
        for name, script, options in (
            ("finished-0", "exit 0", ()),
            ("finished-3", "exit 3", ()),
            ("killed", "kill -9 $$", ()),
            ("walltime", SLEEP, ("-l", "select=1:ncpus=2", "-l", "walltime=2")),
        ):
            job = self.submit(1, script, *options)
            self.pbs.wait(job, "F", seconds=60)
            self.keep(f"{name}.json", {job: "0.pbs0"}, "-x", *JSON)
        for name, root in (("deleted-running", False), ("deleted-running-by-root", True)):
            job = self.submit(1, SLEEP, root=root)
            self.pbs.wait(job, "R")
            time.sleep(2)
            self.ask("qdel", job, root=root)
            self.pbs.wait(job, "F")
            self.keep(f"{name}.json", {job: "0.pbs0"}, "-x", *JSON)
        hogs = [self.submit(8, SLEEP) for _ in range(2)]
        job = self.submit(1, SLEEP)
        self.ask("qdel", job)
        self.pbs.wait(job, "F")
        self.keep("deleted-queued.json", {job: "0.pbs0"}, "-x", *JSON)
        self.ask("qdel", *hogs)

    def arrays(self) -> None:
        """Arrays that have begun, and one that is over."""
        array = self.submit(7, '[ "$PBS_ARRAY_INDEX" = 0 ] && exit 3; sleep 600', "-J", "0-3", "-r", "y", *cores(4))
        self.pbs.wait(array.replace("[]", "[1]"), "R", seconds=60)
        self.ask("qdel", array.replace("[]", "[2]"))
        time.sleep(3)
        self.keep("array-begun.json", {array: "14[].pbs0"}, *JSON)
        self.ask("qdel", array)
        self.pbs.wait(array, "F")
        array = self.submit(7, SLEEP, "-J", "0-1", "-r", "y")
        self.pbs.wait(array.replace("[]", "[1]"), "R")
        self.keep("array-all-begun.json", {array: "14[].pbs0"}, *JSON)
        self.ask("qdel", array)
        self.pbs.set(history=False)
        array = self.submit(7, '[ "$PBS_ARRAY_INDEX" -ge 2 ] || exit 3; sleep 600', "-J", "0-3", "-r", "y", *cores(4))
        self.pbs.wait(array.replace("[]", "[2]"), "R", seconds=60)
        self.keep("array-forgotten.json", {array: "14[].pbs0"}, *JSON)
        self.ask("qdel", array)
        self.pbs.set(history=True)
        array = self.submit(7, '[ "$PBS_ARRAY_INDEX" != 2 ]', "-J", "0-3", "-r", "y")
        self.pbs.wait(array, "F", seconds=60)
        self.keep("array-finished.json", {array: "14[].pbs0"}, "-x", *JSON)

    def node_failures(self) -> None:
        """A node fails under a job that must not be run again, and under one that may."""
        once, again = self.submit(1, SLEEP), self.submit(1, SLEEP, "-r", "y")
        self.pbs.wait(once, "R")
        self.pbs.wait(again, "R")
        time.sleep(3)  # they have begun altogether
        self.pbs.set(nodes={})
        self.pbs.set(failed=["pbs0"])
        self.pbs.wait(once, "F", seconds=60)
        self.keep("node-failed.json", {once: "0.pbs0"}, "-x", *JSON)
        self.pbs.revive()  # without what ran, and without cores for it
        self.pbs.wait(again, "Q", seconds=60)
        self.keep("requeued.json", {again: "0.pbs0"}, *JSON)
        self.pbs.set(nodes={"pbs0": 4})
        self.pbs.wait(again, "R", seconds=60)
        time.sleep(3)
        self.keep("running-again.json", {again: "0.pbs0"}, *JSON)


def cores(number: int) -> tuple[str, ...]:
    """Options that ask for so many cores."""
    return ("-l", f"select=1:ncpus={number}", "-l", "walltime=600")


def main() -> None:
    """Capture all."""
    with tempfile.TemporaryDirectory() as folder, real_pbs(Path(folder) / "server") as pbs:
        scene = Scene(pbs, sys.argv[1])
        for part in (scene.live, scene.ends, scene.arrays, scene.node_failures):
            scene.clear()
            part()


if __name__ == "__main__":
    main()
