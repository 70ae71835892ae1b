"""What passes from task to task: merged results, perqueue's own arguments, folders, and values with their types."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.api import values
from tests.api.driving import entries, one, run
from tests.api.values import VALUES
from tests.queues import CONFIG, script

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.codec import LooseDict
from perqueue.constants import INDEX_KW, MAXTRIES_KW


@pytest.fixture
def tell_all(queue_folder: Path) -> Path:
    """The test's folder with ``give.py``, which returns its argument ``give``, and ``got.py``, which returns all."""
    script(queue_folder, "give.py", "def main(give=None, **_):\n    return True, give\n")
    script(queue_folder, "got.py", "def main(**kwargs):\n    return True, {'got': kwargs}\n")
    return queue_folder


def give(values: dict[str, Any] | None, name: str = "give") -> Task:
    return Task("give.py", {"give": values}, "local", name=name)


def got(args: dict[str, Any] | None = None, name: str = "got") -> Task:
    return Task("got.py", args, "local", name=name)


def received(name: str = "got") -> dict[str, Any]:
    """What the task of this name was called with."""
    data = one(entries().values(), name).data
    assert data is not None
    return dict(data["got"])


def test_what_a_task_is_called_with(tell_all: Path) -> None:
    """The parents' results go over the task's own arguments, and perqueue's own over both."""
    parent = give({"x": "parent", "y": "parent", INDEX_KW: "parent", MAXTRIES_KW: 5})
    run(parent >> StaticWidthGroup(got({"x": "own", "z": "own", INDEX_KW: "own", MAXTRIES_KW: 3}), 1))
    assert received() == {"x": "parent", "y": "parent", "z": "own", INDEX_KW: [0]}


def test_control_keys_are_visible_except_for_max_tries(tell_all: Path) -> None:
    """A child sees the control keys that its parent returned, but never ``pq_max_tries``."""
    run(give({"pq_dwg_width": 3, "pq_switch_key": "a", "pq_toggle_key": False, "pq_max_tries": 2}) >> got())
    assert received() == {"pq_dwg_width": 3, "pq_switch_key": "a", "pq_toggle_key": False}


def test_only_direct_parents_give(tell_all: Path) -> None:
    """What a grandparent returned is not passed on unless the parent returns it again."""
    run(give({"old": 1}) >> give({"new": 2}) >> got())
    assert received() == {"new": 2}


def test_results_of_several_parents_are_merged(tell_all: Path) -> None:
    """A key of one parent or of equal values gives the value; else a dict by the parents' keys, which are integers."""
    run(
        (give({"x": 1, "same": [1, (2,)], "one": "a"}) | give({"x": 2, "same": [1, (2,)]}) | give(None) | give({}))
        >> got()
    )
    found = received()
    assert found == {"x": {1: 1, 2: 2}, "same": [1, (2,)], "one": "a"}
    assert [type(key) for key in found["x"]] == [int, int]


def test_merged_results_are_found_by_text_too(tell_all: Path) -> None:
    """Scripts that look up a parent's key as a string, as PerQueue had them, find it."""
    script(
        tell_all,
        "look.py",
        """
        def main(x, **_):
            assert x[1] == x["1"] == x.get("1") == "a", x
            assert "2" in x and 2 in x and "3" not in x and x.get("3") is None
            return True, {"first": next(iter(x.values())), "keys": list(x), "type": type(x).__name__}
        """,
    )
    found = run((give({"x": "a"}) | give({"x": "b"})) >> Task("look.py", None, "local"))
    assert found[3].data == {"first": "a", "keys": [1, 2], "type": LooseDict.__name__}, found[3].err_txt


def test_arrays_are_merged_by_value(tell_all: Path) -> None:
    """Equal arrays of two parents are one array; unequal ones are told apart by the parents' keys."""
    script(
        tell_all,
        "arrays.py",
        "import numpy as np\ndef main(n, **_):\n"
        "    return True, {'same': np.arange(3000.), 'small': np.ones(2), 'other': np.arange(3000.) * n}\n",
    )
    one_, two = (Task("arrays.py", {"n": n}, "local") for n in (1, 2))
    script(
        tell_all,
        "look.py",
        """
        def main(**k):
            return True, {n: [type(v).__name__, sorted(v) if n == "other" else v.shape] for n, v in k.items()}
        """,
    )
    found = run((one_ | two) >> Task("look.py", None, "local"))
    assert found[3].data == {
        "same": ["ndarray", (3000,)],
        "small": ["ndarray", (2,)],
        "other": ["LooseDict", [1, 2]],
    }, found[3].err_txt


def test_copies_are_merged_like_parents(tell_all: Path) -> None:
    """What follows a group gets the copies' results, by their keys in the order of the copies; none of width 0."""
    script(tell_all, "index.py", "def main(pq_index, **_):\n    return True, {'i': pq_index, 'w': 1}\n")
    inner = StaticWidthGroup(Task("index.py", None, "local"), 2)
    with PersistentQueue() as pq:
        pq.submit(StaticWidthGroup(inner, 2) >> got(name="after"))
    run(give({"kept": 1}) >> StaticWidthGroup(got(name="never"), 0) >> got(name="past nothing"))
    assert received("after") == {"i": {1: [0, 0], 2: [1, 0], 3: [0, 1], 4: [1, 1]}, "w": 1}
    assert received("past nothing") == {"kept": 1}


def test_ports_pass_only_what_they_name(tell_all: Path) -> None:
    """A dependency with ports gives these values under these names; None names the first value."""
    first, second = give({"x": 1, "y": 2}), give({"z": 3})
    run({got(): {first: {"y": "height", "x": "x"}, second: {None: "depth"}}})
    assert received() == {"height": 2, "x": 1, "depth": 3}


WHERE = """
import os, sys
import beside
import helper

def main(**_):
    return True, {
        "cwd": os.getcwd(), "path": sys.path[:2], "argv": sys.argv, "name": __name__, "file": __file__,
        "helper": helper.__file__, "beside": beside.__file__, "stdin": sys.stdin.read(),
    }
"""


def test_where_a_task_runs(queue_folder: Path) -> None:
    """It works in the submission's folder, and imports from there and from the script's own folder."""
    (queue_folder / "code").mkdir()
    script(queue_folder / "code", "where.py", WHERE)
    script(queue_folder / "code", "beside.py", "")
    script(queue_folder, "helper.py", "")
    data = run(Task("code/where.py", None, "local"))[1].data
    assert data is not None
    code = queue_folder / "code"
    assert data == {
        "cwd": str(queue_folder),
        "path": [str(queue_folder), str(code)],
        "argv": [str(code / "where.py")],
        "name": "where",
        "file": str(code / "where.py"),
        "helper": str(queue_folder / "helper.py"),
        "beside": str(code / "beside.py"),
        "stdin": "",
    }


def test_a_submission_from_a_folder_below(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each submission's own folder is what its tasks work in, whatever folder the queue lies in."""
    script(queue_folder, "where.py", "import os\ndef main(**_):\n    return True, {'cwd': os.getcwd()}\n")
    run(Task("where.py", None, "local"))
    (queue_folder / "below").mkdir()
    monkeypatch.chdir(queue_folder / "below")
    found = run(Task("../where.py", None, "local"))
    assert [entry.data for entry in found.values()] == [
        {"cwd": str(queue_folder)},
        {"cwd": str(queue_folder / "below")},
    ]


def test_a_task_with_a_folder_of_its_own(queue_folder: Path) -> None:
    """A folder pattern is filled in and made; the submission's folder stays importable."""
    script(queue_folder, "helper.py", "")
    script(
        queue_folder,
        "where.py",
        "import os, helper\ndef main(**_):\n    open('here', 'w').close()\n    return True, {'cwd': os.getcwd()}\n",
    )
    task = Task("where.py", None, "local", name="relax", folder="runs/{name}-{index}/{key}.{attempt}")
    found = run(StaticWidthGroup(task, 2))
    assert [entry.data for entry in found.values()] == [
        {"cwd": f"{queue_folder}/runs/relax-0/1.1"},
        {"cwd": f"{queue_folder}/runs/relax-1/2.1"},
    ]
    assert (queue_folder / "runs" / "relax-1" / "2.1" / "here").exists()


def test_the_environment_of_the_submission(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks run in the submission's interpreter with usual variables and what is configured, without secrets."""
    (queue_folder / "perqueue.toml").write_text(CONFIG + '[environment]\nallow = ["MY_*"]\n', encoding="utf-8")
    script(
        queue_folder,
        "env.py",
        "import os, sys\ndef main(**_):\n    return True, {'env': dict(os.environ), 'exe': sys.executable}\n",
    )
    chosen = {"OMP_NUM_THREADS": "3", "MY_DATA": "here"}
    for name, value in {**chosen, "MY_TOKEN": "s", "SLURM_MEM_PER_NODE": "1", "STRANGER": "x"}.items():
        monkeypatch.setenv(name, value)
    data = run(Task("env.py", None, "local"))[1].data
    assert data is not None
    assert {name: data["env"].get(name) for name in chosen} == chosen
    assert not {"MY_TOKEN", "SLURM_MEM_PER_NODE", "STRANGER"} & set(data["env"])
    assert data["exe"] == sys.executable


def test_output_is_kept_in_the_queue(queue_folder: Path) -> None:
    """What a task prints, to stdout or stderr, is in the log of its attempt and nowhere else."""
    script(
        queue_folder,
        "talk.py",
        "import sys\ndef main(**_):\n    print('out')\n    print('err', file=sys.stderr)\n    return True, None\n",
    )
    run(Task("talk.py", None, "local"))
    assert (queue_folder / ".perqueue" / "logs" / "1.1.log").read_text(encoding="utf-8") == "out\nerr\n"
    assert not list(queue_folder.glob("perqueue.local*"))


def test_output_under_perqueues_names(queue_folder: Path) -> None:
    """``logs = "perqueue"`` puts it into the submission's folder, under the names that scripts read."""
    (queue_folder / "perqueue.toml").write_text(CONFIG + 'logs = "perqueue"\n', encoding="utf-8")
    script(queue_folder, "talk.py", "import sys\ndef main(**_):\n    print('out')\n    raise ValueError('no luck')\n")
    run(Task("talk.py", None, "local"))
    assert (queue_folder / "perqueue.local.1.out").read_text(encoding="utf-8") == "out\n"
    assert "ValueError: no luck" in (queue_folder / "perqueue.local.1.err").read_text(encoding="utf-8")


MAKE = "from kinds import VALUES\ndef main(**_):\n    return True, {name: make() for name, make in VALUES.items()}\n"
LOOK = """
from kinds import VALUES, same_value

def main(**kwargs):
    assert kwargs.keys() == VALUES.keys(), kwargs.keys() ^ VALUES.keys()
    for name, make in VALUES.items():
        same_value(kwargs[name], make())
    return True, kwargs
"""


def test_every_value_passes_through_a_chain_with_its_type(queue_folder: Path) -> None:
    """What a task makes arrives in the next one, and is returned by it, as the type that it was."""
    script(queue_folder, "kinds.py", Path(str(values.__file__)).read_text(encoding="utf-8"))
    script(queue_folder, "make.py", MAKE)
    script(queue_folder, "look.py", LOOK)
    found = run(Task("make.py", None, "local") >> Task("look.py", None, "local"))
    assert [(str(entry.state), entry.err_txt) for entry in found.values()] == [("succeeded", None)] * 2
    assert found[2].json_data == found[1].json_data
    assert found[1].json_data is not None
    assert found[1].json_data.keys() == VALUES.keys()


def test_arguments_of_every_kind(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a script gives as an argument arrives in the task as the type that it was."""
    script(queue_folder, "kinds.py", Path(str(values.__file__)).read_text(encoding="utf-8"))
    script(queue_folder, "look.py", LOOK)
    with monkeypatch.context() as here:
        here.syspath_prepend(str(queue_folder))
        made = importlib.import_module("kinds").VALUES
        run(Task("look.py", {name: make() for name, make in made.items()}, "local"))
        here.delitem(sys.modules, "kinds")
    assert entries()[1].err_txt is None


def test_values_in_perqueues_shapes(queue_folder: Path) -> None:
    """With ``shapes = "json"`` tasks get lists for tuples and sets and strings for keys; entries show the types."""
    (queue_folder / "perqueue.toml").write_text(CONFIG + '[values]\nshapes = "json"\n', encoding="utf-8")
    script(queue_folder, "give.py", "def main(**_):\n    return True, {'t': (1, (2,)), 's': {3}, 'd': {4: 5}}\n")
    script(
        queue_folder,
        "look.py",
        "def main(t, s, d, x, **_):\n"
        "    assert t == [1, [2]] and s == [3] and d == {'4': 5} and x == [6], (t, s, d, x)\n"
        "    return True, None\n",
    )
    found = run(Task("give.py", None, "local") >> Task("look.py", {"x": (6,)}, "local"))
    assert found[2].err_txt is None
    assert found[1].data == {"t": (1, (2,)), "s": {3}, "d": {4: 5}}
