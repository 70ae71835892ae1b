"""``pq inspect``: files, text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.program import Pq, settle
from tests.queues import script

from perqueue import DynamicWidthGroup, PersistentQueue, SwitchGroup, Task


@pytest.mark.parametrize("kind", ["png", "svg", "mmd"])
def test_the_ending_says_what_is_written(campaign: Pq, queue_folder: Path, kind: str) -> None:
    """``-o`` writes PNG, SVG or Mermaid, by the file's ending."""
    campaign("inspect", "-o", f"graph.{kind}")
    raw = (queue_folder / f"graph.{kind}").read_bytes()
    assert {"png": b"\x89PNG", "svg": b"<svg", "mmd": b"flowchart LR"}[kind] in raw


def test_without_a_file_it_prints_mermaid(campaign: Pq) -> None:
    """The text of one submission has its entries only."""
    out = campaign("inspect", "2").out
    assert "b2 --> b3" in out
    assert "b1" not in out


def test_json_has_nodes_and_edges(campaign: Pq) -> None:
    """``--json`` gives the graph."""
    told = json.loads(campaign("inspect", "--json").out)
    assert [node["name"] for node in told["nodes"]] == ["first", "bad", "behind", "last"]
    assert told["edges"] == [[2, 3]]


@pytest.fixture
def grown(pq: Pq, queue_folder: Path) -> Pq:
    """Entry 1 made two copies, of which one failed, so that the switch behind them is undecided."""
    script(queue_folder, "two.py", "def main():\n    return True, {'pq_dwg_width': 2}\n")
    script(queue_folder, "odd.py", "def main(pq_index, **_):\n    return 1 / pq_index[0] > 0, {'pq_switch_key': 2}\n")
    first, odd, one, other = (
        Task(code, None, "local", name=code[:-3]) for code in ("two.py", "odd.py", *["add.py"] * 2)
    )
    with PersistentQueue() as queue:
        queue.submit(first >> DynamicWidthGroup(odd) >> SwitchGroup({"one": one, 2: other}))
    settle()
    return pq


def test_the_template_and_the_instance(grown: Pq) -> None:
    """What may happen, what did, and by default both: dashed where it is not known yet."""
    template = grown("inspect", "1", "--template").out
    assert 'DynamicWidthGroup ×#63;"]' in template
    assert "SwitchGroup · one of these, or none" in template
    assert "classDef" not in template.replace("classDef body", "")
    instance = grown("inspect", "1", "--instance").out
    assert "DynamicWidthGroup ×2" in instance
    assert "odd<br/>2" in instance
    assert ":::failed" in instance
    assert "SwitchGroup" not in instance
    both = grown("inspect", "1").out
    assert "DynamicWidthGroup ×2" in both
    assert ":::planned" in both


def test_json_tells_groups_and_what_is_planned(grown: Pq) -> None:
    """Nodes name the group that they stand in; groups have titles, and edges join either."""
    told = json.loads(grown("inspect", "--json").out)
    titles = {group["title"]: group for group in told["groups"]}
    copies = [node for node in told["nodes"] if node["name"] == "odd"]
    wide, switch = titles["DynamicWidthGroup ×2"], titles["SwitchGroup"]
    assert [node["group"] for node in copies] == [wide["id"]] * 2
    assert (wide["planned"], switch["planned"]) == (False, True)
    assert told["edges"] == [[1, wide["id"]], [wide["id"], switch["id"]]]
    template = json.loads(grown("inspect", "--json", "--template").out)
    assert not any(node["keys"] for node in template["nodes"])


@pytest.mark.parametrize("shown", ["--template", "--instance"])
def test_either_is_drawn_as_a_file(grown: Pq, queue_folder: Path, shown: str) -> None:
    """Files show the same as text."""
    grown("inspect", shown, "-o", "graph.svg")
    assert b"<svg" in (queue_folder / "graph.svg").read_bytes()


@pytest.mark.parametrize("target", ["graph.pdf", "graph", "nowhere/graph.mmd"])
def test_a_file_that_cant_be_made_is_status_2(campaign: Pq, target: str) -> None:
    """An unknown ending or a missing folder is one line that names the file."""
    found = campaign("inspect", "-o", target, status=2)
    assert target in found.err
    assert len(found.err.splitlines()) == 1


def test_two_pictures_at_once_are_refused(campaign: Pq) -> None:
    """What may happen and what did are asked for one at a time; together they are the default."""
    told = campaign("inspect", "--template", "--instance", status=2)
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert "give one of them, or neither for both in one" in told.err
