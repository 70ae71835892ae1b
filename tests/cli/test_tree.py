"""``pq ls --tree``: what stands in what, what is folded, and the same for programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from tests.core.queue_in_memory import QueueInMemory, described, task
from tests.views.played import played

from perqueue.cli.choice import Listed
from perqueue.cli.tree import grow, print_tree, tree_data
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.tasklike import TaskLike

Show = Callable[..., list[str]]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    """The lines of a tree, of these entries or of all."""

    def lines(queue: QueueInMemory, keys: list[int] | None = None, **options: bool) -> list[str]:
        items = [Listed(row) for row in queue.state.rows(keys)]
        told = {"unfold": False, "error": False, **options}
        print_tree(grow(queue.state, items, everything=keys is None), **told)
        return capsys.readouterr().out.splitlines()

    return lines


def test_entries_stand_under_copies_iterations_and_branches(show: Show) -> None:
    """Each group says how it is getting on; a copy or iteration of a single entry is one line with it."""
    queue = QueueInMemory(
        described(
            lambda a, b, c, d, e, f: (
                a
                >> DynamicWidthGroup(b >> c, tolerate=1)
                >> CyclicalGroup(d, 4)
                >> SwitchGroup({"x": e, "y": None})
                >> DynamicWidthGroup(f)
            )
        )
    )
    queue.succeed("a", {"pq_dwg_width": 3})
    queue.play("b[0]+ b[1]! b[2]+ c[0]+ c[2]+")
    queue.end(queue.keys("d")[0], data={"pq_toggle_key": False})
    queue.end(queue.keys("d")[1], data={"pq_toggle_key": True, "pq_switch_key": "x"})
    assert show(queue) == [
        "Submission 1: goahead: 1, succeeded: 7, axed: 1, failed: 1",
        "├── 1 a, succeeded",
        "├── DynamicWidthGroup(Workflow(b >> c), tolerate=1): done, 2 of 3 copies done, 1 left out",
        "│   ├── copy 0: succeeded: 2",
        "│   │   ├── 3 b, succeeded",
        "│   │   └── 4 c, succeeded",
        "│   ├── copy 1: axed: 1, failed: 1 - left out",
        "│   │   ├── 5 b, failed (raised)",
        "│   │   └── 6 c, axed (an ancestor failed)",
        "│   └── copy 2: succeeded: 2",
        "│       ├── 7 b, succeeded",
        "│       └── 8 c, succeeded",
        "├── CyclicalGroup(d, max_tries=4): done, 2 of at most 4 iterations",
        "│   ├── iteration 0: 2 d, succeeded",
        "│   └── iteration 1: 9 d, succeeded",
        "├── SwitchGroup({'x': e, 'y': []}): open",
        "│   └── branch 'x': 10 e, goahead",
        "└── DynamicWidthGroup(f): waiting, not built yet",
    ]


def test_groups_without_entries_are_there(show: Show) -> None:
    """Empty, skipped and undecided groups are shown where they stand, also inside each other."""
    queue = QueueInMemory(
        described(
            lambda a, b, c: (
                a >> StaticWidthGroup(DynamicWidthGroup(b), 2) >> SwitchGroup({"x": c}) >> StaticWidthGroup(c, 0)
            )
        )
    )
    before = show(queue)
    assert before[2:8] == [
        "├── StaticWidthGroup(DynamicWidthGroup(b), width=2): waiting, 0 of 2 copies done",
        "│   ├── copy 0: no entries",
        "│   │   └── DynamicWidthGroup(b): waiting, not built yet",
        "│   └── copy 1: no entries",
        "│       └── DynamicWidthGroup(b): waiting, not built yet",
        "├── SwitchGroup({'x': c}): waiting, not decided yet",
    ]
    queue.succeed("a", {"pq_dwg_width": 0, "pq_switch_key": "pq_skip_route"})
    after = show(queue)
    assert after[2] == "├── StaticWidthGroup(DynamicWidthGroup(b), width=2): done, 2 of 2 copies done"
    assert after[4] == "│   │   └── DynamicWidthGroup(b): done, 0 of 0 copies done"
    assert after[-2:] == [
        "├── SwitchGroup({'x': c}): done, no branch taken",
        "└── StaticWidthGroup(c, width=0): done, 0 of 0 copies done",
    ]


def wide() -> QueueInMemory:
    return QueueInMemory(described(lambda a, b: a >> StaticWidthGroup(b, 40))).play("a+ b[20]! b[30]~")


def test_wide_groups_fold_but_never_what_failed(show: Show) -> None:
    """The first copies and those that failed are shown, the others counted; ``unfold`` shows them all."""
    found = show(wide())
    assert [line[4:].split(", ")[0] for line in found[3:]] == [
        "├── copy 0: 2 b",
        "├── copy 1: 3 b",
        "├── copy 2: 4 b",
        "├── copy 20: 22 b",
        "├── copy 30: 32 b",
        "└── ... 35 more copies (goahead: 35): --all shows them",
    ]
    assert len(show(wide(), unfold=True)) == 3 + 40


def test_long_loops_fold_their_first_iterations(show: Show) -> None:
    """Of a loop the last iterations are what one looks for."""
    queue = QueueInMemory(described(lambda a: CyclicalGroup(a, 20)))
    for _ in range(9):
        queue.end(queue.ready()[0], data={"pq_toggle_key": False})
    found = show(queue)
    assert found[2] == "    ├── ... 7 earlier iterations (succeeded: 7): --all shows them"
    assert [line.split(": ")[0][8:] for line in found[3:]] == ["iteration 7", "iteration 8", "iteration 9"]


def test_many_tasks_side_by_side_fold(show: Show) -> None:
    """Entries of a wide workflow fold too, groups between them do not."""
    tasks: dict[TaskLike, list[TaskLike]] = {task("b"): [] for _ in range(60)}
    found = show(QueueInMemory({**tasks, StaticWidthGroup(task("a"), 1): []}))
    assert len(found) == 1 + 3 + 2 + 1
    assert found[-1] == "└── ... 57 more entries (goahead: 57): --all shows them"


def test_a_choice_leaves_only_its_branches(show: Show) -> None:
    """Groups and copies without a chosen entry are left out; what the headings count is the whole group."""
    queue = wide()
    assert show(queue, [22]) == [
        "Submission 1: goahead: 38, succeeded: 1, failed: 1, timeout: 1",
        "└── StaticWidthGroup(b, width=40): open, 0 of 40 copies done",
        "    └── copy 20: 22 b, failed (raised)",
    ]
    assert show(queue, []) == []


def test_what_went_wrong_can_be_shown(show: Show) -> None:
    """With errors, the message follows the reason, on the same line."""
    queue = QueueInMemory(described(lambda a, b: a >> DynamicWidthGroup(b)))
    queue.succeed("a", {})
    (line,) = (line for line in show(queue, error=True) if "1 a" in line)
    assert line.startswith("├── 1 a, failed (width): DynamicWidthGroup(b): entry 1 returned no 'pq_dwg_width'")


def test_guides_that_stdout_cant_take_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output is ASCII, so are the branches of the tree."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    queue = wide()
    print_tree(grow(queue.state, [Listed(row) for row in queue.state.rows([1, 22])], everything=False), **PLAIN)
    sys.stdout.flush()
    assert raw.getvalue().decode().splitlines()[1:] == [
        "|-- 1 a, succeeded",
        "`-- StaticWidthGroup(b, width=40): open, 0 of 40 copies done",
        "    `-- copy 20: 22 b, failed (raised)",
    ]


PLAIN: Mapping[str, bool] = {"unfold": False, "error": False}


@given(played())
def test_every_entry_is_in_the_tree_once(queue: QueueInMemory) -> None:
    """For programs the tree holds each entry once, under its submission, and the counts are those of what is inside."""
    items = [Listed(row) for row in queue.state.rows()]
    found = tree_data(grow(queue.state, items, everything=True))
    entries = list(_entries(found))
    assert sorted(entry["key"] for entry in entries) == sorted(queue.state.entries)
    for part in _parts(found):
        assert sum(part["counts"].values()) == len(list(_entries(part["children"])))


@given(played())
def test_a_group_is_done_when_its_copies_are(queue: QueueInMemory) -> None:
    """A width group without losses is done exactly when as many copies are done as it has."""
    found = tree_data(grow(queue.state, [Listed(row) for row in queue.state.rows()], everything=True))
    for part in _parts(found):
        if "copies" in part and set(part["counts"]) <= {"waiting", "goahead", "succeeded"}:
            opened = part["state"] in ("open", "done")
            assert (part["done"] == part["copies"] and opened) == (part["state"] == "done")


def _entries(parts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        if part["level"] == "entry":
            yield part
        else:
            yield from _entries(part["children"])


def _parts(parts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        if part["level"] != "entry":
            yield part
            yield from _parts(part["children"])
