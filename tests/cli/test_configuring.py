"""``pq config`` and the flags for settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.cli.program import Pq, finish, start

from perqueue.cli.acting import trying
from perqueue.config import Config
from perqueue.config.flags import SET
from perqueue.executors.protocol import ExecutorPlugin, Tried
from perqueue.plugins.manager import Plugins, load_plugins


@pytest.fixture(autouse=True)
def _nothing_else(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the user's own, no variables, and no flags handed on."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(queue_folder / "own"))
    for name in [name for name in os.environ if name.startswith("PERQUEUE_")]:
        monkeypatch.delenv(name)


def configure(folder: Path, text: str) -> None:
    (folder / "perqueue.toml").write_text(text, encoding="utf-8")


def plugged(monkeypatch: pytest.MonkeyPatch, *plugins: ExecutorPlugin, **more: Any) -> None:
    """Have these executors installed besides perqueue's own."""
    real = load_plugins()
    executors = {**real.executors, **{plugin.name: plugin for plugin in plugins}}

    def load() -> Plugins:
        return evolve(real, executors=executors, **more)

    monkeypatch.setattr(trying, "load_plugins", load)


def executor(name: str, *found: Tried) -> ExecutorPlugin:
    def check(_: Config) -> Iterable[Tried]:
        yield from found

    return ExecutorPlugin(name, "for tests", lambda _site, _config: pytest.fail("opened"), check=check)


def test_every_value_with_its_source(pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags, variables, files and defaults are told apart, as a table and as JSON."""
    monkeypatch.setenv("PERQUEUE_VALUES_SHAPES", "json")
    out = pq("--set", "local.idle=7", "config").out
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in out.splitlines() if line.count("  ") > 1}
    file = str(queue_folder / "perqueue.toml")
    assert rows["local.cores"] == ["2", file]
    assert rows["local.idle"] == ["7.0", "--set"]
    assert rows["values.shapes"] == ['"json"', "the environment variable PERQUEUE_VALUES_SHAPES"]
    assert rows["local.logs"] == ['"queue"', "default"]
    assert out.splitlines()[-1] == f"Files, the first counts first: {file}"
    told = json.loads(pq("config", "--json").out)
    assert told["files"] == [file]
    assert {"key": "local.cores", "value": 2, "from": file} in told["settings"]


def test_options_of_any_kind_are_shown(pq: Pq, queue_folder: Path) -> None:
    """Dates and numbers without end, which TOML has and JSON has not, are shown as text."""
    configure(queue_folder, "[executors.hq]\noptions = {day = 2024-01-31, most = inf}\n")
    told = {one["key"]: one["value"] for one in json.loads(pq("config", "--json").out)["settings"]}
    assert (told["executors.hq.options.day"], told["executors.hq.options.most"]) == ("2024-01-31", "inf")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--set", "local.cores=0", "ls"], "pq: --set: local.cores: 0 is not a whole number from 1\n"),
        (["--set", "local.cores", "ls"], "pq: --set: 'local.cores': it is not KEY=VALUE, such as local.cores=2\n"),
        (["--executor", "slurm", "ls"], "pq: --set: executor: 'slurm' is not allowed; choose from: local, dry-run\n"),
    ],
)
def test_a_flag_that_can_not_be_used(pq: Pq, arguments: list[str], told: str) -> None:
    """It is a mistake of the command line, whatever the command is."""
    result = pq(*arguments, status=2)
    assert (result.out, result.err) == ("", told)


def test_flags_are_for_one_command(pq: Pq) -> None:
    """They are gone when the command is done, and what was handed on before is there again."""
    assert '"local"' in pq("--executor", "local", "config").out
    assert SET not in os.environ
    os.environ[SET] = "local.idle=9"
    try:
        pq("--set", "local.cores=1", "config")
        assert os.environ[SET] == "local.idle=9"
    finally:
        del os.environ[SET]


@pytest.mark.slow
def test_flags_reach_the_script_and_its_tasks_run(queue_folder: Path, pq: Pq) -> None:
    """A script for a cluster runs here by a flag, with the cores that another flag gives this machine."""
    configure(queue_folder, '[local]\nidle = 0.2\n[partitions.xeon24]\nexecutor = "nothing-here"\ncores = 24\n')
    (queue_folder / "submit.py").write_text(
        "from perqueue import PersistentQueue, Task\n"
        "with PersistentQueue() as queue:\n    queue.submit(Task('add.py', {'x': 1}, '24:xeon24:1m'))\n",
        encoding="utf-8",
    )
    done = finish(start("--executor", "local", "--set", "local.cores=1", "run", "submit.py", cwd=queue_folder))
    assert (done.status, "succeeded: 1" in done.out) == (0, True), done
    refused = finish(start("--set", "local.cores=1", "run", "submit.py", cwd=queue_folder))
    assert refused.status == 1
    assert "nothing-here" in refused.err


def test_what_works_and_what_does_not(pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thing that was tried has a line, and one problem makes the status 1."""
    configure(queue_folder, '[local]\ncores = 2\n[partitions]\na = "good"\nb = "bad"\nd = "dumb"\ne = "missing"\n')
    plugged(
        monkeypatch,
        executor("good", Tried("commands", works=True, found="1.2"), Tried("partition a", works=True)),
        executor("bad", Tried("partition b", works=False, found="the scheduler\nhas no b")),
        evolve(executor("dumb"), check=None),
        failed={"broken": "ImportError: no"},
    )
    result = pq("config", "check", status=1)
    assert result.lines[:2] == ["ok: store: sqlite: for new queues", "ok: local: this machine: 2 cores for tasks"]
    assert result.lines[2:6] == [
        "problem: bad: partition b: the scheduler has no b",
        "ok: dumb: installed: it brings no check of its own; used by d",
        "ok: good: commands: 1.2",
        "ok: good: partition a",
    ]
    where = f"{queue_folder}/perqueue.toml: partitions.e.executor"
    told = f"problem: missing: no executor 'missing' is installed: {where}; installed are: bad, dumb"
    assert result.lines[6].startswith(told)
    assert result.lines[6].endswith("; the plugin 'broken' can't be used: ImportError: no")
    found = json.loads(pq("config", "check", "--json", status=1).out)
    assert {"of": "good", "what": "commands", "works": True, "found": "1.2"} in found


def test_a_check_that_fails_is_a_problem(pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's check that raises is told, and the others are tried all the same."""
    configure(queue_folder, '[partitions]\na = "odd"\nb = "pure"\n')

    def check(_: Config) -> Iterable[Tried]:
        raise RuntimeError("oh")

    plugged(monkeypatch, evolve(executor("odd"), check=check), executor("pure", Tried("all", works=True)))
    lines = pq("config", "check", status=1).lines
    assert lines[-2:] == ["problem: odd: its own check: it failed with RuntimeError: oh", "ok: pure: all"]


@pytest.mark.parametrize("name", ["slurm", "pbs"])
def test_a_folder_without_commands(pq: Pq, queue_folder: Path, name: str) -> None:
    """The setting that names the folder is named, once, and nothing is said of what could not be asked."""
    configure(queue_folder, f'[executors.{name}]\nbin = "/nope"\n[partitions]\na = "{name}"\n')
    (line,) = (line for line in pq("config", "check", status=1).lines if f": {name}: " in line)
    assert line.startswith("problem: ")
    assert line.endswith(f"; {queue_folder}/perqueue.toml: executors.{name}.bin is '/nope'")


def test_options_of_an_executor_that_is_none(pq: Pq, queue_folder: Path) -> None:
    """A name that is mistyped is told with its file, and with the one that was meant."""
    configure(queue_folder, "[executors.slrum]\nmax_jobs = 3\n")
    told = pq("config", "check", status=1).lines[-1]
    assert f"{queue_folder}/perqueue.toml: executors.slrum.max_jobs; installed are: " in told
    assert told.endswith("; did you mean 'slurm'?")


def test_a_partition_that_lost_its_executor(pq: Pq, queue_folder: Path) -> None:
    """What is meant for a scheduler and would run here is a problem."""
    configure(queue_folder, '[partitions.a]\naccount = "abc"\n')
    told = pq("config", "check", status=1).lines[-1]
    assert told.startswith(f"problem: local: partition a: {queue_folder}/perqueue.toml: partitions.a.account is for")


def test_partitions_of_this_machine(pq: Pq, queue_folder: Path) -> None:
    """What a node's cores are here is told, and all is well."""
    configure(queue_folder, '[local]\ncores = 8\n[partitions]\na = "local"\n[partitions.b]\ncores = 24\n')
    assert pq("config", "check").lines[-2:] == [
        "ok: local: partition a: tasks take as many cores as they ask for, as far as there are",
        "ok: local: partition b: a node's 24 cores are 8 cores here",
    ]


def test_a_store_that_is_not_installed(pq: Pq, queue_folder: Path) -> None:
    """The store of new queues is tried too."""
    configure(queue_folder, '[queue]\nstore = "papyrus"\n')
    told = (
        f"problem: store: no store 'papyrus' is installed: {queue_folder}/perqueue.toml: queue.store; installed are: "
    )
    assert pq("config", "check", status=1).lines[0].startswith(told)
    assert f"{queue_folder}/perqueue.toml: queue.store: there is no store" in pq("init", status=2).err
    assert "--backend: there is no store 'rock'" in pq("init", "--backend", "rock", status=2).err


def test_a_configuration_that_can_not_be_read(pq: Pq, queue_folder: Path) -> None:
    """Where nothing can be tried, the error is that of any other command."""
    configure(queue_folder, "[local]\ncores = 0\n")
    assert pq("config", "check", status=2).err.startswith(f"pq: {queue_folder}/perqueue.toml: local.cores: 0 is not")


def test_myqueue_s_configuration_is_taken_over(pq: Pq, queue_folder: Path) -> None:
    """It is printed, or written to a file that must not be there, and loads."""
    (queue_folder / "config.py").write_text("config = {'scheduler': 'local', 'nodes': [('a', {'cores': 8})]}\n")
    printed = pq("config", "import-myqueue", "config.py").out
    (queue_folder / "perqueue.toml").unlink()
    result = pq("config", "import-myqueue", "config.py", "--write", "perqueue.toml")
    assert (result.out, result.err) == ("", "pq: wrote perqueue.toml; `pq config check` tries it\n")
    assert (queue_folder / "perqueue.toml").read_text(encoding="utf-8") == printed
    assert "partitions.a.cores" in pq("config").out
    again = pq("config", "import-myqueue", "config.py", "--write", "perqueue.toml", status=2)
    assert "'perqueue.toml' exists and is left as it is" in again.err
    assert "there is no file 'none.py'" in pq("config", "import-myqueue", "none.py", status=2).err
