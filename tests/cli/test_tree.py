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
from perqueue.cli.showing.tree import grow, print_tree, tree_data
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


def test_a_copy_is_done_whatever_a_group_in_it_left_out(show: Show) -> None:
    """The inner groups have gone on without a copy each, so the outer group has both of its copies."""
    build = described(lambda a, b: StaticWidthGroup(StaticWidthGroup(a, 2, on_discard="drop"), 2) >> b)
    queue = QueueInMemory(build).play("a[0]- a[1]+ a[2]-")
    assert show(queue)[1].endswith(": open, 1 of 2 copies done")
    assert show(queue.play("a[3]+"))[1].endswith(": done, 2 of 2 copies done")


OVER: list[tuple[Callable[..., object], str, str]] = [
    (lambda a, b: StaticWidthGroup(a, 2, on_discard="drop") >> b, "a-", "discarded"),
    (lambda a, b: StaticWidthGroup(a, 2) >> b, "a[0]- a[1]+", "discarded"),
    (lambda a, b: StaticWidthGroup(a, 2) >> b, "a[0]-", "open"),
    (lambda a, b: StaticWidthGroup(a, 2, tolerate=2) >> b, "a!", "failed"),
    (lambda a, b: StaticWidthGroup(a, 2) >> b, "a!", "open"),
    (lambda a, b: StaticWidthGroup(a, 2) >> b, "a+", "done"),
]


@pytest.mark.parametrize(("build", "moves", "word"), OVER)
def test_a_group_that_is_over_says_how(show: Show, build: Callable[..., object], moves: str, word: str) -> None:
    """Open is what may still come to an end, if only because somebody resubmits what failed."""
    queue = QueueInMemory(described(build)).play(moves)
    assert show(queue)[1].split(": ")[1].split(",")[0] == word
    (submission,) = tree_data(grow(queue.state, [Listed(row) for row in queue.state.rows()], everything=True))
    assert submission["children"][0]["over"] == (None if word in ("open", "done") else word)


def test_a_loop_out_of_tries_says_so(show: Show) -> None:
    """Only the loop that refused is out of tries, not the one around it; it is open again once it runs again."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(CyclicalGroup(a, 1) >> b, 3)))
    queue.succeed("a", {"pq_toggle_key": False})
    outer, _, inner = show(queue)[1:4]
    assert outer.endswith(": open, 1 of at most 3 iterations")
    assert inner.endswith("CyclicalGroup(a, max_tries=1): out of tries, 1 of at most 1 iteration")
    assert "out of tries" not in "".join(show(queue.play("a^")))


@pytest.mark.parametrize(("said", "words"), [("y", "branch 'y', which is empty"), ("pq_skip_route", "no branch taken")])
def test_an_empty_branch_is_a_choice(show: Show, said: str, words: str) -> None:
    """A switch that took an empty branch names it; only one that was skipped took none."""
    queue = QueueInMemory(described(lambda a, b: a >> SwitchGroup({"x": b, "y": [], "z": []})))
    queue.succeed("a", {"pq_switch_key": said})
    assert show(queue)[-1].endswith(f": done, {words}")


def test_an_empty_branch_that_was_chosen_through_a_port(show: Show) -> None:
    """What counts is the key under the name that it has after the ports."""
    a, switch = task("a"), SwitchGroup({"y": []})
    queue = QueueInMemory({switch: {a: {"kind": "pq_switch_key"}}})
    queue.succeed("a", {"kind": "y"})
    assert show(queue)[-1].endswith(": done, branch 'y', which is empty")


def test_long_headings_are_whole_in_a_pipe(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets the beginning of a long description, a program all of it."""
    queue = QueueInMemory(StaticWidthGroup([task(f"a_task_with_a_long_name_{n}") for n in range(3)], 1))
    assert "a_task_with_a_long_name_2" in show(queue)[1]
    monkeypatch.setattr("perqueue.cli.showing.tree.on_terminal", lambda: True)
    assert "…: open" in show(queue)[1]


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
