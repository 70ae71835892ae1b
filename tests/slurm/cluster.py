"""A real Slurm for tests, started in a folder of its own and ended without a trace."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

HERE: Final = Path(__file__).parent
PACKAGES: Final = (
    "munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins slurmdbd slurm-wlm-mysql-plugin mariadb-server"
)
_PROGRAMS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "sacct")
_PORTS: Final = 14
_PATIENCE: Final = 120.0


def missing() -> str:
    """What a Slurm would need that is not installed, in one line; empty if all is there."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if not found:
        return ""
    return f"no Slurm to test with, {found[0]} is missing: apt-get install --no-install-recommends {PACKAGES}"


def may_group() -> bool:
    """Whether control groups can be made here."""
    roots = ("/sys/fs/cgroup/memory/cgroup.procs", "/sys/fs/cgroup/cgroup.procs")
    return os.geteuid() == 0 and any(os.access(root, os.W_OK) for root in roots)


@frozen
class Variant:
    """How a Slurm is set up.

    Args:
        accounting: With ``sacct``.
        groups: Control groups hold jobs to their memory, and end with them whatever they started; needs root.
        extra: More lines of ``slurm.conf``.
    """

    accounting: bool = False
    groups: bool = False
    extra: str = ""


class Cluster:
    """A Slurm: nodes a001 and a002 (24 cores, partition xeon24), b001 (40, xeon40), g001 (168, sm3090 and xeon56)."""

    def __init__(self, variant: Variant, folder: Path, port: int) -> None:
        self.variant, self.folder, self._port = variant, folder, port

    @property
    def environment(self) -> Mapping[str, str]:
        """What programs need in their environment to talk to it."""
        return {"SLURM_CONF": f"{self.folder}/slurm.conf"}

    def start(self) -> None:
        """Start what doesn't run of it.

        Raises:
            RuntimeError: It did not come up.
        """
        self._script("start.sh", check=True)

    def stop(self) -> None:
        """End it, and remove its folder."""
        self._script("stop.sh", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> None:
        """Cancel all jobs, and wait until none is left running."""
        self.ask("scancel", "-u", str(os.getuid()))
        deadline = time.monotonic() + _PATIENCE
        while self.ask("squeue", "-h", "-o", "%i"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"jobs of Slurm do not end: {self.ask('squeue')}")
            time.sleep(0.05)

    def ask(self, *words: str, given: str = "") -> str:
        """What one of its commands prints.

        Raises:
            RuntimeError: It failed.
        """
        done = subprocess.run(
            words, env={**os.environ, **self.environment}, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{words!r} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def pid(self, daemon: str) -> int:
        """The process of ``slurmctld``, ``slurmd.a001`` and so on."""
        return int((self.folder / "run" / f"{daemon}.pid").read_text(encoding="ascii"))

    def signal(self, daemon: str, number: int) -> None:
        """Send a signal to one of its daemons."""
        os.kill(self.pid(daemon), number)

    def _script(self, name: str, *, check: bool) -> None:
        settings = {
            "SLURM_TEST_DIR": str(self.folder),
            "SLURM_TEST_PORT": str(self._port),
            "SLURM_TEST_DBD": str(int(self.variant.accounting)),
            "SLURM_TEST_CGROUP": str(int(self.variant.groups)),
            "SLURM_TEST_EXTRA": self.variant.extra,
        }
        # Nothing of what surrounds the tests, be it a job of another Slurm, and no pipe that a daemon could keep open.
        around = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH"))}
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                ["bash", HERE / name],
                env={**around, **settings},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=_PATIENCE,
                check=False,
            )
            said.seek(0)
            if check and done.returncode != 0:
                raise RuntimeError(f"Slurm did not start in {str(self.folder)!r}: {said.read().strip()}")


@contextmanager
def running(variant: Variant = Variant()) -> Iterator[Cluster]:
    """A Slurm, ended at the end."""
    # Short, as sockets in it have names of at most a hundred letters.
    cluster = Cluster(variant, Path(tempfile.mkdtemp(prefix="pqs", dir="/tmp")), _free_ports())
    try:
        cluster.folder.chmod(0o755)
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _free_ports() -> int:
    """The first of some ports in a row that nobody uses, below those that the system gives out by itself."""
    for _ in range(1000):
        first = random.randrange(15000, 32000, 20)
        if all(map(_is_free, range(first, first + _PORTS))):
            return first
    raise RuntimeError(f"found no {_PORTS} free ports in a row between 15000 and 32000")


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
