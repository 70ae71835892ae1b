"""``pq dry-run``, and scripts that are run with PERQUEUE_EXECUTOR=dry-run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import frozen
from tests.queues import script

from perqueue.engine.folder import create_folder


@frozen
class Told:
    """What a program printed, and its exit status."""

    status: int
    out: str
    err: str


def told(*argv: str, **environ: str) -> Told:
    """Run Python to its end."""
    whole: Mapping[str, str] = {**os.environ, **environ}
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True, timeout=60, check=False, env=whole)
    return Told(done.returncode, done.stdout, done.stderr)


def dry_run(*arguments: str, **environ: str) -> Told:
    return told("-m", "perqueue", "dry-run", *arguments, **environ)


SUBMIT = """\
from perqueue import *
times = {"a": "1h", "b": "2h", "c": "30m"}
a, b, c = (Task(f"{name}.py", None, f"4:xeon24:{time}", name=name) for name, time in times.items())
with PersistentQueue() as pq:
    pq.submit(a >> StaticWidthGroup(b, 3) >> DynamicWidthGroup(c))
"""


@pytest.fixture
def folder(queue_folder: Path) -> Path:
    """A submission of three tasks, the scripts of which leave a file behind if they are ever run."""
    for name in "abc":
        script(queue_folder, f"{name}.py", f"open('ran', 'w')\ndef main(**_):\n    open('{name}', 'w')\n")
    (queue_folder / "submit.py").write_text(SUBMIT, encoding="utf-8")
    return queue_folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_report(folder: Path) -> None:
    """It tells makespan, critical path, entries, jobs and core-hours, and leaves nothing in the folder."""
    before = contents(folder)
    found = dry_run("submit.py")
    assert found.status == 0, found.err
    assert contents(folder) == before
    lines = found.out.splitlines()
    assert lines[:7] == [
        "makespan       3:30:00",
        "critical path  3:30:00 (3 entries)",
        "entries        5 (succeeded 5)",
        "attempts       5, at most 3 at once",
        "jobs           5 in 3 submissions, 1 array among them, at most 3 in queues at once",
        "core-hours     30.00",
        "GPU-hours      0.00",
    ]
    assert any(line.startswith("  DynamicWidthGroup(c) has 1 copy: say otherwise") for line in lines)
    assert any("no configuration says what the partition 'xeon24' is" in line for line in lines)


@pytest.mark.slow
def test_the_same_from_the_script_itself(folder: Path) -> None:
    """With PERQUEUE_EXECUTOR=dry-run the script prints the same report at its end, and stores nothing."""
    before = contents(folder)
    found = told("submit.py", PERQUEUE_EXECUTOR="dry-run")
    assert found.status == 0, found.err
    assert contents(folder) == before
    assert found.out == dry_run("submit.py").out
    assert found.out != told("submit.py", PERQUEUE_EXECUTOR="dry-run", PERQUEUE_SCENARIO=_scenario(folder)).out


def _scenario(folder: Path, text: str = "[widths]\nb = 4\n[partitions.xeon24]\nnodes = 1\ncores = 4\n") -> str:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_scenario(folder: Path) -> None:
    """Widths and nodes are those of the scenario: with one node, everything runs one after the other."""
    found = dry_run("submit.py", "--scenario", _scenario(folder), "--json")
    assert found.status == 0, found.err
    told = json.loads(found.out)
    assert told["entries"] == {
        "total": 8,
        "by_task": {"a": {"succeeded": 1}, "b": {"succeeded": 3}, "c": {"succeeded": 4}},
    }
    assert (told["makespan"], told["critical_path"]["seconds"]) == (3600 * 9.0, 3600 * 3.5)
    assert told["core_hours"] == 36.0
    assert told["jobs"] == {"total": 8, "submissions": 3, "arrays": 2, "at_once": 4}
    assert [run["started"] for run in told["timeline"]] == [0, 3600, 10800, 18000, 25200, 27000, 28800, 30600]


@pytest.mark.slow
def test_a_scenario_by_a_rule_that_nothing_goes_by(folder: Path) -> None:
    """A name that fits nothing is told, as it is likely a mistake."""
    assert (
        "nothing goes by widths.d (tasks are: a, b, c)"
        in dry_run("submit.py", "--scenario", _scenario(folder, "[widths]\nd = 4\n")).out
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--max-core-hours", "30", "--max-jobs", "5", "--expect-entries", "5"], 0, ""),
        (["--max-core-hours", "29.9"], 1, "it takes 30.00 core-hours, and 29.9 are allowed"),
        (["--max-jobs", "4"], 1, "it takes 5 jobs, and 4 are allowed"),
        (["--expect-entries", "6"], 1, "it comes to 5 entries, and 6 are expected"),
        (["--plot", "a.gif"], 2, "give .png, .svg or .pdf"),
        (["--scenario", "gone.toml"], 2, "the scenario 'gone.toml' can't be read"),
        (["--max-jobs", "many"], 2, "--max-jobs"),
    ],
)
def test_limits_and_mistakes(folder: Path, arguments: list[str], status: int, said: str) -> None:
    """A limit that is broken gives status 1, a mistake in what is asked status 2, and each a line."""
    found = dry_run("submit.py", *arguments)
    assert (found.status, said in found.err) == (status, True)


@pytest.mark.parametrize("kind", [pytest.param("png", marks=pytest.mark.slow), "svg"])
def test_a_picture(folder: Path, kind: str) -> None:
    """The timeline is drawn as the kind of file that its name says."""
    assert dry_run("submit.py", "--plot", f"timeline.{kind}").status == 0
    head = (folder / f"timeline.{kind}").read_bytes()[:200]
    assert head.startswith(b"\x89PNG") if kind == "png" else b"<?xml" in head


@pytest.mark.slow
def test_scripts_where_nothing_is_configured(folder: Path) -> None:
    """Nobody knows what would be submitted then, which is said."""
    found = dry_run("submit.py", "--scripts", "scripts")
    assert found.status == 0
    assert "nothing configures the partition 'xeon24', so there are no scripts for it" in found.err
    assert "no scripts were written" in found.err
    assert not (folder / "scripts").exists()


@pytest.mark.parametrize(
    ("text", "status"), [pytest.param("", 0, marks=pytest.mark.slow), ("x = 1\n", 2)], ids=["nothing", "refused"]
)
def test_where_nothing_is_submitted(folder: Path, text: str, status: int) -> None:
    """Nothing is said of ways that nobody walked, and nothing is written, be it refused or not there."""
    if text:
        script(folder, "b.py", text)
    else:
        (folder / "submit.py").write_text("import perqueue\n", encoding="utf-8")
    found = dry_run("submit.py", "--explore")
    assert (found.status, found.out) == (status, "nothing was submitted\n")
    found = dry_run("submit.py", "--explore", "--json")
    assert (json.loads(found.out)["walked"], json.loads(found.out)["total"]) == (0, 0)
    found = dry_run("submit.py", "--scripts", "scripts")
    assert (found.status, found.out) == (status, "nothing was submitted\n")
    assert "nothing was submitted, so no scripts were written" in found.err
    assert not (folder / "scripts").exists()


def test_exploring(folder: Path) -> None:
    """It tells what was found and how far it looked; status 1 if something is wrong."""
    found = dry_run("submit.py", "--explore")
    assert found.status == 0, found.err
    assert found.out.splitlines()[0] == "nothing gets stuck, and everything runs on some way"
    assert "walked all 21 ways" in found.out
    (folder / "bad.py").write_text(SUBMIT.replace("(b, 3)", "(b, 0)"), encoding="utf-8")
    found = dry_run("bad.py", "--explore", "--json")
    assert found.status == 1
    assert [(one["problem"], one["what"]) for one in json.loads(found.out)["found"]] == [("never runs", "b")]


def test_exploring_has_no_single_timeline(folder: Path) -> None:
    """What is about one way only is refused, by name, before anything runs."""
    found = dry_run("submit.py", "--explore", "--scripts", "out", "--max-jobs", "3")
    assert found.status == 2
    assert "--scripts, --max-jobs are about a single one" in found.err


@pytest.mark.slow
def test_a_script_that_fails(folder: Path) -> None:
    """What it submitted before is simulated, and the status is 2."""
    (folder / "submit.py").write_text(f"{SUBMIT}raise SystemExit(3)\n", encoding="utf-8")
    found = dry_run("submit.py")
    assert found.status == 2
    assert "entries        5" in found.out
    assert "ended with status 3" in found.err
    assert dry_run("gone.py").status == 2


def test_what_submit_refuses_is_refused(folder: Path) -> None:
    """What would fail whenever it runs is told as by submit."""
    script(folder, "b.py", "x = 1\n")
    found = dry_run("submit.py")
    assert found.status == 2
    assert "no-function" in found.err
    assert "nothing was submitted" in found.out


LOOKING = """\
import time
from perqueue import *
pq = PersistentQueue()
with pq:
    keys = pq.submit(Task("a.py", None, "local:1h", name="a") >> Task("b.py", None, "local:1h", name="b")).keys
seen = [[str(entry.state) for entry in pq.get_entries(keys)]]
while any(str(entry.state) != "succeeded" for entry in pq.get_entries(keys)):
    time.sleep(0)
seen.append([entry.data for entry in pq.get_entries(keys)])
print(seen)
with pq:
    pq.submit(Task("c.py", None, "local:1h", name="c"))
    pq.resubmit(1)
    pq.remove(2)
"""


def test_a_script_that_waits(folder: Path) -> None:
    """It sees what it submitted, then all of it done, and what it submits afterwards begins after that."""
    (folder / "submit.py").write_text(LOOKING, encoding="utf-8")
    found = dry_run("submit.py", "--json")
    assert found.status == 0, found.err
    assert "[['goahead', 'waiting'], [{}, {}]]" in found.err
    assert json.loads(found.out)["makespan"] == 3 * 3600
    assert json.loads(found.out)["submissions"] == 2
    for what in ("resubmit", "remove"):
        assert found.err.count(f"{what}() was not done") == 1
    assert not (folder / ".perqueue").exists()


def test_whoever_reads_the_report_may_leave(folder: Path) -> None:
    """A pipe that is closed, as by ``head``, ends the script quietly, with the status that it has anyway."""
    for name in "abc":  # without a warning
        script(folder, f"{name}.py", "def main(**_):\n    return True, {'pq_dwg_width': 1}\n")
    (folder / "submit.py").write_text(f"{SUBMIT}    pq.resubmit(1)\n", encoding="utf-8")
    for closed in ("stdout", "stderr"):
        reading, writing = os.pipe()
        os.close(reading)
        environ = {**os.environ, "PERQUEUE_EXECUTOR": "dry-run"}
        pipes: dict[str, int] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, closed: writing}
        argv = [sys.executable, "submit.py"]
        done = subprocess.run(argv, timeout=60, check=False, env=environ, text=True, **pipes)  # type: ignore[call-overload]
        os.close(writing)
        assert done.returncode == 0
        if closed == "stdout":
            assert done.stderr == "perqueue: resubmit() was not done: nothing is changed in a dry run\n"
        else:
            assert done.stdout.startswith("makespan")


def test_a_template_that_can_t_be_filled_in(folder: Path) -> None:
    """A mistake in the configuration is told in one line, and no scripts are written."""
    text = '[partitions.xeon24]\nexecutor = "slurm"\nmpi = "srun -n {procs}"\n'
    (folder / "perqueue.toml").write_text(text, encoding="utf-8")
    found = dry_run("submit.py", "--scripts", "scripts")
    assert found.status == 2
    assert not (folder / "scripts").exists()
    lines = found.err.splitlines()
    # The script's own, and that of the command.
    assert [line.startswith("pq: ") for line in lines] == [False, True]
    assert all("partitions.xeon24.mpi: 'srun -n {procs}' is not a command that can be filled in" in li for li in lines)


def test_an_existing_queue_is_read_and_left_alone(folder: Path) -> None:
    """Until something is submitted, reads see the folder's queue; nothing in it is changed."""
    made = create_folder(str(folder))
    before = contents(Path(made.root))
    text = f"from perqueue import PersistentQueue\nassert PersistentQueue().get_entries() == []\n{SUBMIT}"
    (folder / "submit.py").write_text(text, encoding="utf-8")
    found = told("submit.py", PERQUEUE_EXECUTOR="dry-run")
    assert (found.status, "entries        5" in found.out) == (0, True), found.err
    assert contents(Path(made.root)) == before


def test_configured_partitions(folder: Path) -> None:
    """Caps on jobs, retries and local cores are those of the configuration."""
    text = '[local]\ncores = 2\n[partitions]\nxeon24 = "local"\n'
    (folder / "perqueue.toml").write_text(text, encoding="utf-8")
    found = json.loads(dry_run("submit.py", "--json").out)
    assert found["jobs"]["total"] == 0
    assert found["makespan"] == 3600 * 7.5
    assert {used["partition"] for used in found["usage"]} == {"local"}
    assert found["core_hours"] == 15.0
