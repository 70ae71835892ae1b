"""MyQueue's configuration as ours."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.config import Config, Partition, load_config
from perqueue.config.myqueue import MyQueueError, convert
from perqueue.core.errors import UsageError
from perqueue.core.resources import Resources

NIFLHEIM = """
# generated with mq config
import os
config = {
    'scheduler': 'slurm',
    'mpiexec': '/opt/mpi/mpiexec',
    'parallel_python': 'gpaw-python',
    'serial_python': 'python3.11',
    'extra_args': ['-A', 'camd', '--qos=long', '--mail-user', 'a@b', '-x', 'a001'],
    'maximum_total_task_weight': 5.0,
    'default_task_weight': 1.0,
    'notifications': {'email': 'me@somewhere.org'},
    'future': 'a\\nb',
    'nodes': [
        ('sm3090', {'cores': 80, 'special': True, 'extra_args': ['--gres=gpu:RTX3090:2']}),
        ('xeon24', {'cores': 24, 'memory': '255GB', 'features': 'opa', 'reservation': 'r1', 'mpiargs': '-mca pml cm'}),
        ('xeon24b', {'cores': 24, 'nodename': 'xeon24', 'odd': 1}),
        ('any', {'cores': 8, 'nodename': ''}),
        ('8x', {'cores': 8}),
    ]}
"""


def converted(folder: Path, text: str) -> tuple[str, Config]:
    """The TOML for a ``config.py``, and the configuration that it is."""
    made = convert("config.py", text.encode())
    (folder / "perqueue.toml").write_text(made, encoding="utf-8")
    return made, load_config(str(folder), {"HOME": str(folder)})


def test_a_whole_configuration(tmp_path: Path) -> None:
    """Nodes become partitions with their flags, accounts and MPI; the first that is not special is the default."""
    _, found = converted(tmp_path, NIFLHEIM)
    common: dict[str, Any] = {"executor": "slurm", "account": "camd", "qos": "long", "python": "gpaw-python"}
    flags = ("--mail-user=a@b", "-xa001")
    mpi = "/opt/mpi/mpiexec -np {processes}"
    xeon24: dict[str, Any] = {
        **common,
        "cores": 24,
        "flags": (*flags, "--constraint=opa", "--reservation=r1"),
        "mpi": "/opt/mpi/mpiexec -mca pml cm -np {processes}",
    }
    assert found.partitions == {
        "sm3090": Partition("sm3090", cores=80, flags=(*flags, "--gres=gpu:RTX3090:2"), mpi=mpi, **common),
        "xeon24": Partition("xeon24", **xeon24),
        "xeon24b": Partition("xeon24b", queue="xeon24", cores=24, flags=flags, mpi=mpi, **common),
        "any": Partition("any", queue="", cores=8, flags=flags, mpi=mpi, **common),
        "default": Partition("default", queue="xeon24", **xeon24),
    }
    assert found.partition_for(Resources.parse("24:xeon24:10m")).lane == "slurm:xeon24"


@pytest.mark.parametrize(
    "comment",
    [
        "# maximum_total_task_weight: ",
        "# default_task_weight: ",
        "# notifications: ",
        "# serial_python = python3.11: ",
        "# future = a\\nb: ",
        "# odd = 1: ",
        "# Each node has 255GB; ",
        "# A node is left out: config.py: partitions.8x: ",
    ],
)
def test_what_has_no_counterpart_is_a_comment(tmp_path: Path, comment: str) -> None:
    """It is named with the reason, and an address is not copied."""
    made, _ = converted(tmp_path, NIFLHEIM)
    assert any(line.startswith(comment) for line in made.splitlines())
    assert "somewhere.org" not in made


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"scheduler": "local"}, Partition("default")),
        ({"scheduler": "slurm", "use_mpi": False}, Partition("default", "slurm", queue="")),
        ({"queue": "pbs", "use_mpi": False}, Partition("default", "pbs", queue="")),
        (
            {"scheduler": "lsf", "extra_args": ["-q", "hpc"], "nodes": [["x", {"cores": 20, "memory": "126GB"}]]},
            Partition("default", "lsf", queue="x", cores=20, flags=("-qhpc",), mpi="mpiexec -np {processes}"),
        ),
        (
            {"scheduler": "pbs", "use_mpi": False, "nodes": [("x", {"cores": 2, "features": "f"})]},
            Partition("default", "pbs", queue="x", cores=2),
        ),
        (
            {"scheduler": "slurm", "use_mpi": False, "nodes": [("default", {"cores": 2})]},
            Partition("default", "slurm", cores=2),
        ),
        (
            {"scheduler": "slurm", "use_mpi": False, "parallel_python": "gpaw python"},
            Partition("default", "slurm", queue=""),
        ),
    ],
)
def test_the_default_partition(tmp_path: Path, config: dict[str, Any], expected: Partition) -> None:
    """There is one for every scheduler, with or without nodes."""
    _, found = converted(tmp_path, f"config = {config!r}")
    assert found.partitions["default"] == expected


@pytest.mark.parametrize("given", ["--bind-to core", ["--bind-to", "core"], ("--bind-to", " core ")])
def test_arguments_of_mpi_are_text_or_words(tmp_path: Path, given: object) -> None:
    """Words are joined as text has them."""
    text = f"config = {{'scheduler': 'slurm', 'mpiexec': 'mpirun', 'nodes': [('a', {{'mpiargs': {given!r}}})]}}"
    _, found = converted(tmp_path, text)
    assert found.partitions["a"].mpi == "mpirun --bind-to core -np {processes}"


def test_braces_in_arguments_of_mpi_stay_what_they_are(tmp_path: Path) -> None:
    """They are places for numbers in ours only."""
    text = "config = {'scheduler': 'slurm', 'nodes': [('a', {'mpiargs': '-x D=${HOME}'})]}"
    _, found = converted(tmp_path, text)
    assert found.partitions["a"].starter(Resources(2, 60, "a")) == ("mpiexec", "-x", "D=${HOME}", "-np", "2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "config = {'scheduler': 'slurm',\n 'nodes': [('a', {'cores': os.cpu_count()})]}",
            ", line 2: os.cpu_count()",
        ),
        ("base = {}\nconfig = {**base}", ", line 2: base is no literal; nothing here is run, so write its value"),
        ("config = dict(scheduler='slurm')", ", line 1: dict(scheduler='slurm') is no literal"),
        ("config = {'scheduler': 'slurm'}\n\nconfig['nodes'] = []", ", line 3: `config` is used besides"),
        ("config = {}\nconfig = {}", ", line 2: `config` is set a second time"),
        ("config = [1]", ", line 1: `config` is no dict but [1]"),
        ("nodes = []", ": it has no `config = {...}`"),
        ("", ": it has no `config = {...}`"),
        ("config = {\n", ", line 1: it is not Python: "),
        ("config = '\0'", ": it is not Python: "),
        (
            "config = {'scheduler': 'sge'}",
            ": config['scheduler'] is 'sge'; it has to be one of: slurm, pbs",
        ),
        ("config = {}", ": config['scheduler'] is None; "),
        ("config = {'scheduler': 'slurm', 'nodes': {'a': 1}}", ": config['nodes'] is no list"),
        ("config = {'scheduler': 'slurm', 'nodes': ['a']}", ": config['nodes']: 'a' is no pair"),
        ("config = {'scheduler': 'slurm', 'nodes': [('a', {}), ('a', {})]}", ": config['nodes'] has 'a' twice"),
        (
            "config = {'scheduler': 'slurm', 'nodes': [\n ('a', {'cores': 8,\n  'mpiargs': 5})]}",
            ", line 3: mpiargs is neither text nor a list of words but 5",
        ),
        (
            "config = {'scheduler': 'slurm', 'nodes': [\n ('a', {'mpiargs': ['-x', 5]})]}",
            ", line 2: mpiargs is neither text nor a list of words but ['-x', 5]",
        ),
        ("config = {'scheduler': 'slurm', 'extra_args': '-x'}", ": extra_args is no list of words but '-x'"),
    ],
)
def test_what_can_not_be_read(text: str, told: str) -> None:
    """The error names the file, the line where there is one, and why."""
    with pytest.raises(MyQueueError) as caught:
        convert("config.py", text.encode())
    assert str(caught.value).startswith(f"config.py{told}")
    assert isinstance(caught.value, UsageError)


def test_nothing_is_executed(tmp_path: Path) -> None:
    """What else stands in the file is not run."""
    trap = tmp_path / "trap"
    made, _ = converted(tmp_path, f"open({str(trap)!r}, 'w')\nconfig = {{'scheduler': 'local'}}")
    assert made
    assert not trap.exists()


texts = st.text(st.characters(codec="utf-8"), max_size=8)
words = st.lists(texts.filter(str.strip), max_size=3)
nodes = st.fixed_dictionaries(
    {},
    optional={
        "cores": st.integers(-1, 99) | texts,
        "memory": texts,
        "nodename": texts,
        "extra_args": words,
        "mpiargs": texts,
        "features": texts,
        "special": st.booleans(),
        "other": texts,
    },
)
configs = st.fixed_dictionaries(
    {"scheduler": st.sampled_from(["slurm", "pbs", "lsf", "local"])},
    optional={
        "nodes": st.lists(st.tuples(texts, nodes), max_size=3, unique_by=lambda node: node[0]),
        "extra_args": words,
        "mpiexec": texts,
        "parallel_python": texts,
        "use_mpi": st.booleans(),
        "surprise": texts,
    },
)


@given(configs)
def test_what_is_written_is_toml(config: dict[str, Any]) -> None:
    """Whatever words a configuration holds, what comes out is TOML."""
    made = tomllib.loads(convert("config.py", f"config = {config!r}".encode()))
    assert json.dumps(made)
    assert set(made) == {"partitions"}
