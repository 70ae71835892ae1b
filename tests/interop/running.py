"""Running a workflow of scripts and functions in this process, as the queue hands values on."""

from __future__ import annotations

import json
from typing import Any

from perqueue.codec import encode_mapping, no_blobs
from perqueue.core.merge import merge, select
from perqueue.interop.calls import SCRIPT
from perqueue.interop.pieces import described_pieces
from perqueue.interop.scripts.pwd_function import main


def run_here(workflow: object) -> dict[str, list[Any]]:
    """The data of each task, by names, in topological order. All of them must call plain functions."""
    results: dict[int, Any] = {}
    named: dict[str, list[Any]] = {}
    for piece in described_pieces(workflow):
        assert piece.code == SCRIPT
        given = merge((on, select(results[on], ports)) for on, ports in sorted(piece.parents))
        succeeded, data = main(**{**piece.args, **given})
        assert succeeded
        text, refused = encode_mapping(data, no_blobs)
        assert not refused
        results[piece.number] = json.loads(text)
        named.setdefault(piece.name, []).append(data)
    return named
