"""Values of typed functions in real processes: what they are given, and what is kept of what they return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runner.reading import data, failure

from perqueue.codec import decode_mapping, encode, encode_mapping, no_blobs
from perqueue.runner.function import upstream
from perqueue.runner.returned import judge_value

if TYPE_CHECKING:
    from tests.runner.conftest import Bench


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("{}", {}),
        ('{"a":1,"pq_dwg_width":3}', {"a": 1}),
        ('{"pq_toggle_key":true,"pq_max_tries":3,"pq_switch_key":"a"}', {}),
        ('{"pq_value":null,"pq_toggle_key":false}', None),
        ('{"pq_value":{"$tuple":[1,2]}}', "(1, 2)"),
        ('{"$dict":[[1,2],["a",3]]}', "{1: 2, 'a': 3}"),
    ],
)
def test_upstream_values(bench: Bench, text: str | None, value: Any) -> None:
    """What a parent returned is the value: without keys that decide groups; nothing is None, an empty dict is one."""
    outcome = bench.call(
        "def step(x): return [x if x is None or x == {} or 'b' not in 'ab' else x, repr(x)]", input=text
    )
    found = data(outcome)["pq_value"]
    assert found[1] == (value if isinstance(value, str) else repr(value))


def test_large_inputs(bench: Bench) -> None:
    """A value that comes in a file is the same."""
    path = bench.queue.folder / "input.json"
    path.write_text(json.dumps({"pq_value": list(range(1000))}))
    assert data(bench.call("def step(x): return sum(x)", input_file=str(path))) == {"pq_value": 499500}
    path.write_text(json.dumps({"x": "a" * 100_000}))
    job = bench.job("def step(x, a): return [len(x['x']), len(a)]", "step", input=path.read_text())
    assert data(bench.run(job._replace(args=json.dumps({"a": "b" * 70_000})))) == {"pq_value": [100_000, 70_000]}


@pytest.mark.parametrize(
    ("returned", "stored"),
    [
        ("None", None),
        ("{}", {}),
        ("{'a': 1}", {"a": 1}),
        ("{'a': 1, 'pq_dwg_width': 2}", {"a": 1, "pq_dwg_width": 2}),
        ("{'$a': 1}", {"$dict": [["$a", 1]]}),
        ("{'pq_value': 1}", {"pq_value": {"pq_value": 1}}),
        ("{1: 2}", {"pq_value": {"$dict": [[1, 2]]}}),
        ("collections.OrderedDict", None),
        ("False", {"pq_value": False}),
        ("(True, {'a': 1})", {"pq_value": {"$tuple": [True, {"a": 1}]}}),
        ("[1, 'a']", {"pq_value": [1, "a"]}),
        ("float('nan')", {"pq_value": {"$float": "nan"}}),
    ],
)
def test_stored_forms(bench: Bench, returned: str, stored: Any) -> None:
    """A dict of names is stored as it is, None as nothing, anything else under a key of perqueue's."""
    outcome = bench.call(f"import collections\ndef step(): return {returned}")
    if returned.startswith("collections"):
        assert outcome.reason == "unstorable"
    else:
        assert (outcome.verdict, data(outcome)) == ("succeeded", stored)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda parts: (
        st.lists(parts)
        | st.tuples(parts, parts)
        | st.dictionaries(st.text() | st.sampled_from(["pq_value", "$tuple"]), parts)
        | st.dictionaries(st.integers(), parts)
    ),
    max_leaves=8,
)


@given(values)
def test_value_law(value: Any) -> None:
    """What a function returns is what the next one is given, with its types."""
    kept = judge_value(value, "step").data
    if kept is None:
        assert value is None
        return
    text, refused = encode_mapping(kept, no_blobs)
    again = upstream(decode_mapping(text, no_blobs))
    assert not refused
    assert again == value
    assert encode(again, no_blobs) == encode(value, no_blobs)


def test_arrays_travel(bench: Bench) -> None:
    """An array is a value like any other, and large ones go through blobs."""
    body = "import numpy as np\ndef make(): return np.arange(9000)\ndef total(x): return float(x.sum())"
    made = bench.call(body, "make")
    assert made.data is not None
    assert len(made.data) < 500
    assert data(bench.call(body, "total", input=made.data)) == {"pq_value": 40495500.0}


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("def step(): return open", ("The value that 'step' returned", "its type is 'builtin_function_or_method'")),
        ("def step(): return {'a': 1, 'f': {'g': [object()]}}", ("'step'", "type of 'f.g[0]' in it is 'object'")),
        ("def step(): return [1, {2}, map(str, ())]", ("'step'", "type of '[2]' in it is 'map'", "list(...)")),
        ("def step(): return {'pq_valued': open}", ("'pq_valued'",)),
    ],
)
def test_unstorable_values(bench: Bench, body: str, parts: tuple[str, ...]) -> None:
    """What can't be stored fails the entry, and the message names the function, the type and what to do."""
    outcome = bench.call(body)
    assert (outcome.verdict, outcome.reason) == ("failed", "unstorable")
    for part in parts:
        assert part in failure(outcome).message
    assert data(outcome) == ({"a": 1} if "'a'" in body else {})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def step():\n    yield 1", "a generator"),
        ("async def step(): return 1", "a coroutine"),
        ("async def step():\n    yield 1", "an asynchronous generator"),
        ("from perqueue import Stop\ndef step(): return Stop(x for x in 'ab')", "a generator"),
    ],
)
def test_lazy_values(bench: Bench, body: str, told: str) -> None:
    """Something that has yet to run is no value: it fails, nothing is stored, and the message says what to return."""
    job = bench.job(body, "step")
    outcome = bench.run(job)
    assert (outcome.verdict, outcome.reason, outcome.data) == ("failed", "bad-return", None)
    assert f"'step' returned {told}" in failure(outcome).message
    assert "never awaited" not in bench.queue.log(job)


def test_script_tasks_take_what_functions_return(bench: Bench) -> None:
    """A script gets the value of a function under a name, and a function the dict of a script."""
    made = bench.call("def step(): return [1]")
    outcome = bench.run(bench.queue.job("def main(pq_value): return True, {'n': pq_value}", input=made.data))
    assert data(outcome) == {"n": [1]}
    assert data(bench.call("def step(d): return d['n']", input=outcome.data)) == {"pq_value": [1]}


def test_types_of_values(bench: Bench) -> None:
    """Values keep their types between functions, also those of numpy."""
    text = encode({"pq_value": (np.float32(1.5), {1, 2}, Path("/x"))}, no_blobs)
    outcome = bench.call("def step(x): return [type(one).__name__ for one in x]", input=text)
    assert data(outcome) == {"pq_value": ["float32", "set", "PosixPath"]}
