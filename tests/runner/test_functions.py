"""Typed functions in real processes: how they are reached, and what they are called with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.runner.reading import data, failure

from perqueue.engine.launches import import_paths
from perqueue.runner.function import call_for

if TYPE_CHECKING:
    from tests.runner.conftest import Bench


KINDS = """
from functools import wraps
def step(n, /, *, by, plus=0): return n * by + plus
def free(*, a): return [a]
def nothing(): return "made"
def default(n=5): return n
def places(x, pq_index, pq_iteration=None): return [pq_index, pq_iteration]
def inner(pq_index): return pq_index
class Held:
    @staticmethod
    def static(x): return x + 1
    @classmethod
    def of_class(cls, x): return [cls.__name__, x]
    class Deeper:
        @staticmethod
        def down(x): return [x]
def loud(function):
    @wraps(function)
    def louder(*args, **kwargs): return [function(*args, **kwargs)]
    return louder
@loud
def wrapped(x, pq_index): return [x, pq_index]
class Callable:
    def __call__(self, x): return x
called = Callable()
biggest = max
"""


@pytest.mark.parametrize(
    ("func", "fields", "result"),
    [
        ("step", {"input": '{"pq_value":3}', "args": '{"by":2,"plus":1}'}, 7),
        ("free", {"input": '{"pq_value":3}', "args": '{"a":1}'}, [1]),
        ("nothing", {"input": '{"x":3}'}, "made"),
        ("places", {"special": {"pq_index": [1, 0]}}, [[1, 0], None]),
        ("places", {"special": {"pq_index": [1], "pq_iteration": [2]}}, [[1], [2]]),
        ("inner", {"input": '{"pq_value":9}', "special": {"pq_index": [1]}}, 9),
        ("Held.static", {"input": '{"pq_value":1}'}, 2),
        ("Held.of_class", {"input": '{"pq_value":1}'}, ["Held", 1]),
        ("Held.Deeper.down", {"input": '{"pq_value":1}'}, [1]),
        ("wrapped", {"input": '{"pq_value":1}', "special": {"pq_index": [4], "pq_iteration": [2]}}, [[1, [4]]]),
        ("called", {"input": '{"pq_value":1}'}, 1),
        ("biggest", {"input": '{"pq_value":[1,2]}'}, 2),
    ],
)
def test_calls(bench: Bench, func: str, fields: Any, result: Any) -> None:
    """The first positional parameter gets the upstream value; arguments go by name, perqueue's own where named."""
    outcome = bench.call(KINDS, func, **fields)
    assert (outcome.verdict, outcome.reason, outcome.error) == ("succeeded", "returned", None)
    assert data(outcome) == {"pq_value": result}


def test_runs_both_ways(both: Bench) -> None:
    """A function runs as an import of its module, with its folders on the path, forked or alone."""
    (both.queue.folder / "beside.py").write_text("FACTOR = 3")
    outcome = both.call("import beside\ndef step(n): return [n * beside.FACTOR, __name__]", input='{"pq_value":2}')
    assert data(outcome) == {"pq_value": [6, "steps1"]}


def test_raising(both: Bench) -> None:
    """An exception in a function is told with the traceback from its own frame on."""
    outcome = both.call("def step(x): return x['energy']", input="{}")
    assert (outcome.reason, failure(outcome).type) == ("raised", "KeyError")
    assert "steps1.py" in failure(outcome).traceback.splitlines()[1]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("def (:", "SyntaxError"),
    ],
)
def test_raising_while_imported(both: Bench, line: str, kind: str) -> None:
    """What a module raises while it is imported is its own failure, with a traceback that shows nothing of ours."""
    outcome = both.call(f"{line}\ndef step(): return 1")
    assert (outcome.reason, failure(outcome).type) == ("raised", kind)
    assert "steps1.py" in failure(outcome).traceback
    assert "importlib" not in failure(outcome).traceback
    assert "perqueue/runner" not in failure(outcome).traceback


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        ({"module": "no.such"}, "ModuleMissingError", "'no.such'"),
        ({"module": "steps1.sub"}, "ModuleMissingError", "'steps1.sub'"),
        ({"func": "gone"}, "NotThatFunctionError", "'gone'"),
        ({"func": "Held.gone"}, "NotThatFunctionError", "'Held.gone'"),
        ({"func": "number"}, "NotThatFunctionError", "int"),
        ({"module": "__main__", "func": "gone"}, "NotThatFunctionError", "'gone'"),
        ({"module": "__main__", "code": "/nonexistent/submit.py"}, "ScriptUnreadableError", "/nonexistent/submit.py"),
        ({"code": "/nonexistent/steps1.py", "module": "nowhere"}, "ModuleMissingError", "/nonexistent/steps1.py"),
    ],
)
def test_functions_out_of_reach(bench: Bench, fields: Any, kind: str, told: str) -> None:
    """A function that can't be reached fails the launch, and the message says what is missing and where it was."""
    outcome = bench.call("class Held: pass\nnumber = 3\ndef step(): return 1", **({"func": "step"} | fields))
    assert (outcome.verdict, outcome.reason, failure(outcome).type) == ("failed", "launch", kind)
    assert told in failure(outcome).message
    assert failure(outcome).traceback == ""


def test_another_module_of_the_name(bench: Bench) -> None:
    """A module that hides the one that was meant is not taken for it."""
    other = bench.queue.folder / "other"
    other.mkdir()
    (other / "relax.py").write_text("def step(): return 'wrong'")
    job = bench.job("def step(): return 'right'", "step", file="relax.py")
    outcome = bench.run(job._replace(paths=[str(other), *job.paths]))
    assert (outcome.reason, failure(outcome).type) == ("launch", "OtherModuleError")
    assert str(other / "relax.py") in failure(outcome).message
    assert job.code in failure(outcome).message


def test_a_module_of_a_package(both: Bench) -> None:
    """A function of a package's module is imported as a part of it, so that relative imports work."""
    package = both.queue.folder / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("SIZE = 4")
    both.queue.script("from . import SIZE\ndef step(x): return x * SIZE", "pack/mod.py")
    job = both.queue.job(package / "mod.py", func="step", module="pack.mod", input='{"pq_value":2}')
    assert data(both.run(job._replace(paths=[str(both.queue.folder)]))) == {"pq_value": 8}


@pytest.mark.parametrize(
    ("body", "fields", "parts"),
    [
        ("def step(x, a): return 1", {}, ("it needs 'a'", "no arguments")),
        ("def step(x, a): return 1", {"args": '{"a":1,"b":2}'}, ("does not take 'b' (from args)",)),
        ("def step(x): return 1", {"args": '{"x":1}'}, ("'x' (from args)", "first parameter", "upstream value")),
        ("def step(x, pq_index): return 1", {}, ("it needs 'pq_index'",)),
        ("def step(x, y, /): return 1", {}, ("it needs 'y'",)),
    ],
)
def test_refused_arguments(bench: Bench, body: str, fields: Any, parts: tuple[str, ...]) -> None:
    """A call that the function refuses is told with what is missing or too many, and where it came from."""
    outcome = bench.call(body, **fields)
    assert (outcome.reason, failure(outcome).type) == ("raised", "TypeError")
    for part in parts:
        assert part in failure(outcome).message


@pytest.mark.parametrize(
    ("module", "code", "paths"),
    [
        ("", "/w/slab/relax.py", ("/w", "/w/slab")),
        ("__main__", "/w/slab/submit.py", ("/w/slab", "/w")),
        ("__main__", "/w/submit.py", ("/w",)),
        ("steps", "/w/slab/steps.py", ("/w/slab", "/w")),
        ("steps", "/w/steps.py", ("/w",)),
        ("pack.sub.mod", "/src/pack/sub/mod.py", ("/src", "/w")),
        ("pack.sub", "/src/pack/sub/__init__.py", ("/src", "/w")),
        ("pack.mod", "/elsewhere/mod.py", ("/w", "/elsewhere")),
        ("pack.mod", "/env/lib/python3/site-packages/pack/mod.py", ("/w",)),
    ],
)
def test_import_paths(module: str, code: str, paths: tuple[str, ...]) -> None:
    """The folder from which a module's name leads to its file comes first, so that no other is found under the name."""
    assert import_paths(module, code, "/w") == paths


def test_calls_without_processes() -> None:
    """Callables whose parameters can't be read off their code are read by their signature, or else get the value."""

    def add(x: int, pq_index: list[int]) -> int:
        return x + pq_index[0]

    class Sum:
        def __call__(self, x: int, /, pq_index: int) -> None: ...

    special = {"pq_index": [1], "pq_iteration": [2]}
    for function in (add, Sum()):
        call = call_for(function, {"pq_value": 1}, {}, special)
        assert call == ((1,), {"args": {}, "perqueue": {"pq_index": [1]}})
    assert call_for(max, {"pq_value": 1}, {}, special) == ((1,), {"args": {}, "perqueue": {}})
    assert call_for(lambda *values: 0, None, {}, special).positional == (None,)
    assert call_for(lambda **names: 0, None, {"a": 1}, special) == ((), {"args": {"a": 1}, "perqueue": {}})


def test_decorated_functions(both: Bench) -> None:
    """Under ``@task`` there is the function itself, whatever else stands above or below the decorator."""
    body = """
    from functools import wraps
    from perqueue import task
    def loud(function):
        @wraps(function)
        def louder(*args, **kwargs): return ["loud", function(*args, **kwargs)]
        return louder
    @task("local:1m")
    def step(x: int, by: int = 2) -> int: return x * by
    @task("local:1m")
    @loud
    def below(x: int) -> int: return x
    @loud
    @task("local:1m")
    def above(x: int) -> int: return x
    """
    given = {"input": '{"pq_value":3}'}
    for module in ("steps", "__main__"):
        assert data(both.call(body, module=module, file="steps.py", args='{"by":5}', **given)) == {"pq_value": 15}
        assert data(both.call(body, "below", module=module, file="steps.py", **given)) == {"pq_value": ["loud", 3]}
        assert data(both.call(body, "above", module=module, file="steps.py", **given)) == {"pq_value": 3}
