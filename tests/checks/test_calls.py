"""Findings about scripts and about what their functions are called with: a table of scripts, workflows and findings."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.submissions import Scripts, Workflow, brief, found

from perqueue.config import Config, Partition
from perqueue.core.groups import CyclicalGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.tasklike import Workflow as Flow

ANY = "def main(**kwargs):\n    return True, kwargs\n"
NONE = "def main():\n    return True, None\n"
X = "def main():\n    return True, {'x': 1}\n"


def alone(t: Scripts) -> object:
    return t["a"]


def chain(t: Scripts) -> object:
    return [t["a"], t["b"]]


CASES: dict[str, tuple[dict[str, str], Workflow, list[str]]] = {
    "no file": ({}, alone, ["error no-script submit.py:7"]),
    "no main": ({"a": "def run(): pass\n"}, alone, ["error no-function a.py:1"]),
    "main only for the command line": (
        {"a": "if __name__ == '__main__':\n    def main(**_): pass\n"},
        alone,
        ["error no-function a.py:1"],
    ),
    "another function": ({"a": ANY}, lambda t: t.task("a", func="run"), ["error no-function a.py:1"]),
    "nothing written yet": ({"a": ""}, alone, ["warning no-function a.py:1"]),
    "no Python": ({"a": "x = 1\ndef main(:\n"}, alone, ["error syntax a.py:2"]),
    "a return outside": ({"a": "x = 1\nreturn x\n"}, alone, ["error syntax a.py:2"]),
    "a null byte": ({"a": "x = 1\n\0"}, alone, ["error syntax a.py:1"]),
    "nobody gives it": ({"a": "\ndef main(x): return True, {}\n"}, alone, ["error missing a.py:2"]),
    "keyword-only": ({"a": "def main(*, x, y=1): return True, {}\n"}, alone, ["error missing a.py:1"]),
    "by position only": ({"a": "def main(x, /, **_): return True, {}\n"}, alone, ["error missing a.py:1"]),
    "by position, and given": (
        {"a": "def main(x, /, y): return True, {}\n"},
        lambda t: t.task("a", {"x": 1, "y": 1}),
        ["error missing a.py:1"],
    ),
    "by position, and given by what comes before": (
        {"a": X, "b": "def main(x, /): return True, {}\n"},
        chain,
        ["error missing b.py:1"],
    ),
    "by position only, though it need not be given": (
        {"a": "def main(x=0, /): return True, {}\n"},
        lambda t: t.task("a", {"x": 1}),
        ["error unexpected a.py:1"],
    ),
    "a bare dict": ({"a": "def main():\n    return {'x': 1}\n"}, alone, ["error bad-return a.py:2"]),
    "a bare dict that is built": (
        {"a": "def main():\n    d = dict(x=1)\n    d['y'] = 2\n    return d\n"},
        alone,
        ["error bad-return a.py:4"],
    ),
    "now a dict, now nothing": (
        {"a": "def main(x=0):\n    if x:\n        return\n    return {**{}}\n"},
        alone,
        ["error bad-return a.py:4"],
    ),
    "a bare text": ({"a": "def main():\n    return f'{1}'\n"}, alone, ["error bad-return a.py:2"]),
    "a bare truth": (
        {"a": "def main(x=0):\n    if x:\n        return False\n    return True\n"},
        alone,
        ["error bad-return a.py:3"],
    ),
    "a bare number": ({"a": "def main():\n    return 0\n"}, alone, ["error bad-return a.py:2"]),
    "nothing, if it comes to its end": (
        {"a": "def main():\n    work()\n"},
        alone,
        ["warning bad-return a.py:1"],
    ),
    "nothing": ({"a": "def main():\n    print(1)\n"}, alone, ["error bad-return a.py:1"]),
    "an argument that it doesn't take": ({"a": NONE}, lambda t: t.task("a", {"y": 1}), ["error unexpected a.py:1"]),
    "parents give something else": (
        {"a": X, "b": "def main(y, **_): return True, None\n"},
        chain,
        ["error missing b.py:1"],
    ),
    "a parent that returns nothing": (
        {"a": NONE, "b": "def main(y): return True, None\n"},
        chain,
        ["error missing b.py:1"],
    ),
    "what a parent always returns": ({"a": X, "b": NONE}, chain, ["error unexpected b.py:1"]),
    "what a parent may return": (
        {"a": "def main(x=0):\n    if x: return True, {'x': 1}\n    return True, {}\n", "b": NONE},
        chain,
        ["warning unexpected b.py:1"],
    ),
    "what a parent adds to the unknown": (
        {"a": "def main(**k):\n    return True, {**k, 'x': 1}\n", "b": NONE},
        chain,
        ["error unexpected b.py:1"],
    ),
    "a dict that is built": (
        {"a": "def main():\n    d = {'x': 1}\n    d['y'] = 2\n    return True, d\n", "b": NONE},
        chain,
        ["error unexpected b.py:1"] * 2,
    ),
    "a port under another name": (
        {"a": X, "b": "def main(z): return True, None\n"},
        lambda t: {t["b"]: {t["a"]: {"x": "y"}}},
        ["error unexpected b.py:1", "error missing b.py:1"],
    ),
    "an index": ({"a": NONE}, lambda t: StaticWidthGroup(t["a"], 2), ["error unexpected a.py:1"]),
    "control keys are given on": (
        {"a": "def main(): return True, {'pq_dwg_width': 2, 'pq_max_tries': 1}\n", "b": NONE},
        chain,
        ["error unexpected b.py:1"],
    ),
    "pq_max_tries is not": (
        {"a": "def main(): return True, {'pq_max_tries': 1}\n", "b": "def main(pq_max_tries): return True, {}\n"},
        chain,
        ["error missing b.py:1"],
    ),
    "through an empty group": (
        {"a": X, "b": ANY, "c": NONE},
        lambda t: [t["a"], StaticWidthGroup(t["b"], 0), t["c"]],
        ["error unexpected c.py:1"],
    ),
    "through a join": (
        {"a": X, "b": "def main(): return True, {'y': 1}\n", "c": "def main(x, z): return True, None\n"},
        lambda t: (t["a"] | t["b"]) >> (t["c"] | t["c"]),
        ["error unexpected c.py:1", "error missing c.py:1"],
    ),
    "the first iteration only": (
        {"a": NONE, "b": "def main(x, **_): return True, {'x': 1, 'pq_toggle_key': True}\n"},
        lambda t: [t["a"], CyclicalGroup(t["b"])],
        [],
    ),
    "no iteration": (
        {"a": NONE, "b": "def main(x, **_): return True, {'y': 1, 'pq_toggle_key': True}\n"},
        lambda t: [t["a"], CyclicalGroup(t["b"])],
        ["error missing b.py:1"],
    ),
    "a typed function that isn't there": (
        {"a": "def g(): pass\n"},
        lambda t: t.typed("a", "f"),
        ["error no-function a.py:1"],
    ),
    "a typed function's arguments": (
        {"a": "from perqueue import task\n@task('local')\ndef f(up, x): return 1\n"},
        lambda t: t.typed("a", "f", {"y": 1}),
        ["error unexpected a.py:3", "error missing a.py:3"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_findings(tmp_path: Path, name: str) -> None:
    """Each mistake is found once, with the file and the line to look at."""
    scripts, workflow, expected = CASES[name]
    assert brief(found(tmp_path, scripts, workflow), tmp_path) == expected


GOOD_OR_UNKNOWN = [
    "return x",
    "return (True, {})",
    "return [True, {}]",
    "return run(x)",
    "d = {}; d = run(d); return d",
    "d = run({}); return d",
    "d = e = {}; return d",
    "d = {}; locals()['d'] = 1; return d",
    "if x: return {}\n    return True, {}",
    "import sys; sys.exit(run(x))",
    "import os; os.execv('a', ['a'])",
    "raise NotImplementedError",
    "while True: run(x)",
    "yield x",
    "return {} if x else (True, {})",
]


@pytest.mark.parametrize("body", GOOD_OR_UNKNOWN)
def test_returns_that_may_be_good(tmp_path: Path, body: str) -> None:
    """A script's function is blamed for its returns only where none of them can be good."""
    assert found(tmp_path, {"a": f"def main(x=0):\n    {body}\n"}, alone) == []


def test_an_async_main_and_one_with_a_decorator_are_unknown(tmp_path: Path) -> None:
    """What calling them gives is not what their return statements say."""
    for text in ("async def main():\n    return {}\n", "import w\n@w.rap\ndef main():\n    return {}\n"):
        assert found(tmp_path, {"a": text}, alone) == []


def test_a_bad_return_says_what_is_returned_and_what_to_write(tmp_path: Path) -> None:
    """One line names what is returned, and the two forms that are right."""
    (one,) = found(tmp_path, {"a": "def main():\n    return {}\n"}, alone)
    assert one.message == (
        "main() only ever returns a dict, and a task returns whether it succeeded and its data: write "
        "'return True, {...}' or 'return True, None'"
    )
    (other,) = found(tmp_path, {"a": "def main():\n    pass\n"}, alone)
    assert "only ever returns nothing" in other.message


def test_a_position_is_one_finding(tmp_path: Path) -> None:
    """Where the slash is the mistake, nobody is told to add the parameter."""
    script = {"a": "def main(x, /, y): return True, {}\n"}
    (one,) = found(tmp_path, script, lambda t: t.task("a", {"x": 1, "y": 1}))
    assert one.message == "main() needs 'x' by its position, but all is given by name: drop '/'"


UNKNOWN = {
    "imported": "from elsewhere import main\n",
    "by a star": "from elsewhere import *\n",
    "assigned": "import functools, other\nmain = functools.partial(other.run, 1)\n",
    "decorated": "import other\n@other.wrap\ndef main(x): return True, {'y': 1}\n",
    "bound twice": "def main(x): return 1\nmain = str(main)\n",
    "under a condition": "if True:\n    def main(x): return True, {}\nelse:\n    def main(y): return True, {}\n",
    "put there": "globals()['main'] = print\n",
    "asked for": "def __getattr__(name): return print\n",
    "a class": "class main:\n    def __init__(self, x): pass\n",
    "changed": "def main(x): return True, {}\nmain.__defaults__ = (1,)\n",
    "set from within": "def f():\n    global main\n    main = print\n",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_can_not_be_told_is_not_found_fault_with(tmp_path: Path, name: str) -> None:
    """A function whose signature the syntax doesn't show is neither blamed, nor is anybody who follows it."""
    scripts = {"a": UNKNOWN[name], "b": "def main(y): return True, {}\n"}
    assert found(tmp_path, scripts, lambda t: [t.task("a", {"q": 1}), t["b"]]) == []


@pytest.mark.parametrize(
    "body",
    [
        "return True, kwargs",
        "return True, {**kwargs}",
        "return True, dict(kwargs)",
        "return True, {kwargs['k']: 1}",
        "return helper(kwargs)",
        "d = {}; fill(d); return True, d",
        "d = {}; d.update(kwargs); return True, d",
        "d = {}; d = kwargs; return True, d",
        "d = {}; locals()['d']['y'] = 1; return True, d",
        "d = {}; eval('d')['y'] = 1; return True, d",
        "d = {}; vars()['d'].update(y=1); return True, d",
        "import sys; d = {}; sys._getframe().f_locals['d']['y'] = 1; return True, d",
        "d = {}\n    for k in kwargs: d[k] = 1\n    return True, d",
        "d = {}\n    d |= kwargs\n    return True, d",
        "d = {}\n    e = d\n    e['y'] = 1\n    return True, d",
        "d = {}\n    def put(): d['y'] = 1\n    put()\n    return True, d",
        "return (True, {'y': 1}) if kwargs else (True, {})",
        "if kwargs: return True, {}\n    return True, {'y': 1}",
        "yield True, {}",
        "raise SystemExit",
        "return False, {}",
    ],
)
def test_returns_that_may_hold_anything(tmp_path: Path, body: str) -> None:
    """Where a parent may return the key, or its success can't be seen, nobody says that the key is missing."""
    scripts = {"a": f"def main(**kwargs):\n    {body}\n", "b": "def main(y, **_): return True, {}\n"}
    assert found(tmp_path, scripts, lambda t: [t["a"], t["b"]]) == []


def test_a_branch_of_a_switch_may_never_run(tmp_path: Path) -> None:
    """What is wrong in a branch is an error that doesn't stop a submission."""
    choose = "def main(key='a'): return True, {'pq_switch_key': key}\n"
    (one,) = found(tmp_path, {"a": choose, "b": "x = 1\n"}, lambda t: [t["a"], SwitchGroup({"a": t["b"]})])
    assert (one.code, one.severity, one.optional, one.stops) == ("no-function", "error", True, False)


def test_equal_findings_are_told_once(tmp_path: Path) -> None:
    """A mistake in a script that many tasks run is one finding, which says for how many more it holds."""
    (one,) = found(tmp_path, {"a": "x = 1\n"}, lambda t: Flow([t["a"], t["a"], t.task("a", name="other")]))
    assert (one.task, one.others) == ("a", 2)
    assert one.shown(str(tmp_path)).startswith("a.py:1: error: there is no function 'main' in it: define it (task 'a' ")
    assert one.shown(str(tmp_path)).endswith("submitted at /x/submit.py:7 [no-function]")


def test_resources(tmp_path: Path) -> None:
    """A partition that nothing configures is an error, and more cores than there are a suspicion."""
    config = Config(cores=2, partitions={"xeon24": Partition("xeon24", "local")})
    findings = found(
        tmp_path,
        {"a": NONE},
        lambda t: [t.task("a", resources=text) for text in ("24:xeon40:1h", "3:local:1h", "2:xeon24:1h")],
        config,
    )
    assert [(one.severity, one.code) for one in findings] == [("error", "no-executor"), ("warning", "cores")]
    assert "the partition 'xeon40'" in findings[0].message


def test_where_the_task_was_made(tmp_path: Path) -> None:
    """Findings name the line that made the task, where that is known, rather than the one that submitted it."""
    (one,) = found(tmp_path, {}, lambda t: t.task("gone", where="/x/submit.py:3"))
    assert (one.file, one.line, one.where) == ("/x/submit.py", 3, "/x/submit.py:3")
