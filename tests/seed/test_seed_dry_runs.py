"""Dry runs of the seed's use cases: they come to exactly the entries that then run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.seed.test_seed_workflows import ARGUMENTS, HERE, settled, submit

from perqueue import PersistentQueue, Selection

Entries: TypeAlias = Counter[tuple[str, tuple[int, ...], tuple[int, ...]]]


def foretold(case: str, scenario: str, arguments: list[str]) -> tuple[Entries, Counter[tuple[str, str]]]:
    """What the dry run of a use case says: its entries by place, and by name and state."""
    for path in (HERE / case).iterdir():
        if path.is_file():
            shutil.copy(path, ".")
    argv = [sys.executable, "-m", "perqueue", "dry-run", "submit.py", *arguments, "--scenario", scenario, "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["remarks"] == [one for one in told["remarks"] if "nothing goes by" not in one]
    ran = {(run["key"], run["name"], tuple(run["index"]), tuple(run["iteration"])) for run in told["timeline"]}
    states = Counter(
        {(name, state): n for name, counts in told["entries"]["by_task"].items() for state, n in counts.items()}
    )
    return Counter((name, index, iteration) for _, name, index, iteration in ran), states


def ran() -> Entries:
    """The entries that ran, by place."""
    return Counter(
        (
            entry.name,
            tuple(entry.pq_args.get("pq_index", ())),
            tuple(entry.pq_args.get("pq_iteration", ())),
        )
        for entry in PersistentQueue().get_entries()
        if entry.attempt is not None
    )


@pytest.mark.parametrize(
    ("case", "scenario", "arguments"),
    [
        ("screening", "scenario.toml", ["1", "3"]),
        pytest.param("screening", "scenario_of_no_interest.toml", ["2", "4"], marks=pytest.mark.slow),
        pytest.param("active_learning", "scenario.toml", [], marks=pytest.mark.slow),
        pytest.param("segmentation", "scenario.toml", [], marks=pytest.mark.slow),
        ("cluster_expansion", "scenario.toml", []),
    ],
)
def test_the_dry_run_says_what_then_runs(
    case: str, scenario: str, arguments: list[str], queue_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same entries, by name, copy and iteration, and the same states."""
    entries, states = foretold(case, scenario, arguments)
    assert not (queue_folder / ".perqueue").exists()
    monkeypatch.setitem(ARGUMENTS, case, arguments)
    submit(case, queue_folder, monkeypatch)
    found = settled()
    while case == "segmentation" and found["label.py", "failed"]:
        # A person answers.
        for image in queue_folder.glob("*.todo"):
            image.with_suffix(".label").write_text("cat\n", encoding="utf-8")
        with PersistentQueue() as pq:
            pq.resubmit(pq.get_entries(selection=Selection(states="f")))
        found = settled()
    assert ran() == entries
    assert found == states
