"""``pq resubmit``, ``cancel``, ``rm``, ``modify`` and ``init``: what they change, ask and refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.cli.program import PQ, Pq, settle, states, wait_for
from tests.queues import script

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.engine.driver import listening
from perqueue.engine.folder import open_folder


def attempts(pq: Pq, key: int) -> int:
    return len(json.loads(pq("show", str(key), "--json").out)["attempts"])


def test_resubmit_runs_what_failed_again(campaign: Pq, queue_folder: Path) -> None:
    """Without options failed and timed-out entries run again, and what waits behind them follows."""
    script(queue_folder, "bad.py", "def main(**_):\n    return True, {'x': 9}\n")
    assert "resubmitted 1 entry: 2" in campaign("resubmit").out
    assert settle() == {1: "succeeded", 2: "succeeded", 3: "succeeded", 4: "succeeded"}
    assert [attempts(campaign, key) for key in (1, 2, 3, 4)] == [1, 2, 1, 1]


def test_resubmit_by_state_leaves_out_what_cant_run(campaign: Pq) -> None:
    """Chosen by state or name, entries that can't be resubmitted are skipped with a note."""
    found = campaign("resubmit", "-n", "b*")
    assert "resubmitted 1 entry: 2" in found.out
    assert "left out 1 entry" in found.err
    settle()


def test_resubmit_by_key_refuses_what_cant_run(campaign: Pq) -> None:
    """Named by key, an entry that can't be resubmitted is an error, and nothing is changed."""
    assert "entry 3" in campaign("resubmit", "-i", "1,3", status=2).err
    assert attempts(campaign, 1) == 1


def test_nothing_to_resubmit_is_no_error(pq: Pq) -> None:
    """In a queue without failures there is nothing to do."""
    pq("init")
    assert pq("resubmit").out == "nothing to resubmit\n"


def test_cancel_stops_what_runs(pq: Pq) -> None:
    """A running entry that is cancelled ends as failed."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local:5m"))
    wait_for(1, "running")
    assert "cancelled 1 entry: 1" in pq("cancel", "-s", "r").out
    assert settle() == {1: "failed"}


@pytest.mark.parametrize("command", ["cancel", "rm", "remove"])
def test_a_bare_word_changes_nothing(campaign: Pq, command: str) -> None:
    """Without saying which entries, nothing is cancelled or removed: status 2."""
    assert "say what to" in campaign(command, status=2).err
    assert len(states()) == 4


def test_remove_refuses_unasked_work_without_a_terminal(campaign: Pq) -> None:
    """Without a terminal to ask at and without --yes, nothing is removed; the refusal says how many it would be."""
    found = campaign("rm", "-i", "2", status=2)
    assert "2 entries" in found.err
    assert "--yes" in found.err
    assert len(states()) == 4


def test_remove_with_yes_takes_dependents_along(campaign: Pq) -> None:
    """``--yes`` removes the chosen entries and what depends on them."""
    assert "removed 2 entries" in campaign("rm", "-i", "2", "--yes").out
    assert set(states()) == {1, 4}
    assert "removed 2 entries" in campaign("rm", "--all", "--yes").out
    assert states() == {}


@pytest.mark.parametrize(("answer", "left"), [("y\n", {1, 4}), ("\n", {1, 2, 3, 4}), ("n\n", {1, 2, 3, 4})])
def test_remove_asks_at_a_terminal(campaign: Pq, answer: str, left: set[int]) -> None:
    """At a terminal it says how many would go and removes them only after a yes."""
    ours, theirs = os.openpty()
    process = subprocess.Popen([*PQ, "rm", "-i", "2"], stdin=theirs, stdout=subprocess.PIPE, text=True)
    os.close(theirs)
    os.write(ours, answer.encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert "this removes 2 entries: 1 chosen and 1 that depends on them" in out
    assert set(states()) == left


def test_an_unknown_key_changes_nothing(campaign: Pq) -> None:
    """A key that doesn't exist among those named is an error, and the others stay."""
    assert "99" in campaign("rm", "-i", "1,99", "--yes", status=2).err
    assert len(states()) == 4


def test_modify_keeps_the_function(pq: Pq, queue_folder: Path) -> None:
    """Changing arguments, resources or code leaves everything else of the task, ``func`` too, as it was."""
    script(queue_folder, "two.py", "def other(x=0, **_):\n    return True, {'other': x}\n")
    with PersistentQueue() as queue:
        queue.submit(Task("two.py", {"x": 1}, "local", func="other", name="mine"))
    settle()
    (queue_folder / "new.json").write_text('{"x": 17}')
    pq("modify", "a", "new.json", "-i", "1")
    pq("modify", "r", "2:local:5m", "-i", "1")
    script(queue_folder, "three.py", "def other(x=0, **_):\n    return True, {'third': x}\n")
    pq("modify", "c", "three.py", "-i", "1")
    pq("resubmit", "-i", "1")
    settle()
    told = json.loads(pq("show", "1", "--json").out)
    assert (told["func"], told["name"], told["resources"]) == ("other", "mine", "2:local:5m")
    assert told["data"] == {"third": 17}


def test_modify_everywhere(pq: Pq, queue_folder: Path) -> None:
    """``--all`` changes every entry of the task, without it only the one."""
    with PersistentQueue() as queue:
        queue.submit(StaticWidthGroup(Task("add.py", None, "local"), 3))
    settle()
    assert "changed 1 entry: 2" in pq("modify", "r", "local:7m", "-i", "2").out
    assert "changed 3 entries: 1-3" in pq("modify", "r", "local:9m", "-i", "2", "--all").out


def test_modify_in_an_editor(campaign: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a value, $EDITOR gets the present one, and what it leaves is taken."""
    editor = script(
        queue_folder,
        "editor.py",
        """
        import json, sys
        args = json.load(open(sys.argv[1]))
        args["x"] += 40
        json.dump(args, open(sys.argv[1], "w"))
        """,
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    campaign("modify", "a", "-i", "4")
    assert json.loads(campaign("show", "4", "--json").out)["args"] == {"x": 43}
    monkeypatch.setenv("EDITOR", "true")
    assert campaign("modify", "a", "-i", "4").out == "nothing was changed\n"


BAD_CHANGES: Final = [
    (["z", "1", "-i", "1"], "'z'"),
    (["a", "gone.json", "-i", "1"], "'gone.json'"),
    (["a", "list.json", "-i", "1"], "list"),
    (["a", "torn.json", "-i", "1"], "not JSON"),
    (["r", "2h30m", "-i", "1"], "2h30m"),
    (["r", "24:xeon24:2h", "-i", "1"], "xeon24"),
    (["c", "gone.py", "-i", "1"], "gone.py"),
    (["r", "local", "-i", "99"], "99"),
    (["r", "local"], "say what to modify: -i KEYS\n"),
]


def test_modify_refuses_what_cant_be(campaign: Pq, queue_folder: Path) -> None:
    """What can't be used is named in one line with status 2, and nothing is changed."""
    (queue_folder / "list.json").write_text("[1]")
    (queue_folder / "torn.json").write_text("{")
    before = campaign("ls", "--json").out
    for arguments, complaint in BAD_CHANGES:
        found = campaign("modify", *arguments, status=2)
        assert complaint in found.err
        assert len(found.err.splitlines()) == 1
    assert campaign("ls", "--json").out == before


def test_init_makes_a_queue_once(pq: Pq, queue_folder: Path) -> None:
    """A second ``init`` of the same folder is refused with status 2."""
    pq("init", "--folder")
    assert open_folder(str(queue_folder / ".perqueue")).store == "sqlite"
    assert "already" in pq("init", status=2).err


def test_init_force_in_a_subfolder_leaves_the_parents_queue(campaign: Pq, queue_folder: Path) -> None:
    """``--force`` below another queue makes a new one there, and touches the one above in nothing."""
    (queue_folder / "below").mkdir()
    before = open_folder(str(queue_folder / ".perqueue"))
    campaign("init", "below", "--force")
    assert open_folder(before.root) == before
    assert len(states()) == 4
    assert open_folder(str(queue_folder / "below" / ".perqueue")).id != before.id
    assert not list(queue_folder.glob(".perqueue.old-*"))


@pytest.mark.slow
def test_init_force_keeps_the_old_queue_aside(pq: Pq, queue_folder: Path) -> None:
    """``--force`` moves the folder's own queue aside, whole, also while it is driven; its supervisor leaves."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    old = open_folder(str(queue_folder / ".perqueue"))
    pq("init", "--force")
    (aside,) = queue_folder.glob(".perqueue.old-*")
    assert open_folder(str(aside)).id == old.id
    new = open_folder(old.root)
    assert new.id != old.id
    assert states() == {}
    assert not listening(open_folder(str(aside)))
    with PersistentQueue() as queue:
        queue.submit(Task("add.py", None, "local"))
    assert settle() == {1: "succeeded"}
    (queue_folder / "go").touch()


def test_init_names_the_stores_there_are(pq: Pq, queue_folder: Path) -> None:
    """A store that isn't installed is an error that names what is, and nothing is made or moved."""
    assert "sqlite" in pq("init", "-b", "papyrus", status=2).err
    assert not (queue_folder / ".perqueue").exists()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"x": 2, "zz": 1}', "main() takes no 'zz'"),
        ('{"x": 2, "pq_index": 1}', "main() takes no 'pq_index'"),
        ("{}", "main() needs 'x'"),
    ],
)
def test_arguments_that_the_function_does_not_take_are_refused(
    pq: Pq, queue_folder: Path, text: str, wrong: str
) -> None:
    """As ``submit`` does, ``modify a`` holds arguments against the function's signature; nothing is changed then."""
    script(queue_folder, "one.py", "def main(x):\n    return True, None\n")
    with PersistentQueue() as queue:
        queue.submit(Task("one.py", {"x": 1}, "local"))
    settle()
    (queue_folder / "new.json").write_text(text, encoding="utf-8")
    told = pq("modify", "a", "new.json", "-i", "1", status=2)
    assert wrong in told.err
    assert len(told.err.splitlines()) == 1
    assert PersistentQueue().get_args(1) == {"x": 1}
    with (queue_folder / "perqueue.toml").open("a") as file:
        file.write('[checks]\nsubmit = "off"\n')
    pq("modify", "a", "new.json", "-i", "1")


def test_what_comes_before_may_give_what_new_arguments_lack(pq: Pq, queue_folder: Path) -> None:
    """Only an entry that nothing comes before must have all that it needs in its own arguments."""
    script(queue_folder, "one.py", "def main(x):\n    return True, {'x': x}\n")
    with PersistentQueue() as queue:
        queue.submit(Task("one.py", {"x": 1}, "local") >> Task("one.py", {"x": 1}, "local"))
    settle()
    (queue_folder / "new.json").write_text("{}", encoding="utf-8")
    pq("modify", "a", "new.json", "-i", "2")
    assert "needs 'x'" in pq("modify", "a", "new.json", "-i", "1", status=2).err
