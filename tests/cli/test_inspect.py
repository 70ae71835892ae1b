"""``pq inspect``: files, text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.program import Pq


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


@pytest.mark.parametrize("target", ["graph.pdf", "graph", "nowhere/graph.mmd"])
def test_a_file_that_cant_be_made_is_status_2(campaign: Pq, target: str) -> None:
    """An unknown ending or a missing folder is one line that names the file."""
    found = campaign("inspect", "-o", target, status=2)
    assert target in found.err
    assert len(found.err.splitlines()) == 1
