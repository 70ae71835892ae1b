"""How files of older formats become today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from perqueue.core.events import Admitted, Ended
from perqueue.core.invariants import broken
from perqueue.core.planner import plan
from perqueue.core.records import Outcome, Verdict
from perqueue.core.states import EntryState
from perqueue.engine.requests import resubmit
from perqueue.store.sqlite import SqliteStore, schema
from perqueue.store.sqlite.schema import VERSION, NewerFileError, OlderFileError, migrate

STEPS = {
    VERSION: """
        ALTER TABLE tasks ADD COLUMN label TEXT NOT NULL DEFAULT 'a;b';
        CREATE TRIGGER told AFTER INSERT ON tasks BEGIN
            UPDATE counters SET task = task + 1;
            UPDATE counters SET graph = graph + 1;
        END;
    """,
    VERSION + 1: "UPDATE tasks SET label = 'it''s; two';",
}


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "queue.db")
    SqliteStore.create(found)
    return found


@pytest.fixture
def connection(path: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute("INSERT INTO tasks VALUES (1, 'n', 'c', 'f', '{}', 'local', 'local', 1, NULL, '', NULL)")
        yield sql


def dump(sql: sqlite3.Connection) -> list[str]:
    """Everything in the file that a migration could change."""
    return [*sql.iterdump(), f"version {version(sql)}"]


def version(sql: sqlite3.Connection) -> int:
    found: int = sql.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_an_older_file_is_brought_to_the_present_step_by_step(connection: sqlite3.Connection, path: str) -> None:
    """All steps from the file's format to the present one run in order, semicolons inside statements included."""
    migrate(connection, path, STEPS, VERSION + 2)
    assert version(connection) == VERSION + 2
    assert connection.execute("SELECT label FROM tasks").fetchall() == [("it's; two",)]
    connection.execute("INSERT INTO tasks VALUES (2, 'n', 'c', 'f', '{}', 'local', 'local', 1, NULL, '', NULL, '')")
    assert connection.execute("SELECT task, graph FROM counters").fetchall() == [(1, 1)]


def test_a_file_of_the_present_format_is_left_alone(connection: sqlite3.Connection, path: str) -> None:
    """Nothing runs on a file that is up to date."""
    before = dump(connection)
    migrate(connection, path, {VERSION: "DROP TABLE tasks;"}, VERSION)
    assert dump(connection) == before


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE tasks SET label = 'x'; UPDATE nothing SET x = 1;",
        "DROP TABLE sources; INSERT INTO counters VALUES (1, 0, 0, 0, 0, 0);",
        "UPDATE tasks SET label = 'never closed",
    ],
)
def test_a_failing_step_is_rolled_back_with_those_before_it(
    connection: sqlite3.Connection, path: str, broken: str
) -> None:
    """When a step fails, the file is as it was before the first."""
    before = dump(connection)
    with pytest.raises(sqlite3.Error):
        migrate(connection, path, {**STEPS, VERSION + 1: broken}, VERSION + 2)
    assert not connection.in_transaction
    assert dump(connection) == before
    migrate(connection, path, STEPS, VERSION + 2)


def test_a_missing_step_is_refused_in_words(connection: sqlite3.Connection, path: str) -> None:
    """A format from which no step leads on is named, and the file is left alone."""
    before = dump(connection)
    with pytest.raises(OlderFileError, match=f"has format {VERSION}, which this perqueue no longer reads"):
        migrate(connection, path, {VERSION + 1: STEPS[VERSION + 1]}, VERSION + 2)
    assert dump(connection) == before


def test_a_newer_file_is_refused_in_words(connection: sqlite3.Connection, path: str) -> None:
    """A format that is not known yet is named, and the file is left alone."""
    connection.execute("PRAGMA user_version = 77")
    before = dump(connection)
    with pytest.raises(NewerFileError, match=f"has format 77, this perqueue knows formats up to {VERSION}"):
        migrate(connection, path, STEPS, VERSION + 2)
    assert dump(connection) == before


class Overtaken(sqlite3.Connection):
    """A connection that loses every race for the lock: another process migrates to ``to`` first."""

    path: str
    to: int

    def execute(self, statement: str, *arguments: object) -> sqlite3.Cursor:
        if statement == "BEGIN IMMEDIATE":
            with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
                migrate(other, self.path, {**STEPS, VERSION + 2: "DROP TABLE sources;"}, self.to)
        return super().execute(statement, *arguments)  # type: ignore[arg-type]


@pytest.fixture
def overtaken(path: str) -> Iterator[Overtaken]:
    with closing(sqlite3.connect(path, isolation_level=None, factory=Overtaken)) as sql:
        sql.path = path
        yield sql


def test_two_that_migrate_at_once_do_it_once(overtaken: Overtaken, path: str) -> None:
    """Who waits for another's migration finds nothing left to do."""
    overtaken.to = VERSION + 2
    migrate(overtaken, path, STEPS, VERSION + 2)
    assert version(overtaken) == VERSION + 2


def test_a_newer_perqueue_that_migrates_first_wins(overtaken: Overtaken, path: str) -> None:
    """Who waits while a newer perqueue migrates further refuses the file and leaves its format alone."""
    overtaken.to = VERSION + 3
    with pytest.raises(NewerFileError):
        migrate(overtaken, path, STEPS, VERSION + 2)
    assert version(overtaken) == VERSION + 3
    assert not overtaken.in_transaction


def test_opening_migrates(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store brings its file up to date when it is opened."""
    asked = []
    monkeypatch.setattr(schema, "migrate", lambda sql, name: asked.append((version(sql), name)))
    SqliteStore(path).close()
    assert asked == [(schema.VERSION, path)]


def test_there_is_a_step_from_every_older_format() -> None:
    """Files of all formats from 1 on can be brought to the present one."""
    assert set(schema.MIGRATIONS) == set(range(1, schema.VERSION))


@pytest.fixture
def first_format(tmp_path: Path) -> SqliteStore:
    """A queue of format 1, as the perqueue of that time left it, opened by this one."""
    path = str(tmp_path / "old.db")
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(Path(__file__).with_name("format_1.sql").read_text())
    return SqliteStore(path)


def test_a_queue_of_the_first_format_goes_on(first_format: SqliteStore) -> None:
    """What was under way in a queue of format 1 is brought to its end, and what was discarded may run again."""
    with closing(first_format) as store, store.transaction() as state:
        entries = [row.entry for row in state.rows()]
        frames = [found for number in range(1, state.counters().frame + 1) if (found := state.frame(number))]
        assert "".join(entry.state.letter for entry in entries) == "ssgwdgxx"
        assert broken(state, entries, frames) == []
        resubmit(state, [5])
        for _ in range(5):
            for key in state.ready("local", 9):
                number = state.rows([key]).__next__().entry.attempt + 1
                ended = Ended(1.0, key, number, Outcome(Verdict.succeeded, "returned", data=f'{{"of":{key}}}'))
                for event in (Admitted(0.0, key), ended):
                    state.apply(plan(state, [event]), [event])
        assert {row.entry.state for row in state.rows()} == {EntryState.succeeded}
        assert state.text(state.rows([4]).__next__().entry.source) == '{"y":2,"of":3}'
