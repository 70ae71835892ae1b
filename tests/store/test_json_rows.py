"""Records as JSON: all that attrs knows of them, and nothing that is as usual."""

from __future__ import annotations

import json
import types
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.decision import Counters
from perqueue.core.flags import refused_flag
from perqueue.core.graph import Node, Scope
from perqueue.core.records import Attempt, Context, Entry, Frame, Outcome, PendingStop, Source, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import REASONS, Retry
from perqueue.store.jsonl.lines import text, value
from perqueue.store.jsonl.rows import row_in, row_out
from perqueue.store.protocol import Lease

KINDS = (Entry, Frame, Source, Attempt, StoredTask, Context, PendingStop, Counters, Lease, Node, Scope)

texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(["\ud83d\ude00", "\0", "\u2028"])
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]*", fullmatch=True)
words = st.lists(st.from_regex(r"[!-~]+", fullmatch=True), max_size=3).map(tuple)
flags = words.map(lambda found: tuple(f"-{word}" for word in found)).filter(
    lambda found: all(refused_flag(word) is None for word in found)
)
resources = st.builds(
    Resources,
    st.integers(1, 999),
    st.integers(1, 10**6),
    st.none() | names,
    st.none() | st.integers(1, 99),
    st.booleans(),
    st.integers(0, 9),
    memory=st.none() | st.integers(1, 10**6),
    nodes=st.none() | st.integers(1, 99),
    exclusive=st.booleans(),
    gpu_type=st.none() | names,
    flags=flags,
    avoid=words,
)
retries = st.builds(
    Retry,
    st.integers(0, 9),
    st.lists(st.sampled_from(REASONS), unique=True).map(tuple),
    st.floats(1, 100),
    st.floats(1, 100),
    st.booleans(),
    st.none() | st.integers(1, 10**6),
    st.none() | st.integers(1, 10**6),
)
st.register_type_strategy(Resources, resources)
st.register_type_strategy(Retry, retries)
st.register_type_strategy(str, texts)
st.register_type_strategy(float, st.floats(allow_nan=False))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_any_record_comes_back(kind: type[Any], data: st.DataObject) -> None:
    """Law: a record of any kind, with any values in any of its fields, comes back from its line as it was."""
    record = data.draw(st.from_type(kind))
    line = text(row_out(record))
    assert b"\n" not in line
    assert b"\0" not in line
    assert row_in(kind, value(line)) == record


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_as_usual_is_left_out(kind: type[Any], data: st.DataObject) -> None:
    """Only fields without a default, and those that are not at it, are written."""
    record = data.draw(st.from_type(kind))
    row = row_out(record)
    for field in attrs.fields(kind):
        usual = field.default is not attrs.NOTHING and getattr(record, field.name) == field.default
        assert (field.name in row) is not usual


def test_a_record_reads_well() -> None:
    """Resources are the string that users know, or an object; what is usual takes no room."""
    task = StoredTask("a", "/a.py", "main", "{}", Resources.parse("24:xeon24:10m"), "slurm:xeon24", 1)
    assert row_out(task) == {
        "name": "a", "code": "/a.py", "func": "main", "args": "{}", "resources": "24:xeon24:10m",
        "executor": "slurm:xeon24", "context": 1,
    }  # fmt: skip
    more = attrs.evolve(task, resources=Resources(memory=4096), retry=Retry(3))
    assert row_out(more)["resources"] == {"memory": 4096}
    assert row_out(more)["retry"] == {"times": 3}
    outcome = Outcome(Verdict.succeeded, "returned")
    attempt = Attempt(1, 1, "local", 2.0, outcome=outcome)
    assert row_out(attempt)["outcome"] == {"verdict": "succeeded", "reason": "returned"}


def test_a_file_without_a_new_field_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields that came later have their defaults; those that only a newer perqueue knows are left alone."""
    older = json.loads('{"key":1,"graph":1,"frame":1,"copy":0,"node":0,"task":1,"executor":"local"}')
    assert row_in(Entry, older) == Entry(1, 1, 1, 0, 0, 1, "local")
    assert row_in(Entry, {**older, "mood": "good"}) == Entry(1, 1, 1, 0, 0, 1, "local")


def test_a_type_that_is_not_known_is_refused() -> None:
    """A new field of a type that has no JSON is found when it is first written, by its type."""
    made = types.new_class("Odd", (), {}, lambda body: body.update(__annotations__={"when": complex}))
    odd = attrs.frozen(made)
    with pytest.raises(TypeError, match="no JSON is known for <class 'complex'>"):
        row_out(odd(1j))
