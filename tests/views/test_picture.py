"""Pictures: boxes and arrows, where they stand, and the files that come of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.views.stored import end, seen, stored, task

from perqueue.core.records import Verdict
from perqueue.core.states import EntryState
from perqueue.core.tasklike import StaticWidthGroup, Workflow
from perqueue.views.colours import EDGES, FILLS
from perqueue.views.drawing import draw
from perqueue.views.layers import lay_out
from perqueue.views.mermaid import mermaid
from perqueue.views.picture import Box, Picture, picture

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def wide(copies: int) -> object:
    a, b, c, d = (task(name) for name in "abcd")
    return a >> StaticWidthGroup(b >> c, copies) >> d


def named(found: Picture) -> set[tuple[str, str]]:
    names = {box.id: box.title for box in found.boxes}
    return {(names[parent], names[child]) for parent, child in found.arrows}


def test_few_entries_are_drawn_one_by_one(tmp_path: Path) -> None:
    """A box for each entry with its key, an arrow for each dependency."""
    with seen(tmp_path, wide(2)) as state:
        found = picture(state)
    assert [box.detail for box in found.boxes] == ["1", "2", "3", "4", "5", "6"]
    assert len(found.arrows) == 2 + 2 + 2


def test_many_entries_collapse_into_boxes_of_copies(tmp_path: Path) -> None:
    """With many entries the copies in a group are one box, with how many are in which state."""
    with stored(tmp_path, wide(40)) as store:
        end(store, 1)
        end(store, 2)
        end(store, 4, Verdict.failed)
        with store.snapshot() as state:
            found = picture(state)
    assert named(found) == {("a", "b ×40"), ("b ×40", "c ×40"), ("c ×40", "d")}
    (box,) = (box for box in found.boxes if box.name == "b")
    assert box.detail == "38 g, 1 s, 1 f"
    assert box.state is EntryState.failed


def test_tasks_side_by_side_under_one_name_share_a_box(tmp_path: Path) -> None:
    """Many equal tasks of a workflow, with the same parents and children, collapse too."""
    first, last = task("first"), task("last")
    between = [task("relax") for _ in range(70)]
    with seen(tmp_path, Workflow({first: [], **{t: [first] for t in between}, last: between})) as state:
        found = picture(state)
    assert named(found) == {("first", "relax ×70"), ("relax ×70", "last")}


def test_the_template_has_each_task_once(tmp_path: Path) -> None:
    """A template shows the description: a group's tasks once, without keys and states."""
    with seen(tmp_path, wide(3)) as state:
        found = picture(state, template=True)
    assert named(found) == {("a", "b"), ("b", "c"), ("c", "d")}
    assert all(box.state is None and not box.detail for box in found.boxes)


def test_an_empty_groups_parents_give_to_what_follows(tmp_path: Path) -> None:
    """In a template an empty group is looked through."""
    with seen(tmp_path, wide(0)) as state:
        assert ("a", "d") in named(picture(state, template=True))


def test_one_submission_can_be_drawn(tmp_path: Path) -> None:
    """With a graph's number only its entries are drawn; without, all."""
    with seen(tmp_path, wide(1), task("alone")) as state:
        assert [box.name for box in picture(state, 2).boxes] == ["alone"]
        assert len(picture(state).boxes) == 5


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
