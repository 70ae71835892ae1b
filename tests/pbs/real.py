"""A real OpenPBS to test on: the server of this machine, and nobody else's jobs on it.

It takes root, to change the server's settings, to stop and start it, and to have its only node fail.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.pbs.site import Pbs
from tests.queues import wait_until

HERE = Path(__file__).parent
COMMANDS: Final = ("qsub", "qstat", "qselect", "qdel", "qrerun")
CAN: Final = ("nodes", "failed", "history", "down", "lose_replies", "max_walltime", "max_queued", "max_array", "root")
NODE_FAIL: Final = 2
"""How many seconds the server waits for a failed node before it gives up the jobs there."""


class RealPbs(Pbs):
    """The one whose commands are on the search path when tests begin."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        found = shutil.which("qstat")
        assert found, "no qstat on the search path"
        self.commands = Path(found).parent
        conf = dict(line.split("=", 1) for line in Path("/etc/pbs.conf").read_text().splitlines() if "=" in line)
        self.programs, self.state = Path(conf["PBS_EXEC"]) / "sbin", Path(conf["PBS_HOME"])
        self.later: dict[str, Any] = {}
        self.node = self.ask("pbsnodes", "-a").split("\n", 1)[0].strip()

    def ask(self, name: str, *words: str) -> str:
        """Run one of PBS's own commands."""
        done = subprocess.run([self.commands / name, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, words, done)
        return done.stdout

    def manage(self, *orders: str) -> None:
        """Change settings of the server."""
        for order in orders:
            self.ask("qmgr", "-c", order)

    def apply(self, changed: dict[str, Any]) -> None:
        """Each setting has its own order."""
        cannot = sorted(set(changed) - set(CAN))
        if cannot:
            pytest.skip(f"a real PBS is not told: {', '.join(cannot)}")
        if changed.get("root") is False:
            pytest.skip("tests on a real PBS are root's")
        down = changed.pop("down", None)
        if down is False:
            self.start()
        self.later |= changed
        if down or not self.settings["down"]:
            self.order(self.later)
            self.later = {}
        if down:
            self.stop()
        self.write_settings()

    def order(self, changed: dict[str, Any]) -> None:
        """Give the orders for what changed, to a server that is up."""
        if "nodes" in changed:
            self.manage(f"set node {self.node} resources_available.ncpus={sum(changed['nodes'].values())}")
        if "history" in changed:
            self.manage(f"set server job_history_enable={changed['history']}")
        if "max_walltime" in changed:
            self.limit("resources_max.walltime", changed["max_walltime"])
        if "max_queued" in changed:
            self.limit("max_queued", changed["max_queued"], f"[u:PBS_GENERIC={changed['max_queued']}]")
        if "max_array" in changed:
            self.manage(f"set server max_array_size={changed['max_array']}")
        if "failed" in changed:
            self.revive() if not changed["failed"] else self.fail()

    def limit(self, name: str, value: int, text: str = "") -> None:
        """Set or unset a limit of the queue."""
        self.manage(f"set queue workq {name} = {text or value}" if value else f"unset queue workq {name}")

    def stop(self) -> None:
        """The server goes; jobs stay."""
        self.ask("qterm", "-t", "quick")

    def start(self) -> None:
        """The server comes back, and its scheduler, which does not always find a server again that comes and goes."""
        subprocess.run(["pkill", "-x", "pbs_sched"], check=False)
        for name in ("pbs_server", "pbs_sched"):
            subprocess.run([self.programs / name], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        wait_until(self.answers, "the server")

    def answers(self) -> bool:
        """Whether the server and its node are there."""
        done = subprocess.run([self.commands / "pbsnodes", "-a"], capture_output=True, text=True, check=False)
        return done.returncode == 0 and not any(word in done.stdout for word in ("state = down", "state-unknown"))

    def fail(self) -> None:
        """The node and all that runs there are gone, as in a power cut."""
        sessions = [row["session_id"] for row in self.rows().values() if "session_id" in row]
        os.kill(int((self.state / "mom_priv" / "mom.lock").read_text()), signal.SIGKILL)
        for session in sessions:
            subprocess.run(["pkill", "-KILL", "-s", str(session)], check=False)
        time.sleep(NODE_FAIL + 3)
        if self.settings["nodes"]:
            self.revive()  # it boots again; there is no other node that could take what is started again

    def revive(self) -> None:
        """The node is there, without what ran."""
        if not self.answers():
            subprocess.run([self.programs / "pbs_mom"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
            wait_until(self.answers, "the node")

    def clear(self) -> None:
        """Leave it as it is to be for the next test."""
        with contextlib.suppress(AssertionError):
            self.start() if not self.answers() and self.settings["down"] else self.revive()
        self.manage("set server job_history_enable=True")  # else what is over can't be asked about, nor deleted
        for words in (["-W", "force"], ["-x"]):
            jobs = self.ask("qselect", "-x").split()
            if jobs:
                subprocess.run([self.commands / "qdel", *words, *jobs], capture_output=True, check=False)
        self.manage(
            "set server job_history_enable=False",
            "set server max_array_size=10000",
            f"set server node_fail_requeue={NODE_FAIL}",
            "set server scheduler_iteration=2",
            "set server acl_roots=root@*",
            f"set node {self.node} resources_available.ncpus=4",
            "unset queue workq resources_max.walltime",
            "unset queue workq max_queued",
        )
        wait_until(lambda: not self.ask("qselect").split(), "the end of all jobs")


@contextmanager
def real_pbs(folder: Path) -> Iterator[RealPbs]:
    """Have it for a while; jobs that a test leaves are deleted."""
    real = RealPbs(folder)
    real.bin.mkdir(parents=True)
    real.write_settings()
    for name in COMMANDS:
        path = real.bin / name
        words = f"{HERE}/noting.py {folder} {real.commands / name}"
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {words} "$@"\n')
        path.chmod(0o755)
    real.clear()
    try:
        yield real
    finally:
        real.clear()
