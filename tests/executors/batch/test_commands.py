"""Real commands of a scheduler: one after another, never waited for, with an environment of their own."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from pathlib import Path

import pytest
from tests.queues import PATIENCE

from perqueue.executors.batch import commands as module
from perqueue.executors.batch.commands import Commands, Errand
from perqueue.executors.batch.dialect import Answer, Command, Down, Refused
from perqueue.executors.batch.surroundings import job_env, scheduler_env
from perqueue.executors.pbs.dialect import PbsDialect
from perqueue.executors.slurm.dialect import SlurmDialect


class Line:
    """A line of commands, and what they answered."""

    def __init__(self, bin_: Path | None = None) -> None:
        self.commands = Commands(None if bin_ is None else str(bin_))
        self.answers: list[Answer] = []

    def send(self, *words: str, given: str = "", enough: str = "") -> None:
        around = scheduler_env({"PATH": "/usr/bin:/bin"})
        self.commands.send(Errand(Command(words, given, enough), self.answers.append, around))

    def shell(self, program: str, given: str = "", enough: str = "") -> None:
        self.send("sh", "-c", program, given=given, enough=enough)

    def finish(self) -> list[Answer]:
        deadline = time.monotonic() + PATIENCE
        while self.commands.busy:
            assert time.monotonic() < deadline
            self.commands.go_on()
            time.sleep(min(0.02, self.commands.patience()))
        return self.answers


def tool(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_what_a_command_answers() -> None:
    """Its status, what it printed and what it complained of; it reads what it is given."""
    line = Line()
    line.shell("cat; echo no >&2; exit 3", given="yes ü\n")
    assert line.finish() == [Answer(3, "yes ü\n", "no\n")]


def test_one_at_a_time(tmp_path: Path) -> None:
    """The next one is started when the one before has ended; what is started meanwhile waits its turn."""
    line = Line()
    for number in range(4):
        line.shell(f"echo begin {number} >>{tmp_path}/log; sleep 0.05; echo end {number} >>{tmp_path}/log")
    line.commands.go_on()
    assert line.answers == [], "nothing is waited for"
    line.finish()
    said = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert said == [f"{what} {number}" for number in range(4) for what in ("begin", "end")]


def test_an_answer_that_asks_for_more() -> None:
    """Whoever hears an answer may send the next command."""
    line = Line()

    def heard(answer: Answer) -> None:
        line.shell(f"echo {answer.out.strip()} again")

    line.commands.send(Errand(Command(("echo", "once")), heard, {"PATH": "/bin"}))
    assert [answer.out for answer in line.finish()] == ["once again\n"]


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """It answers as a shell would; the next ones are run."""
    line = Line(tmp_path)
    tool(tmp_path, "there", "echo yes")
    line.send("missing")
    line.send("there")
    missing, there = line.finish()
    assert (missing.status, there.out) == (127, "yes\n")
    assert "missing can't be run" in missing.err


@pytest.mark.parametrize("memory", [True, False])
def test_a_folder_for_temporary_files_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    """It may have belonged to the session that this process was started from; commands are run all the same."""
    if not memory:  # a system without files in memory alone
        monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "session"))
    line = Line()
    line.shell("cat; echo no >&2; exit 3", given="yes\n")
    assert line.finish() == [Answer(3, "yes\n", "no\n")]


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOMEM, errno.ENOENT])
def test_a_command_that_is_not_started_for_want_of_something(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """That is told of this process, and not of the command as if it weren't there; the next ones are run."""

    def lacking() -> None:
        monkeypatch.undo()
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(module, "_scratch", lacking)
    line = Line()
    line.send("sacct")
    line.shell("echo yes")
    first, second = line.finish()
    assert first == Answer(126, "", f"perqueue could not start sacct: {os.strerror(error)}")
    assert second.out == "yes\n"
    slurm, pbs = SlurmDialect(), PbsDialect()
    assert isinstance(slurm.told(first, "pq-"), Down)
    for dialect in (slurm, pbs):
        assert isinstance(dialect.looked(first, "pq-"), Down)
        assert isinstance(dialect.submitted(first), Refused)


def test_commands_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a folder is configured, commands are looked for nowhere else."""
    for name in ("configured", "path"):
        (tmp_path / name).mkdir()
        tool(tmp_path / name, "squeue", f"echo {name}")
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/bin")
    for bin_, says in ((tmp_path / "configured", "configured\n"), (None, "path\n")):
        line = Line(bin_)
        line.send("squeue")
        assert line.finish()[0].out == says


def test_a_command_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, with what it has started, and has no status: nobody knows what it has done."""
    monkeypatch.setattr(module, "LONGEST", 0.2)
    line = Line()
    line.shell("echo begun; sleep 600 & wait")
    line.shell("echo next")
    slow, after = line.finish()
    assert (slow.status, slow.out, after.out) == (None, "begun\n", "next\n")


def test_a_command_that_has_said_enough() -> None:
    """One that complains of what it goes on trying for long isn't waited for."""
    line = Line()
    line.shell("echo retrying >&2; sleep 600", enough="retrying")
    assert line.finish() == [Answer(None, "", "retrying\n")]


def test_commands_have_plain_surroundings() -> None:
    """They know where their scheduler is, and nothing of the job that we may be in."""
    around = {"SLURM_CONF": "/s", "SLURM_JOB_ID": "17", "SLURM_MEM_PER_NODE": "5", "PATH": "/bin", "LC_ALL": "da_DK"}
    assert scheduler_env(around) == {"SLURM_CONF": "/s", "PATH": "/bin", "LC_ALL": "C"}
    assert job_env({"PATH": "/mine", "A": "1"}, around) == {"PATH": "/mine", "A": "1", "SLURM_CONF": "/s"}


def test_letting_go(tmp_path: Path) -> None:
    """What waits is forgotten."""
    line = Line()
    line.shell(f"touch {tmp_path}/done")
    line.commands.close()
    assert not line.commands.busy
    assert line.commands.patience() > 60
    assert not (tmp_path / "done").exists()
