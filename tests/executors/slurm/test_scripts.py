"""Scripts and commands for Slurm: what is asked for, letter by letter, and that nothing in a name becomes a command."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.executors.slurm.batches import TAG, batch

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Batch, Dialect
from perqueue.executors.slurm.dialect import SlurmDialect
from perqueue.executors.slurm.options import directives, job_name, minutes, options, warning

DIALECT: Final[Dialect] = SlurmDialect()
SCRIPTS: Final = Path(__file__).parent / "scripts"

EVERYTHING: Final = Partition(
    "gpu",
    "slurm",
    queue="sm3090",
    memory=8192,
    gpus=1,
    gpu_type="RTX3090",
    flags=("--constraint=avx512", "-L", "matlab:1"),
    modules=("GCC/12.3.0", "Quantum ESPRESSO/7"),
    prologue=("export OMP_NUM_THREADS=1", "ulimit -s unlimited"),
    python="/sw/python 3/bin/python",
    account="chem",
    qos="long",
    requeue=True,
    exclusive=True,
)

CASES: Final = {
    "plain": batch(),
    "default": batch("1:90s"),
    "array": batch("1:xeon24:1h", size=500, name="fan out, *.py"),
    "everything": batch(
        Resources(4, 5400, "gpu", gpus=2, avoid=("a001", "a002"), flags=("--nice=100",)), EVERYTHING, size=2
    ),
    "mpi": batch("48:xeon24:2d", Partition("xeon24", "slurm", cores=24, mpi="srun -n {processes}")),
    "odd": batch(
        work='/home/ann/it\'s "odd" $HOME `id` 100%',
        folder="/home/ann/it's odd/x",
        output="/home/ann/it's odd/100%j\\x",
        name="naïve relax\n#SBATCH --uid=0",
    ),
    "line-break": batch(work="/home/ann/two\nlines", folder="/home/ann/two\nlines/x"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_scripts(name: str) -> None:
    """The whole script, as it is kept; PERQUEUE_WRITE_SCRIPTS=1 writes them anew, to be looked at."""
    path, script = SCRIPTS / f"{name}.sh", DIALECT.script(CASES[name])
    if os.environ.get("PERQUEUE_WRITE_SCRIPTS"):
        path.write_text(script, encoding="utf-8")
    assert script == path.read_text(encoding="utf-8")


def _option(given: Batch, name: str) -> list[str]:
    return [word.partition("=")[2] for word in options(given) if word.partition("=")[0] == f"--{name}"]


def test_a_submission_is_one_command() -> None:
    """The script goes in by standard input; its options stand in the command too, where no variable changes them."""
    array = CASES["array"]
    command = DIALECT.submit(array)
    assert command.words == ("sbatch", "--parsable", *options(array))
    assert command.stdin == DIALECT.script(array)


def test_the_tag_is_in_the_name_and_in_the_comment() -> None:
    """Either is enough to find a job; people see the task's name first."""
    assert _option(batch(), "job-name") == [f"relax.py:{TAG}"]
    assert _option(batch(), "comment") == [TAG]


def test_what_perqueue_needs_is_not_overridden() -> None:
    """Flags come after what describes the resources, and before what jobs are found by: the last one counts."""
    words = options(batch(partition=Partition("xeon24", "slurm", flags=("--time=9", "--job-name=x", "--array=0-9"))))
    assert words.index("--time=10") < words.index("--time=9")
    assert words.index("--job-name=x") < words.index(f"--job-name=relax.py:{TAG}")


@pytest.mark.parametrize(("seconds", "expected"), [(1, 1), (60, 1), (61, 2), (600, 10), (180_000, 3000)])
def test_whole_minutes(seconds: int, expected: int) -> None:
    """Slurm counts in minutes: an attempt gets at least what it asked for."""
    assert minutes(seconds) == expected
    assert _option(batch(Resources(1, seconds)), "time") == [str(expected)]


@pytest.mark.parametrize(
    ("seconds", "before"),
    [
        (60, 6),  # a tenth
        (600, 60),
        (90, 30 + 9),  # Slurm ends it 30 s later than it is over
        (3600, 120),  # two minutes at most
        (3601, 59 + 120),
    ],
)
def test_the_warning(seconds: int, before: int) -> None:
    """The warning comes a tenth of the walltime before its end, two minutes at most, wherever Slurm's minute ends."""
    assert warning(seconds) == before
    assert _option(batch(Resources(1, seconds)), "signal") == [f"B:USR1@{before}"]


@pytest.mark.parametrize(
    ("resources", "partition", "shape"),
    [
        ("8:x:1h", {}, ("1", "8", "1")),  # a script that calls mpirun has as many slots as cores
        ("8:x:4:1h", {}, ("1", "8", "1")),  # processes are nothing to Slurm where nobody starts them
        ("s:48:x:1h", {"mpi": "mpirun"}, ("1", "48", "1")),
        ("s:48:x:1h", {"mpi": "mpirun", "cores": 24}, ("2", "48", "1")),
        ("168:x:1:50h", {"cores": 56}, ("3", "168", "1")),  # it starts others itself, on all cores
        ("48:x:1h", {"mpi": "mpirun", "cores": 24}, ("2", "48", "1")),
        ("48:x:4:1h", {"mpi": "mpirun", "cores": 24}, ("2", "4", "12")),
        ("48:x:1h", {"mpi": "mpirun"}, (None, "48", "1")),
        ("7:x:2:1h", {"mpi": "mpirun", "cores": 24}, ("1", "2", "4")),
        ("1:x:1h", {"mpi": "mpirun", "cores": 24}, ("1", "1", "1")),
        (Resources(48, 60, "x", nodes=2), {}, ("2", "48", "1")),
        (Resources(48, 60, "x", processes=2, nodes=2), {}, ("2", "48", "1")),
        (Resources(48, 60, "x", processes=1, nodes=2), {}, ("2", "48", "1")),
        (Resources(1, 60, "x", nodes=2), {"mpi": "mpirun"}, ("2", "2", "1")),
        (Resources(8, 60, "x", nodes=1), {}, ("1", "8", "1")),
    ],
)
def test_cores_and_processes(
    resources: str | Resources, partition: dict[str, object], shape: tuple[str | None, str, str]
) -> None:
    """Each core is a slot for a process, on one node unless they are too many; started processes share cores."""
    given = batch(resources, Partition("x", "slurm", **partition))  # type: ignore[arg-type]
    found = [_option(given, name) for name in ("nodes", "ntasks", "cpus-per-task")]
    assert found == [[] if number is None else [number] for number in shape]


@pytest.mark.parametrize(
    ("resources", "partition", "gres"),
    [
        (Resources(1, 60, "x", gpus=2), Partition("x"), ["gpu:2"]),
        (Resources(1, 60, "x", gpus=2, gpu_type="a100"), Partition("x", gpu_type="v100"), ["gpu:a100:2"]),
        (Resources(1, 60, "x"), Partition("x", gpus=1, gpu_type="v100"), ["gpu:v100:1"]),
        (Resources(8, 60, "x", gpus=4, nodes=2), Partition("x"), ["gpu:2"]),
        (Resources(1, 60, "x"), Partition("x", gpu_type="v100"), []),
    ],
)
def test_gpus(resources: Resources, partition: Partition, gres: list[str]) -> None:
    """A task's GPUs go before its partition's, and Slurm wants their number on each node."""
    assert _option(batch(resources, partition), "gres") == gres


def test_memory() -> None:
    """A task's memory goes before its partition's; without either, Slurm gives what it usually does."""
    small = Partition("x", memory=1024)
    assert _option(batch(Resources(1, 60, "x", memory=4096), small), "mem") == ["4096M"]
    assert _option(batch(Resources(1, 60, "x"), small), "mem") == ["1024M"]
    assert _option(batch("1:x:1m"), "mem") == []


def test_only_a_policy_makes_slurm_run_jobs_again() -> None:
    """Slurm's own restarts are off unless the partition's configuration wants them."""
    assert "--no-requeue" in options(batch())
    assert "--requeue" in options(batch(partition=Partition("x", requeue=True)))


def test_partitions() -> None:
    """Slurm's own name for a partition may be another one; the default one needs none."""
    assert _option(batch("1:1m"), "partition") == []
    assert _option(batch("1:big:1m", Partition("big", queue="")), "partition") == []
    assert _option(batch("1:1m", Partition("default", queue="xeon24")), "partition") == ["xeon24"]
    assert _option(batch("1:big:1m", Partition("big", queue="xeon40")), "partition") == ["xeon40"]


def test_ids_of_elements() -> None:
    """An element's id is the array's and its index; a named cluster stays behind it; and back."""
    for job, size, element in (("17", 4, "17_3"), ("17;far", 4, "17_3;far"), ("17", 1, "17"), ("17;far", 1, "17;far")):
        assert DIALECT.element(job, 3, size) == element
        assert DIALECT.whole(element) == job


def test_commands_for_a_named_cluster() -> None:
    """Jobs of a cluster that was named are asked for there."""
    assert DIALECT.look("pq-", "far").words[:3] == ("squeue", "--clusters=far", "--me")
    assert DIALECT.look("pq-").words[:2] == ("squeue", "--me")
    for cluster, words in (("far", ("sacct", "--clusters=far", "-X")), ("", ("sacct", "-X", "-P"))):
        asked = DIALECT.history(["17_3;far", "18;far"] if cluster else ["17_3", "18"], 0.0, cluster)
        assert asked is not None
        assert (asked.words[:3], asked.words[-1]) == (words, "17_3,18")


@pytest.mark.parametrize(
    ("jobs", "commands"),
    [
        (["17_3", "18"], ["scancel 17_3 18"]),
        (["17_3;far"], ["scancel --clusters=far 17_3"]),
        (["17;a", "18"], ["scancel 18", "scancel --clusters=a 17"]),
        (["17;b", "17;a", "18;b"], ["scancel --clusters=a 17", "scancel --clusters=b 17 18"]),
    ],
)
def test_jobs_are_cancelled_on_their_own_cluster(jobs: list[str], commands: list[str]) -> None:
    """A number is another job on another cluster."""
    assert [" ".join(command.words) for command in DIALECT.cancel(jobs)] == commands
    assert {DIALECT.cluster(job) for job in jobs} == {job.partition(";")[2] for job in jobs}


@pytest.mark.parametrize(
    ("flags", "own", "clusters"),
    [
        ((), (), [""]),
        (("--constraint=far", "-C", "avx", "--cluster-constraint=x"), (), [""]),
        (("--clusters=far",), (), ["far"]),
        (("--clusters", "far"), (), ["far"]),
        (("--cluster=far",), (), ["far"]),
        (("-Mfar",), (), ["far"]),
        (("-M", "far,near"), (), ["far", "near"]),
        (("--clusters=far",), ("--clusters=near",), ["near"]),
        (("--clusters=far", "--exclusive", "-M"), (), [""]),
    ],
)
def test_the_clusters_that_flags_name(flags: tuple[str, ...], own: tuple[str, ...], clusters: list[str]) -> None:
    """A batch whose id is not known may be in one of these; of several flags the last counts, the task's own ones."""
    partition = Partition("x", flags=flags)
    assert list(DIALECT.clusters(partition, Resources(flags=own))) == clusters
    if not own:
        assert list(DIALECT.clusters(partition, None)) == clusters


@given(seconds=st.floats(0, 4e9))
def test_history_always_has_a_start(seconds: float) -> None:
    """Without one, the accounting would tell of today only."""
    asked = DIALECT.history(["1"], seconds)
    assert asked is not None
    start = asked.words[asked.words.index("--starttime") + 1]
    assert len(start) == len("2026-11-22T17:00:00")


_PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
_LINES = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1)


@given(name=st.text(), work=_PATHS, folder=_PATHS, output=_PATHS, python=_PATHS, account=_LINES)
def test_nothing_in_a_name_becomes_a_command(
    name: str, work: str, folder: str, output: str, python: str, account: str
) -> None:
    """A script has only directives, each of which means what was to be said, and the lines of its own after them."""
    given_batch = batch(
        partition=Partition("x", "slurm", account=account),
        name=name,
        work=f"/{work}",
        folder=f"/{folder}",
        output=f"/{output}",
        python=f"/{python}",
    )
    script = DIALECT.script(given_batch)
    head, separator, rest = script.partition("\ntrap '' USR1\n")
    assert separator
    shell, *lines = head.split("\n")
    assert shell == "#!/bin/bash"
    assert [_understood(line) for line in lines] == [word for word in options(given_batch) if not _breaks(word)]
    assert shlex.split(rest) == ["exec", f"/{python}", "-P", "-m", "perqueue.runner.batch", f"/{folder}"]


@given(flags=st.lists(_LINES, max_size=5))
def test_flags_are_said_as_they_are(flags: list[str]) -> None:
    """Whatever words the flags are, each is one word of the script's directives, in their order."""
    lines = directives([f"--{flag}" for flag in flags])
    assert [_understood(line) for line in lines] == [f"--{flag}" for flag in flags if not _breaks(flag)]


@given(name=st.text())
def test_names_are_plain(name: str) -> None:
    """A job's name has only letters that nobody needs to quote, whatever the task is called, and ends with the tag."""
    found = job_name(batch(name=name))
    assert found.isascii()
    assert shlex.split(found) == [found]
    assert found.rpartition(":")[2] == TAG


def _breaks(word: str) -> bool:
    return "\n" in word or "\r" in word


def _understood(line: str) -> str:
    """The one word of a directive, as Slurm takes it apart; what a real Slurm makes of them is tested elsewhere."""
    found, quote, escaped = "", "", False
    assert line.startswith("#SBATCH ")
    for sign in line.removeprefix("#SBATCH "):
        if escaped:
            found, escaped = found + sign, False
        elif sign == "\\":
            escaped = True
        elif quote:
            quote, found = ("", found) if sign == quote else (quote, found + sign)
        elif sign in "\"'":
            quote = sign
        else:
            assert not sign.isspace()
            assert sign != "#"
            found += sign
    assert not quote
    assert not escaped
    return found
