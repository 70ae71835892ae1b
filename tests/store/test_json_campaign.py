"""A campaign in a queue that JSON files keep, with the real supervisor; moved to SQLite and on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.program import Pq, caller, settle, states
from tests.queues import script

from perqueue import DynamicWidthGroup, PersistentQueue, Selection, StaticWidthGroup, Task
from perqueue.engine.folder import need_folder
from perqueue.store.replay import replayed
from perqueue.testing.contracts.whole_state import differences, history


@pytest.fixture
def pq(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> Pq:
    """``pq`` in a folder whose configuration chooses the store, with two scripts."""
    config = queue_folder / "perqueue.toml"
    config.write_text(config.read_text() + '\n[queue]\nstore = "json"\n')
    script(queue_folder, "add.py", "def main(x=0, **_):\n    return True, {'x': x + 1, 'pq_dwg_width': 3}\n")
    script(queue_folder, "bad.py", "def main(**_):\n    raise ValueError('no luck')\n")
    return caller(capsys)


def test_a_campaign_runs_and_is_moved_on_the_way(pq: Pq) -> None:
    """Groups, a failure, a resubmission: as in any queue, before the move and after it; the history is one."""
    add, wide = Task("add.py", {"x": 1}, "local:1m"), StaticWidthGroup(Task("add.py", None, "local:1m"), 4)
    with PersistentQueue() as queue:
        queue.submit(add >> DynamicWidthGroup(Task("add.py", None, "local:1m")) >> wide)
        queue.submit(Task("bad.py", None, "local:1m"))
    assert need_folder().store == "json"
    settle()
    assert sorted(states().values()) == ["failed"] + ["succeeded"] * 8
    with PersistentQueue() as queue:
        assert queue.get_entries()[0].data == {"x": 2, "pq_dwg_width": 3}
    Path("bad.py").write_text("def main(**_):\n    return True, {'x': 7}\n")
    pq("migrate", "--to", "sqlite")
    assert need_folder().store == "sqlite"
    with PersistentQueue() as queue:
        (failed,) = Selection(states="f").filter(queue.get_entries())
        queue.resubmit(failed)
        queue.submit(Task("add.py", {"x": 5}, "local:1m"))
    settle()
    assert set(states().values()) == {"succeeded"}
    store = need_folder().open_store()
    try:
        with store.snapshot() as shown:
            assert differences(history(replayed(shown)), history(shown)) == {}
            assert [event.seq for event in shown.log()] == list(range(1, len(shown.log()) + 1))
    finally:
        store.close()
