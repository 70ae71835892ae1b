"""Pictures: boxes and arrows, where they stand, and the files that come of them."""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.queue_in_memory import QueueInMemory, described
from tests.views.played import played
from tests.views.stored import end, seen, stored, task

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.records import Verdict
from perqueue.core.states import EntryState
from perqueue.core.tasklike import Workflow
from perqueue.views.pictures.boxes import Box, GroupBox, Picture
from perqueue.views.pictures.colours import EDGES, FILLS
from perqueue.views.pictures.drawing import draw
from perqueue.views.pictures.layers import lay_out
from perqueue.views.pictures.mermaid import mermaid
from perqueue.views.pictures.picture import Shown, picture
from perqueue.views.pictures.placing import place

TINY = 1e-9
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def wide(copies: int) -> object:
    a, b, c, d = (task(name) for name in "abcd")
    return a >> StaticWidthGroup(b >> c, copies) >> d


def named(found: Picture) -> set[tuple[str, str]]:
    names = {part.id: part.title for part in found.parts}
    return {(names[parent], names[child]) for parent, child in found.arrows}


def tree_of(found: Picture) -> dict[str, str]:
    """Each group, with the one that it stands in."""
    names = {0: "", **{group.id: group.title for group in found.groups}}
    return {group.title: names[group.group] for group in found.groups}


def test_few_entries_are_drawn_one_by_one(tmp_path: Path) -> None:
    """A box for each entry with its key; copies of more than one task stand in a box of their own."""
    with seen(tmp_path, wide(2)) as state:
        found = picture(state)
    assert [box.detail for box in found.boxes] == ["1", "6", "2", "3", "4", "5"]
    assert named(found) == {
        ("a", "StaticWidthGroup ×2"),
        ("StaticWidthGroup ×2", "d"),
        ("b", "c"),
    }
    assert tree_of(found) == {
        "StaticWidthGroup ×2": "",
        "copy 0": "StaticWidthGroup ×2",
        "copy 1": "StaticWidthGroup ×2",
    }


def test_many_entries_collapse_into_boxes_of_copies(tmp_path: Path) -> None:
    """With many entries the copies in a group are one box, with how many are in which state."""
    with stored(tmp_path, wide(40)) as store:
        end(store, 1)
        end(store, 2)
        end(store, 4, Verdict.failed)
        with store.snapshot() as state:
            found = picture(state)
    assert named(found) == {("a", "StaticWidthGroup ×40"), ("StaticWidthGroup ×40", "d"), ("b ×40", "c ×40")}
    (box,) = (box for box in found.boxes if box.name == "b")
    assert box.detail == "38 g, 1 s, 1 f"
    assert box.state is EntryState.failed


def test_tasks_side_by_side_under_one_name_share_a_box(tmp_path: Path) -> None:
    """Many equal tasks of a workflow, with the same parents and children, collapse too."""
    first, last = task("first"), task("last")
    between = [task("relax") for _ in range(70)]
    with seen(tmp_path, Workflow({first: [], **{t: [first] for t in between}, last: between})) as state:
        for shown in Shown:
            assert named(picture(state, None, shown)) == {("first", "relax ×70"), ("relax ×70", "last")}


def test_the_template_has_each_task_once_and_the_groups_rules() -> None:
    """A template shows what may happen: a group's tasks once, how often it runs them, its policy, all branches."""
    queue = QueueInMemory(
        described(
            lambda a, b, c, d, e: (
                a
                >> DynamicWidthGroup(b, on_discard="drop", tolerate=2)
                >> CyclicalGroup(c, 10)
                >> SwitchGroup({"x": d, 2: None})
                >> e
            )
        )
    )
    queue.succeed("a", {"pq_dwg_width": 3})
    found = picture(queue.state, None, Shown.template)
    assert sorted(box.title for box in found.boxes) == list("abcde")
    assert all(box.state is None and not box.detail and not box.planned for box in found.boxes)
    assert [(group.title, group.detail) for group in found.groups] == [
        ("DynamicWidthGroup ×?", "on_discard=drop, tolerate=2"),
        ("CyclicalGroup ≤ 10", ""),
        ("SwitchGroup", "one of these, or none"),
        ("'x'", ""),
        ("2", "empty"),
    ]
    assert {("a", "DynamicWidthGroup ×?"), ("CyclicalGroup ≤ 10", "SwitchGroup"), ("SwitchGroup", "e")} <= named(found)


def grown() -> QueueInMemory:
    """Two copies, a loop that went round once, and a switch that nobody decided yet."""
    queue = QueueInMemory(
        described(lambda a, b, c, d, e: a >> DynamicWidthGroup(b) >> CyclicalGroup(c, 9) >> SwitchGroup({"x": d}) >> e)
    )
    queue.succeed("a", {"pq_dwg_width": 2})
    queue.succeed("b", {})
    queue.succeed("c", {"pq_toggle_key": False})
    return queue


def test_an_instance_has_copies_iterations_and_the_chosen_branch() -> None:
    """What did happen, each entry once, iterations one after the other; what is not there is left out."""
    queue = grown()
    found = picture(queue.state, None, Shown.instance)
    assert sorted(box.title for box in found.boxes) == ["a", "b", "b", "c", "c", "e"]
    assert not any(part.planned for part in found.parts)
    assert {
        ("DynamicWidthGroup ×2", "CyclicalGroup ≤ 9"), ("iteration 0", "iteration 1"), ("CyclicalGroup ≤ 9", "e")
    } <= named(found)  # fmt: skip
    queue.end(queue.keys("c")[1], data={"pq_toggle_key": True, "pq_switch_key": "x"})
    assert "SwitchGroup → 'x'" in tree_of(picture(queue.state, None, Shown.instance))


def test_what_is_not_known_yet_is_planned() -> None:
    """With both, what came of the description is shown, and where nothing did yet the description."""
    found = picture(grown().state)
    assert {part.title for part in found.parts if part.planned} == {"SwitchGroup", "'x'", "d"}
    assert ("CyclicalGroup ≤ 9", "SwitchGroup") in named(found)


def test_many_copies_of_groups_are_drawn_as_one() -> None:
    """Copies share a box through the groups inside them, with how many took which branch and how many are undecided."""
    queue = QueueInMemory(
        described(lambda a, b, c, d: a >> DynamicWidthGroup(b >> SwitchGroup({"x": c, "y": d, "z": None})))
    )
    queue.succeed("a", {"pq_dwg_width": 5})
    for number, key in enumerate("xxyz"):
        queue.end(queue.keys("b")[number], data={"pq_switch_key": key})
    found = picture(queue.state, most=3)
    assert [box.title for box in found.boxes] == ["a", "b ×5", "c ×2", "d"]
    assert tree_of(found) == {
        "DynamicWidthGroup ×5": "",
        "SwitchGroup, 1 undecided": "DynamicWidthGroup ×5",
        "'x' ×2": "SwitchGroup, 1 undecided",
        "'y' ×1": "SwitchGroup, 1 undecided",
    }
    assert [group.detail for group in found.groups if group.detail] == ["1 took no branch"]


def test_an_empty_group_is_a_box_without_contents(tmp_path: Path) -> None:
    """It stands between what it depends on and what follows it, in a template and in an instance."""
    with seen(tmp_path, wide(0)) as state:
        found = picture(state)
    assert named(found) == {("a", "StaticWidthGroup ×0"), ("StaticWidthGroup ×0", "d")}
    assert 'g3["StaticWidthGroup ×0"]' in mermaid(found)


def test_one_submission_can_be_drawn(tmp_path: Path) -> None:
    """With an entry only its submission is drawn; without, all."""
    with seen(tmp_path, wide(1), task("alone")) as state:
        assert [box.name for box in picture(state, state.entry(5)).boxes] == ["alone"]
        assert len(picture(state).boxes) == 5


@given(played(), st.sampled_from(Shown), st.sampled_from([2, 60]))
def test_a_picture_of_anything_holds_together(queue: QueueInMemory, shown: Shown, most: int) -> None:
    """Arrows join what stands in the same group, and never go in a circle; each entry is in one box; Mermaid closes."""
    found = picture(queue.state, None, shown, most)
    group_of = {part.id: part.group for part in found.parts}
    assert len(group_of) == len(found.boxes) + len(found.groups)
    assert all(group_of[start] == group_of[end] for start, end in found.arrows)
    order = TopologicalSorter[int]()
    for before, after in found.arrows:
        order.add(after, before)
    order.prepare()  # refuses a circle
    keys = sorted(key for box in found.boxes for key in box.keys)
    assert keys == ([] if shown is Shown.template else sorted(queue.state.entries))
    lines = [line.strip() for line in mermaid(found).splitlines()]
    assert lines.count("end") == sum(line.startswith("subgraph") for line in lines)


@given(played(), st.sampled_from(Shown))
def test_what_stands_in_a_group_is_drawn_inside_it(queue: QueueInMemory, shown: Shown) -> None:
    """Every box lies within its group, beside the others in it; arrows start and end at the sides of their boxes."""
    found = picture(queue.state, None, shown)
    placed = place(found)
    places = placed.places
    assert set(places) == {part.id for part in found.parts}
    for part in found.parts:
        here = places[part.id]
        if part.group:
            around = places[part.group]
            assert around.left < here.left
            assert here.left + here.width < around.left + around.width
            assert around.top < here.top
            assert here.top + here.height < around.top + around.height
    for inside in found.contents().values():
        for one, other in combinations(inside, 2):
            a, b = places[one], places[other]
            assert (
                a.left + a.width <= b.left + TINY
                or b.left + b.width <= a.left + TINY
                or a.top + a.height <= b.top + TINY
                or b.top + b.height <= a.top + TINY
            )
    sides = {(places[start], places[end]) for start, end in found.arrows}
    assert {(route[0], route[-1]) for route in placed.routes} == sides


@st.composite
def _acyclic(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    count = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(2, count + 1) for a in range(1, b)]
    arrows = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return list(range(1, count + 1)), arrows


@given(_acyclic())
def test_every_arrow_goes_one_layer_to_the_right_at_a_time(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    """Each box stands once; each arrow's route steps from layer to layer, by waypoints of its own."""
    boxes, arrows = graph
    parts = lay_out(boxes, arrows)
    assert sorted(number for part in parts for layer in part.layers for number in layer if number > 0) == boxes
    assert sorted((route[0], route[-1]) for part in parts for route in part.routes) == sorted(arrows)
    for part in parts:
        layer_of = {number: place for place, layer in enumerate(part.layers) for number in layer}
        for route in part.routes:
            assert [layer_of[number] for number in route] == list(
                range(layer_of[route[0]], layer_of[route[0]] + len(route))
            )


def test_mermaid_takes_any_name(tmp_path: Path) -> None:
    """Quotes, brackets and backticks in names can't break out of their label."""
    text = mermaid(Picture((Box(1, 'a"]; `b` <i>', (1,), {EntryState.failed: 1}), Box(2, "c")), ((1, 2),)))
    assert text.startswith("flowchart LR\n")
    assert "    b1 --> b2\n" in text
    assert 'b1["a#34;#93;#59; #96;b#96; #60;i#62;<br/>1"]:::failed' in text


def test_mermaid_puts_contents_between_a_groups_ends() -> None:
    """A group is a subgraph around its contents, planned ones dashed."""
    boxes = (Box(1, "a", (1,), {EntryState.waiting: 1}), Box(3, "b", group=2, planned=True))
    text = mermaid(Picture(boxes, ((1, 2),), (GroupBox(2, "CyclicalGroup ≤ 4", "x=1", planned=True),)))
    assert '    subgraph g2["CyclicalGroup ≤ 4 · x#61;1"]\n        b3["b"]:::planned\n    end\n' in text
    assert "    b1 --> g2\n" in text
    assert "    class g2 planned\n" in text
    assert "stroke-dasharray" in text


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_groups_can_be_drawn(tmp_path: Path, kind: str) -> None:
    """Groups of every kind, and what is only planned, come into the file with their titles."""
    target = tmp_path / f"graph.{kind}"
    with mpl.rc_context({"svg.fonttype": "none"}):
        draw(picture(grown().state), str(target), kind)
    raw = target.read_bytes()
    titles = ("DynamicWidthGroup ×2", "CyclicalGroup ≤ 9 · 2 iterations", "iteration 1", "SwitchGroup")
    assert kind == "png" or all(title in raw.decode() for title in titles)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_pictures_are_files_of_their_kind(tmp_path: Path, kind: str) -> None:
    """A picture is written as PNG or SVG, whatever its names hold."""
    target = tmp_path / f"graph.{kind}"
    with seen(tmp_path, wide(3), task("odd $x_1$ % \\name")) as state:
        draw(picture(state), str(target), kind)
    raw = target.read_bytes()
    assert raw.startswith(PNG_SIGNATURE) if kind == "png" else b"<svg" in raw


def test_an_empty_picture_can_be_drawn(tmp_path: Path) -> None:
    """A queue without entries makes an empty picture, not an error."""
    draw(Picture((), ()), str(tmp_path / "graph.png"), "png")
    assert (tmp_path / "graph.png").read_bytes().startswith(PNG_SIGNATURE)


def test_every_state_has_its_colours() -> None:
    """No state is left without a fill and a border."""
    assert set(FILLS) == set(EDGES) == set(EntryState)


def left_out(build: object, moves: str, most: int) -> list[tuple[str, str]]:
    """Titles and details of the groups of a picture."""
    state = QueueInMemory(build).play(moves).state
    return [(group.title, group.detail) for group in picture(state, most=most).groups]


@pytest.mark.parametrize(("most", "inside"), [(60, [("copy 1", "left out")]), (1, [])])
def test_copies_that_are_left_out_are_marked(most: int, inside: list[tuple[str, str]]) -> None:
    """A group says how many copies it goes on without, and such a copy is in a box that says so."""
    build = described(lambda a, b: StaticWidthGroup(a, 3, tolerate=1) >> b)
    whole = ("StaticWidthGroup ×3", "tolerate=1, 1 left out")
    assert left_out(build, "a[0]+ a[1]! a[2]+", most) == [whole, *inside]
    assert left_out(build, "a[0]+ a[1]! a[2]!", most) == [("StaticWidthGroup ×3", "tolerate=1")]


def test_of_copies_with_several_tasks_those_left_out_are_marked() -> None:
    """Each copy has its box anyway."""
    build = described(lambda a, b: StaticWidthGroup(a >> b, 2, on_discard="drop"))
    assert left_out(build, "a[0]-", 60) == [
        ("StaticWidthGroup ×2", "on_discard=drop, 1 left out"),
        ("copy 0", "left out"),
        ("copy 1", ""),
    ]
