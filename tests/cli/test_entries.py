"""``pq show``, ``logs``, ``history`` and ``info``: one entry, and the queue as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from tests.cli.program import Pq, finish, settle, start, states, wait_for
from tests.queues import CONFIG, script, wait_until

from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, SwitchGroup, Task
from perqueue.cli import choice
from perqueue.cli.showing import entry
from perqueue.engine.folder import need_folder
from perqueue.store.protocol import Snapshot


def test_show_tells_the_task_its_result_and_its_attempts(campaign: Pq) -> None:
    """A finished entry is shown with script, function, arguments, result, attempts and the end of its log."""
    out = campaign("show", "1").out
    for part in ("Entry 1: first, succeeded", "add.py", "main", "local", "1. succeeded", "adding 0", "process "):
        assert part in out
    assert out[out.index("Result") :].splitlines()[1].split() == ["x", "1"]


def test_show_tells_the_error_with_its_traceback(campaign: Pq) -> None:
    """A failed entry is shown with its message and the task's own traceback."""
    out = campaign("show", "2").out
    assert "Error: ValueError: no such luck" in out
    assert "Traceback" in out


def test_show_tells_why_an_entry_waits(campaign: Pq) -> None:
    """A waiting entry names the parents that are not done with their states, and what to do."""
    out = campaign("show", "3").out
    assert "Why it waits: for entry 2 (failed)" in out
    assert "`pq resubmit -i 2`" in out


def test_show_tells_where_inputs_came_from_and_what_depends(pq: Pq) -> None:
    """Inputs name the entries that gave them; the givers name who depends on them."""
    with PersistentQueue() as queue:
        queue.submit(Task("add.py", None, "local") >> Task("add.py", None, "local"))
    settle()
    assert "Inputs from entry 1" in pq("show", "2").out
    assert "What depends on it: entry 2" in pq("show", "1").out


def test_show_names_the_discarded_ancestor(pq: Pq, queue_folder: Path) -> None:
    """An axed entry names the discarded one, however far up that is."""
    (queue_folder / "no.py").write_text("def main(**_):\n    return False, None\n")
    with PersistentQueue() as queue:
        queue.submit(Task("no.py", None, "local") >> Task("add.py", None, "local") >> Task("add.py", None, "local"))
    settle()
    assert "Why it is axed: entry 1 was discarded" in pq("show", "3").out


def test_show_tells_the_groups_around_an_entry(pq: Pq, queue_folder: Path) -> None:
    """From the inner to the outer: which copy, iteration or branch, and what a failure there means by its policy."""
    script(queue_folder, "choose.py", "def main(**_):\n    return True, {'pq_switch_key': 'b'}\n")
    choose, bad, last = Task("choose.py", None, "local"), Task("bad.py", None, "local"), Task("add.py", None, "local")
    inner = CyclicalGroup([choose, SwitchGroup({"b": bad})], 4)
    with PersistentQueue() as queue:
        queue.submit(StaticWidthGroup(inner, 2, on_discard="drop", tolerate=1) >> last)
    settle()
    (failed, *_) = [key for key, state in states().items() if state == "failed"]
    out = pq("show", str(failed)).out
    groups = out[out.index("Groups around it, from the inner to the outer") :].splitlines()
    assert groups[1].startswith("  branch 'b' in SwitchGroup({'b': bad.py})")
    assert groups[2].startswith("  iteration 0 (of at most 0 to 3) in CyclicalGroup(")
    assert groups[3].startswith(
        ("  copy 0 (of 0 to 1) in StaticWidthGroup(", "  copy 1 (of 0 to 1) in StaticWidthGroup(")
    )
    assert groups[4] == "    policy: a copy with a discard is left out; one copy may fail and is left out"
    assert groups[5] == "    the failure of this copy is not tolerated (2 failed, 1 may): what follows waits for it"
    told = json.loads(pq("show", str(failed), "--json").out)["groups"]
    assert [group["group"] for group in told] == ["SwitchGroup", "CyclicalGroup", "StaticWidthGroup"]
    assert (told[0]["branch"], told[1]["number"], told[1]["total"]) == ("b", 0, 4)
    assert told[2]["policy"] == {"on_discard": "drop", "tolerate": 1}
    assert (told[2]["lost"], told[2]["left_out"]) == ("missed", False)


def test_show_counts_the_times_that_an_entry_went_on(campaign: Pq, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once is one time, and more are times."""
    for number, told in ((1, "1 time from a checkpoint"), (2, "2 times from a checkpoint")):

        def went_on(state: Snapshot, keys: list[int], number: int = number) -> Iterator[object]:
            for one in choice.read_rows(state, keys):
                assert isinstance(one, choice.Listed)
                yield evolve(one, row=evolve(one.row, entry=evolve(one.row.entry, continued=number)))

        monkeypatch.setattr(entry, "read_rows", went_on)
        assert told in campaign("show", "1").out


def test_show_tells_what_a_group_refused(pq: Pq, queue_folder: Path) -> None:
    """The blamed entry has the group's message in full, beside its data; who waits behind it is told the same."""
    script(queue_folder, "wide.py", "def main(x):\n    return True, {'x': x + 1, 'pq_dwg_width': x - 2}\n")
    with PersistentQueue() as queue:
        queue.submit(
            Task("wide.py", {"x": 1}, "local") >> DynamicWidthGroup(Task("bad.py", None, "local"))
            >> Task("add.py", None, "local")
        )  # fmt: skip
    settle()
    message = "entry 1 returned -1 as 'pq_dwg_width', not a whole number from 0"
    out = pq("show", "1").out
    assert "failed (width)" in out.splitlines()[0]
    assert message in out
    assert any(line.split() == ["x", "2"] for line in out.splitlines())
    out = pq("show", "2").out
    assert "Why it waits: for entry 1 (failed)" in out
    assert "before it, DynamicWidthGroup(bad.py) is not decided yet" in out
    assert f"what entry 1 returned was refused: DynamicWidthGroup(bad.py): {message}" in out
    told = json.loads(pq("show", "2", "--json").out)["waiting"]
    assert message in told["refused_before"]["1"]
    assert told["undecided_before"] == ["DynamicWidthGroup(bad.py)"]


def test_show_names_the_failure_that_an_entry_was_axed_for(pq: Pq) -> None:
    """Inside a group that tolerates failures, what depends on a failed entry is axed, and says why."""
    with PersistentQueue() as queue:
        queue.submit(
            StaticWidthGroup(Task("bad.py", None, "local") >> Task("add.py", None, "local"), 1, tolerate=1)
        )  # fmt: skip
    settle()
    assert "Why it is axed: entry 1 failed" in pq("show", "2").out
    assert "What depends on it: entry 2" in pq("show", "1").out


def test_show_as_json(campaign: Pq) -> None:
    """``--json`` has the same facts for programs."""
    told = json.loads(campaign("show", "3", "--json").out)
    assert told["parents"] == [2]
    assert told["waiting"]["failed_before"] == [2]
    told = json.loads(campaign("show", "2", "--json").out)
    assert told["attempts"][0]["verdict"] == "failed"
    assert told["dependents"] == [3]


def test_logs_are_printed_as_they_are(campaign: Pq) -> None:
    """``pq logs`` prints what the newest attempt printed, ``--json`` names the file too."""
    found = finish(start("logs", "1", cwd=Path.cwd()))
    assert found.out == "adding 0\n"
    (file,) = json.loads(campaign("logs", "1", "--json").out)["files"]
    assert file["text"] == "adding 0\n"


def test_logs_of_an_earlier_attempt(campaign: Pq) -> None:
    """``--attempt`` chooses; one that never was is an error that says how many there were."""
    campaign("resubmit", "-i", "1")
    settle()
    assert finish(start("logs", "1", "--attempt", "1", cwd=Path.cwd())).out == "adding 0\n"
    assert "it had 2 so far" in campaign("logs", "1", "--attempt", "9", status=2).err


def test_logs_of_what_never_started(campaign: Pq) -> None:
    """An entry without an attempt has no log: an error that points to the reason."""
    assert "`pq show 3`" in campaign("logs", "3", status=2).err


def test_following_a_log_ends_with_the_attempt(pq: Pq, queue_folder: Path) -> None:
    """``-f`` prints what comes, and ends when the attempt does."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    process = start("logs", "1", "-f", cwd=queue_folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    (queue_folder / "go").touch()
    found = finish(process)
    assert (found.status, found.out) == (0, "over\n")


def test_perqueues_log_files_are_found(pq: Pq, queue_folder: Path) -> None:
    """With ``logs = "perqueue"`` the .out and .err files in the submission's folder are printed."""
    (queue_folder / "perqueue.toml").write_text(CONFIG + 'logs = "perqueue"\n')
    with PersistentQueue() as queue:
        queue.submit(Task("add.py", {"x": 6}, "local"))
    settle()
    assert (queue_folder / "perqueue.local.1.out").exists()
    assert "adding 6\n" in finish(start("logs", "1", cwd=queue_folder)).out


def test_history_tells_what_happened(campaign: Pq) -> None:
    """The log of events is readable, for the queue and for one entry."""
    kinds = [line.split()[2] for line in campaign("history").lines if not line.split()[2][0].isdigit()]
    assert set(kinds) == {"submitted"}
    lines = campaign("history", "2").lines
    assert any("ended" in line and "ValueError: no such luck" in line for line in lines)
    told = json.loads(campaign("history", "2", "--json").out)
    assert told["events"][-1]["kind"] == "ended"


def test_info_describes_the_queue(campaign: Pq, queue_folder: Path) -> None:
    """Folder, id, home, store, configuration and counts are told."""
    told = json.loads(campaign("info", "--json").out)
    assert told["folder"] == str(queue_folder / ".perqueue")
    assert told["id"] == need_folder().id
    assert (told["store"], told["at_home"], told["busy"]) == ("sqlite", True, False)
    assert told["config"] == str(queue_folder / "perqueue.toml")
    assert told["counts"] == {"waiting": 1, "succeeded": 2, "failed": 1}
    assert str(queue_folder) in campaign("info").out


def test_info_names_the_supervisor(pq: Pq, queue_folder: Path) -> None:
    """While something runs, the supervisor's process is named; when it has gone, that is told."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    assert json.loads(pq("info", "--json").out)["driven"] is True
    assert "alive" in pq("info").out
    (queue_folder / "go").touch()
    wait_until(lambda: "nothing to do" in pq("info").out, "the supervisor to leave")


def test_history_tells_that_a_group_refused_a_result(pq: Pq, queue_folder: Path) -> None:
    """The end of an attempt whose result no group could go on with says so, with the reason and what is needed."""
    script(queue_folder, "wide.py", "def main():\n    return True, {'pq_dwg_width': int('-1')}\n")
    with PersistentQueue() as queue:
        queue.submit(Task("wide.py", None, "local") >> DynamicWidthGroup(Task("bad.py", None, "local")))
    settle()
    message = "entry 1 returned -1 as 'pq_dwg_width', not a whole number from 0"
    (line,) = (line for line in pq("history").lines if " ended " in line)
    assert line.endswith(f"succeeded, but refused (width): DynamicWidthGroup(bad.py): {message}")
    *_, last = json.loads(pq("history", "1", "--json").out)["events"]
    assert last["body"]["verdict"] == "succeeded"
    assert last["refused"] == {"reason": "width", "message": f"DynamicWidthGroup(bad.py): {message}"}


def test_show_advises_to_resubmit_no_more_than_is_needed(pq: Pq) -> None:
    """Where a group tolerates some failures, the others are all that has to run again."""
    with PersistentQueue() as queue:
        queue.submit(
            StaticWidthGroup(Task("bad.py", None, "local"), 3, tolerate=1) >> Task("add.py", None, "local")
        )  # fmt: skip
    settle()
    out = pq("show", "4").out
    assert "can't run before more of entries 1-3 succeed: `pq resubmit -i 1-2`, which is enough" in out
    told = json.loads(pq("show", "4", "--json").out)["waiting"]
    assert (told["failed_before"], told["enough_of_them"]) == ([1, 2, 3], [1, 2])
