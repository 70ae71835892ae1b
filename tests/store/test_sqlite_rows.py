"""Records become rows and come back, whatever stands in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.records import Attempt, Entry, Frame, FrameState, Outcome, Standing, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.states import EntryState
from perqueue.store.sqlite import rows
from perqueue.store.sqlite.schema import TABLES

integers = st.integers(-(2**63), 2**63 - 1)
whole = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(), max_size=20) | st.text(st.characters(categories=["Cs"]), max_size=2)
times = st.floats(allow_nan=False)
series = st.lists(whole, max_size=6).map(tuple)


entries = st.builds(
    Entry, whole, whole, whole, whole, whole, whole, st.just("local"), st.sampled_from(EntryState), whole, whole,
    integers, whole, whole, texts, series, series, whole,
)  # fmt: skip
frames = st.builds(
    Frame, whole, whole, whole, whole, integers, integers, whole, st.sampled_from(FrameState), whole, whole, whole,
    whole, integers, integers, series, series, whole, whole, st.sampled_from(Standing), integers, integers,
    whole, whole,
)  # fmt: skip
outcomes = st.builds(
    Outcome, st.sampled_from(Verdict), texts, texts, texts, st.none() | texts, st.none() | times, st.none() | times,
    texts, st.none() | whole, st.none() | whole, st.none() | times,
)  # fmt: skip
attempts = st.builds(
    Attempt, whole, whole, st.just("local"), times, st.none() | times, st.none() | times, texts, st.none() | whole,
    texts, st.none() | outcomes,
)  # fmt: skip
partitions = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,8}", fullmatch=True).filter(lambda name: name != "s")
small = st.integers(1, 10**6)
resources = st.builds(
    Resources, small, small, partitions | st.just("local"), st.none() | small, st.booleans(), st.integers(0, 99)
)
tasks = st.builds(StoredTask, texts, texts, texts, texts, resources, st.just("local"), whole, st.none() | texts, texts)


@pytest.fixture(scope="module")
def sql() -> Iterator[sqlite3.Connection]:
    """Our tables in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(TABLES)
        yield connection


def through(sql: sqlite3.Connection, table: str, row: rows.SqlRow) -> tuple[object, ...]:
    """The row as the table gives it back."""
    sql.execute(f"DELETE FROM {table}")
    sql.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    found: tuple[object, ...] = sql.execute(f"SELECT * FROM {table}").fetchone()
    return found


@given(entry=entries)
def test_entries(sql: sqlite3.Connection, entry: Entry) -> None:
    """An entry is what its row says."""
    assert rows.entry_in(through(sql, "entries", rows.entry_out(entry))) == entry


@given(frame=frames)
def test_frames(sql: sqlite3.Connection, frame: Frame) -> None:
    """A frame is what its row says."""
    assert rows.frame_in(through(sql, "frames", rows.frame_out(frame))) == frame


@given(attempt=attempts)
def test_attempts(sql: sqlite3.Connection, attempt: Attempt) -> None:
    """An attempt and its outcome are what their row says."""
    assert rows.attempt_in(through(sql, "attempts", rows.attempt_out(attempt))) == attempt


@given(number=whole, task=tasks)
def test_tasks(sql: sqlite3.Connection, number: int, task: StoredTask) -> None:
    """A stored task is what its row says, and its number stands first."""
    kept = through(sql, "tasks", rows.task_out(number, task))
    assert kept[0] == number
    assert rows.task_in(kept[1:]) == task


@pytest.mark.parametrize("retry", [None, Retry(), Retry(3, "oom", 2, 1.5, False, "24h", "64G"), Retry(max_memory=1)])
def test_policies(retry: Retry | None) -> None:
    """A policy is what its text says."""
    assert rows.retry_in(rows.retry_out(retry)) == retry


def test_policies_of_earlier_and_later_days() -> None:
    """What an earlier perqueue wrote is read, and what has no limits is written as an earlier one reads it."""
    text = '{"times":2,"on":["walltime","oom"],"time":1.5,"memory":2.0,"avoid":true}'
    assert rows.retry_in(text) == Retry(2, ["walltime", "oom"])
    assert rows.retry_out(Retry(2, ["walltime", "oom"])) == text


@given(text=texts)
def test_texts(text: str) -> None:
    """Any text comes back, and only what is no Unicode text is kept as bytes."""
    kept = rows.text_out(text)
    assert rows.text_in(kept) == text
    assert isinstance(kept, bytes) == any("\ud800" <= letter <= "\udfff" for letter in text)


@given(numbers=st.lists(integers).map(tuple))
def test_numbers(numbers: tuple[int, ...]) -> None:
    """A tuple of whole numbers comes back."""
    assert rows.numbers_in(rows.numbers_out(numbers)) == numbers
