"""Answers and the keys that decide groups: what is kept of them, from scripts and from typed functions."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runner.reading import data, failure

from perqueue import Choose, Continue, Discard, Stop, Width
from perqueue.core import keys
from perqueue.runner import control
from perqueue.runner.control import with_plain_controls
from perqueue.runner.function import upstream
from perqueue.runner.returned import judge, judge_value

if TYPE_CHECKING:
    from tests.runner.conftest import Queue, Supervisor

    from perqueue.runner.spool import Outcome


class Phase(Enum):
    bcc = "b"
    hcp = 2
    none = None


class Level(IntEnum):
    high = 3


class Way(StrEnum):
    left = "l"


class Text(str):
    """A string of another class."""

    __slots__ = ()


ANSWERS = [
    (Stop, {"pq_toggle_key": True}),
    (Continue, {"pq_toggle_key": False}),
    (lambda *data: Width(4, *data), {"pq_dwg_width": 4}),
    (lambda *data: Width(0, *data), {"pq_dwg_width": 0}),
    (lambda *data: Choose("a", *data), {"pq_switch_key": "a"}),
    (lambda *data: Choose(7, *data), {"pq_switch_key": 7}),
]
answers = pytest.mark.parametrize(("answer", "said"), ANSWERS)


def test_names() -> None:
    """The runner's own copy of the names is the core's."""
    assert set(control.CONTROL_KEYS) == keys.CONTROL_KEYS
    assert {name: getattr(control, name) for name in dir(control) if name.endswith(("_KW", "P_KEY"))} == {
        name: getattr(keys, name)
        for name in ("VALUE_KW", "MAXTRIES_KW", "CYCLICALGROUP_KEY", "DYNAMICWIDTHGROUP_KEY", "SWITCHGROUP_KEY")
    }


@answers
def test_answers_of_functions(answer: Any, said: Any) -> None:
    """An answer's data is stored as the value would be, with what it says beside it; None is kept as a value then."""
    cases: list[tuple[object, dict[str, object]]] = [
        ({"a": 1}, {"a": 1}),
        ({}, {}),
        ([1, {}], {"pq_value": [1, {}]}),
        ({1: 2}, {"pq_value": {1: 2}}),
        ({"pq_value": 1}, {"pq_value": {"pq_value": 1}}),
        (None, {"pq_value": None}),
    ]
    for value, stored in cases:
        assert judge_value(answer(value), "step") == ("succeeded", "returned", {**stored, **said}, None)
    assert judge_value(answer(), "step").data == {"pq_value": None, **said}


@answers
def test_answers_of_scripts(answer: Any, said: Any) -> None:
    """An answer of a script is True and its dict with what it says."""
    mappings: list[Any] = [{"a": 1}, {}, OrderedDict(a=1), MappingProxyType({"a": 1}), {1: 2}]
    for value in mappings:
        assert judge(answer(value)) == ("succeeded", "returned", {**value, **said}, None)
    assert judge(answer(None)) == judge(answer()) == ("succeeded", "returned", said, None)


def test_discards() -> None:
    """A Discard keeps its data and says nothing else."""
    assert judge(Discard({"a": 1})) == judge_value(Discard({"a": 1}), "f") == ("discarded", "returned", {"a": 1}, None)
    assert judge(Discard()) == judge_value(Discard(), "f") == ("discarded", "returned", None, None)
    assert judge_value(Discard(3), "f") == ("discarded", "returned", {"pq_value": 3}, None)


def test_the_answer_wins() -> None:
    """Where the data has the same key already the answer counts; other keys stay, and the user's dict as it was."""
    mine = {"pq_toggle_key": False, "pq_max_tries": 3}
    for verdict in (judge(Stop(mine)), judge_value(Stop(mine), "step")):
        assert verdict.data == {"pq_toggle_key": True, "pq_max_tries": 3}
    assert mine == {"pq_toggle_key": False, "pq_max_tries": 3}


@pytest.mark.parametrize(
    ("value", "kept", "told"),
    [
        (Stop(3), {"returned": 3}, "the data of the Stop it returned is 3 (int)"),
        (Discard([1]), {"returned": [1]}, "the data of the Discard it returned is a list of 1 values"),
        ((True, Stop({"a": 1})), {"a": 1}, "the second value it returned is a Stop (an answer stands alone"),
        ((True, Width(3)), None, "'return Width({...})'"),
        ([False, Choose("a", 2)], {"returned": 2}, "'return Choose({...})'"),
        ((True, {"a": 1}, Stop()), {"a": 1}, "(bool, dict, Stop)"),
    ],
)
def test_wrong_answers_of_scripts(value: Any, kept: Any, told: str) -> None:
    """An answer of a script holds a dict or None and stands alone; otherwise it fails and what was computed is kept."""
    verdict = judge(value)
    assert (verdict.verdict, verdict.reason, verdict.data) == ("failed", "bad-return", kept)
    assert verdict.error is not None
    assert told in verdict.error.message


@pytest.mark.parametrize(
    ("key", "value", "plain"),
    [
        ("pq_toggle_key", np.True_, True),
        ("pq_toggle_key", np.array(False), False),
        ("pq_toggle_key", True, True),
        ("pq_toggle_key", "yes", "yes"),
        ("pq_toggle_key", None, None),
        ("pq_dwg_width", np.int64(3), 3),
        ("pq_dwg_width", np.array(3, "u1"), 3),
        ("pq_dwg_width", Level.high, 3),
        ("pq_dwg_width", 3.0, 3.0),
        ("pq_dwg_width", np.float64(3.0), 3.0),
        ("pq_dwg_width", True, True),
        ("pq_dwg_width", np.True_, True),
        ("pq_dwg_width", "3", "3"),
        ("pq_dwg_width", [3], [3]),
        ("pq_max_tries", np.int8(2), 2),
        ("pq_switch_key", np.int64(3), 3),
        ("pq_switch_key", np.str_("a"), "a"),
        ("pq_switch_key", np.array("a"), "a"),
        ("pq_switch_key", Text("a"), "a"),
        ("pq_switch_key", Phase.bcc, "b"),
        ("pq_switch_key", Phase.hcp, 2),
        ("pq_switch_key", Phase.none, Phase.none),
        ("pq_switch_key", Level.high, 3),
        ("pq_switch_key", Way.left, "l"),
        ("pq_switch_key", (1, 2), (1, 2)),
        ("other", np.int64(3), np.int64(3)),
    ],
)
def test_plain_controls(key: str, value: Any, plain: Any) -> None:
    """Values under the keys that decide groups become plain where they stand for a plain one; other keys are let be."""
    before = {"x": value, key: value}
    found = with_plain_controls(before)
    assert found[key] == plain
    assert type(found[key]) is type(plain)
    assert found["x"] is before["x"] is before[key] is value


def test_what_is_plain_is_not_copied() -> None:
    """Data with nothing to change is handed on as it is."""
    for mine in ({"a": np.int64(1)}, {"pq_toggle_key": True, "pq_dwg_width": 3, "pq_switch_key": "a"}, OrderedDict()):
        assert with_plain_controls(mine) is mine


@given(st.integers(0), st.sampled_from([Stop, Continue]))
def test_data_of_answers_law(value: int, kind: Any) -> None:
    """Whoever comes next is given the data of an answer, and nothing of what it says."""
    for one in (None, value, [value], {"x": value}, {}, {"pq_value": value}):
        for answer in (kind(one), Width(value, one), Choose(value, one)):
            stored = judge_value(answer, "step").data
            assert stored is not None
            assert upstream(dict(stored)) == one


@pytest.fixture(params=["fork", "alone"])
def run(request: pytest.FixtureRequest, queue: Queue) -> Any:
    """Run a job forked, and then alone; its outcome."""
    if request.param == "fork":
        server: Supervisor = request.getfixturevalue("server")
        return server.run
    run_alone = request.getfixturevalue("run_alone")

    def alone(job: Any) -> Outcome:
        run_alone(job).wait(queue.patience)
        return queue.outcome(job)

    return alone


FUNCTIONS = """
import numpy as np
from enum import Enum
from perqueue import Choose, Continue, Discard, Stop, Width
class Phase(Enum):
    bcc = "b"
def stop(x): return Stop(x)
def go_on(): return Continue({"a": 1})
def discard(): return Discard([1])
def width(): return Width(np.int64(2), np.arange(2.0))
def choose(): return Choose(Phase.bcc)
def keys(): return {"pq_toggle_key": np.bool_(True), "pq_dwg_width": np.int32(2), "pq_switch_key": Phase.bcc}
def nested(): return [Stop(1)]
def main(what): return {"stop": Stop({"a": 1}), "discard": Discard({"a": 1}), "bare": Width(2)}[what]
def main_keys(): return True, {"pq_toggle_key": np.array(True), "pq_dwg_width": np.uint8(2), "a": Phase.bcc}
"""


@pytest.mark.parametrize(
    ("func", "verdict", "kept"),
    [
        ("stop", "succeeded", {"pq_value": 5, "pq_toggle_key": True}),
        ("go_on", "succeeded", {"a": 1, "pq_toggle_key": False}),
        ("discard", "discarded", {"pq_value": [1]}),
        ("choose", "succeeded", {"pq_value": None, "pq_switch_key": "b"}),
        ("keys", "succeeded", {"pq_toggle_key": True, "pq_dwg_width": 2, "pq_switch_key": "b"}),
    ],
)
def test_functions_that_answer(queue: Queue, run: Any, func: str, verdict: str, kept: Any) -> None:
    """A function's answers and keys reach the outcome as plain JSON."""
    job = queue.job(queue.script(FUNCTIONS, "steps.py"), func=func, module="steps", input='{"pq_value":5}')
    outcome = run(job)
    assert (outcome.verdict, outcome.error, data(outcome)) == (verdict, None, kept)


def test_width_with_data(queue: Queue, run: Any) -> None:
    """A Width may hold any data, and its number is plain beside it."""
    outcome = run(queue.job(queue.script(FUNCTIONS, "steps.py"), func="width", module="steps"))
    assert data(outcome)["pq_dwg_width"] == 2
    assert "$array" in data(outcome)["pq_value"]


def test_nested_answer(queue: Queue, run: Any) -> None:
    """An answer in a list is no answer, and can't be stored."""
    outcome = run(queue.job(queue.script(FUNCTIONS, "steps.py"), func="nested", module="steps"))
    assert (outcome.verdict, outcome.reason) == ("failed", "unstorable")
    assert "perqueue.core.answers.Stop" in failure(outcome).message


@pytest.mark.parametrize(
    ("func", "args", "verdict", "kept"),
    [
        ("main", '{"what":"stop"}', "succeeded", {"a": 1, "pq_toggle_key": True}),
        ("main", '{"what":"discard"}', "discarded", {"a": 1}),
        ("main", '{"what":"bare"}', "succeeded", {"pq_dwg_width": 2}),
        ("main_keys", "{}", "succeeded", {"pq_toggle_key": True, "pq_dwg_width": 2}),
    ],
)
def test_scripts_that_answer(queue: Queue, run: Any, func: str, args: str, verdict: str, kept: Any) -> None:
    """A script's answers and keys reach the outcome as plain JSON, and its other values as they are."""
    outcome = run(queue.job(queue.script(FUNCTIONS, "steps.py"), func=func, args=args))
    found = data(outcome)
    assert (outcome.verdict, outcome.error) == (verdict, None)
    assert {key: found[key] for key in kept} == kept
    assert func == "main" or "$enum" in found["a"]


def test_answers_cost_only_those_who_use_them() -> None:
    """Neither the runner nor a verdict imports answers, typing or inspect."""
    code = (
        "from perqueue.runner.forkserver import main\nfrom perqueue.runner.function import call_for\n"
        "from perqueue.runner.returned import judge, judge_value\n"
        "judge((True, {'pq_dwg_width': 3})), judge_value(3, 'f'), call_for(lambda x: x, None, {}, {})\n"
        "print([n for n in ('perqueue.core.answers', 'perqueue.core.keys', 'typing', 'inspect') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == "[]"
