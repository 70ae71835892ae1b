"""The scripts that are submitted."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Batch
from perqueue.executors.pbs.dialect import PbsDialect
from perqueue.executors.pbs.directives import job_name, select

SCRIPTS = Path(__file__).parent / "scripts"
SIMPLE = Batch(
    tag="pq-3f2a9c1d0b4e-1.1-a1b2c3",
    name="relax",
    folder="/home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3",
    size=1,
    resources=Resources(2, 600, "workq"),
    partition=Partition("workq", "pbs"),
    python="/home/ann/venv/bin/python",
    work="/home/ann/run",
    output="/home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3/output",
)
BATCHES = {
    "simple": SIMPLE,
    "array": evolve(SIMPLE, name="scan.py", size=500, partition=Partition("default", "pbs")),
    "everything": evolve(
        SIMPLE,
        name="3 steps: relax & (dos)",
        work="/home/ann/it's here",
        resources=Resources(
            50,
            180_000,
            "gpu",
            5,
            gpus=4,
            memory=65536,
            nodes=3,
            exclusive=True,
            gpu_type="a100",
            flags=("-W umask=027",),
        ),
        partition=Partition(
            "gpu",
            "pbs",
            queue="gpuq@pbs1",
            flags=("-l software=vasp",),
            modules=("intel/2024", "mpi"),
            prologue=("ulimit -s unlimited",),
            account="proj 7",
            qos="high",
            requeue=True,
        ),
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_scripts_are_as_they_were(name: str) -> None:
    """A change of a script is seen here first."""
    assert PbsDialect().script(BATCHES[name]) == (SCRIPTS / f"{name}.sh").read_text()


def test_what_is_submitted_is_the_script() -> None:
    """qsub reads it from standard input."""
    command = PbsDialect().submit(SIMPLE)
    assert command.stdin == PbsDialect().script(SIMPLE)


@pytest.mark.parametrize(
    ("resources", "partition", "chunks"),
    [
        (Resources(24), Partition("a"), "1:ncpus=24:mpiprocs=24:ompthreads=1"),
        (Resources(24, serial=True), Partition("a"), "1:ncpus=24:mpiprocs=1:ompthreads=24"),
        (Resources(24, processes=6), Partition("a"), "1:ncpus=24:mpiprocs=6:ompthreads=4"),
        (Resources(48), Partition("a", cores=24), "2:ncpus=24:mpiprocs=24:ompthreads=1"),
        (Resources(5, nodes=2), Partition("a"), "1:ncpus=3:mpiprocs=3:ompthreads=1+1:ncpus=2:mpiprocs=2:ompthreads=1"),
        (Resources(1, nodes=3), Partition("a"), "3:ncpus=1:mpiprocs=1:ompthreads=1"),
        (Resources(8, gpus=2), Partition("a", memory=1024), "1:ncpus=8:mpiprocs=8:ompthreads=1:mem=1024mb:ngpus=2"),
        (
            Resources(8, memory=10),
            Partition("a", gpus=1, memory=9),
            "1:ncpus=8:mpiprocs=8:ompthreads=1:mem=10mb:ngpus=1",
        ),
        (
            Resources(2, gpus=1, nodes=2, gpu_type="v100"),
            Partition("a"),
            "1:ncpus=1:mpiprocs=1:ompthreads=1:ngpus=1:gpu_type=v100+1:ncpus=1:mpiprocs=1:ompthreads=1",
        ),
    ],
)
def test_cores_are_spread_over_nodes(resources: Resources, partition: Partition, chunks: str) -> None:
    """One chunk for each node, as even as can be."""
    assert select(evolve(SIMPLE, resources=resources, partition=partition)) == chunks


@given(
    st.integers(1, 10**9 - 1), st.integers(1, 10**9 - 1), st.none() | st.integers(1, 10**9 - 1), st.integers(0, 10**6)
)
def test_chunks_add_up(cores: int, nodes: int, processes: int | None, gpus: int) -> None:
    """Nothing that was asked for is lost, and there are as many chunks as nodes."""
    text = select(evolve(SIMPLE, resources=Resources(cores, nodes=nodes, processes=processes, gpus=gpus)))
    totals = dict.fromkeys(("nodes", "ncpus", "mpiprocs", "ngpus"), 0)
    for chunk in text.split("+"):
        count, *pairs = chunk.split(":")
        totals["nodes"] += int(count)
        for pair in pairs:
            name, _, value = pair.partition("=")
            if name in totals:
                totals[name] += int(count) * int(value)
    wanted = {"nodes": nodes, "ncpus": max(cores, nodes), "mpiprocs": max(processes or cores, nodes), "ngpus": gpus}
    assert totals == wanted


STRANGE = st.text(max_size=30).filter(lambda text: "\0" not in text)


@given(STRANGE)
@example("")
@example("1")
@example("a" * 300)
def test_names_are_such_as_pbs_takes(name: str) -> None:
    """They begin with a letter, have no strange characters, are not too long, and end with the tag."""
    found = job_name(evolve(SIMPLE, name=name))
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_+.-]{0,229}", found)
    assert found.endswith(f"_{SIMPLE.tag}")


@given(STRANGE, STRANGE, STRANGE, STRANGE)
@example("a\n#PBS -q other", "b\n#PBS -q other", "c\n#PBS -q other", "d'\n#PBS -q other")
def test_nothing_given_becomes_a_directive(name: str, queue: str, account: str, folder: str) -> None:
    """Line breaks in what users name can't bring directives of their own."""
    partition = Partition("a", "pbs", queue=queue, account=account, flags=(folder,))
    plain = Partition("a", "pbs", queue=queue and "q", account=account and "b", flags=("c",))
    usual = PbsDialect().script(evolve(SIMPLE, partition=plain))
    found = PbsDialect().script(
        evolve(SIMPLE, name=name, partition=partition, work=f"/{folder}", folder=f"/{folder}", output=f"/{folder}")
    )
    assert len(directives(found)) == len(directives(usual))


def directives(script: str) -> list[str]:
    """As PBS reads them: up to the first line that is run."""
    found = []
    for line in re.split("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", script):
        if line.startswith("#PBS"):
            found.append(line)
        elif line.strip() and not line.startswith("#"):
            break
    return found


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=20))
def test_words_of_directives_stay_words(account: str) -> None:
    """White space and quotes are kept by backslashes."""
    script = PbsDialect().script(evolve(SIMPLE, partition=Partition("a", "pbs", account=account)))
    line = next(line for line in script.split("\n") if line.startswith("#PBS -A"))
    words = shlex.split(line.removeprefix("#PBS"))
    assert words == ["-A", re.sub("[\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", account)]


@settings(max_examples=15, deadline=None)
@given(STRANGE.filter(lambda text: text.isprintable() and "/" not in text and text not in (".", "..")))
@example('it\'s "here" $HOME `id` \\ \u00e9 \u65e5')
def test_the_shell_goes_where_it_is_told(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Folders may have any name; output is appended, and the environment is that of the submission."""
    folder = tmp_path_factory.mktemp("batch") / f"f{name}"
    folder.mkdir()
    seen = folder / "seen"
    python = folder / "python"
    printing = f'printf "%s\\n" "$PWD" "$GIVEN" "$TMPDIR" >{shlex.quote(str(seen))}'
    python.write_text(f"#!/bin/sh\n{printing}\necho printed\n")
    python.chmod(0o755)
    (folder / "environ").write_bytes(b"GIVEN=two\nlines 'and' more\0TMPDIR=/elsewhere\0BASH_FUNC_x%%=() { :\n}\0")
    (folder / "output").write_text("before\n")
    batch = evolve(SIMPLE, folder=str(folder), work=str(folder), output=str(folder / "output"), python=str(python))
    done = subprocess.run(
        ["/bin/bash"],
        input=PbsDialect().script(batch),
        text=True,
        cwd="/",
        env={"TMPDIR": "/here", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0
    assert seen.read_text() == f"{folder}\ntwo\nlines 'and' more\n/here\n"
    assert (folder / "output").read_text() == "before\nprinted\n"


def test_a_job_without_the_environment_of_its_submission(tmp_path: Path) -> None:
    """It ends before the task begins, and says why."""
    (tmp_path / "python").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "python").chmod(0o755)
    folder = str(tmp_path)
    batch = evolve(SIMPLE, folder=folder, work=folder, output=f"{folder}/output", python=f"{folder}/python")
    done = subprocess.run(["/bin/bash"], input=PbsDialect().script(batch), text=True, check=False)
    assert done.returncode == 69
    assert (tmp_path / "output").read_text() == f"the environment of the submission is not there: {folder}/environ\n"
    assert not (tmp_path / "ran").exists()


def test_this_python_can_be_named() -> None:
    """The interpreter is given in full."""
    assert shlex.quote(sys.executable) in PbsDialect().script(evolve(SIMPLE, python=sys.executable))
