"""A campaign of typed functions and scripts, submitted by a script of its own, through a real queue to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.queues import script

from .driving import entries, one, settle

HELPERS = """
    from __future__ import annotations
    from dataclasses import dataclass
    from perqueue import task

    @dataclass(frozen=True)
    class Structure:
        formula: str
        volume: float

    @task("local:1m")
    def relaxed(structure: Structure, scale: float) -> Structure:
        return Structure(structure.formula, structure.volume * scale)

    @task("local:1m")
    def both(pair: tuple[Structure, dict[str, object]], label: str) -> str:
        structure, told = pair
        return f"{label}: {structure.formula} {structure.volume:g} {told['energy']}"
"""

SUBMIT = """
    from __future__ import annotations
    from perqueue import Choose, Continue, CyclicalGroup, Discard, DynamicWidthGroup, PersistentQueue
    from perqueue import StaticWidthGroup, Stop, SwitchGroup, Task, Width, task
    from helpers import Structure, both, relaxed

    @task("local:1m")
    def structures(*, count: int) -> list[Structure]:
        return [Structure(f"Si{number + 1}", 20.0 * (number + 1)) for number in range(count)]

    @task("local:1m")
    def largest(found: list[Structure]) -> Structure:
        return max(found, key=lambda structure: structure.volume)

    @task("local:1m")
    def compress(structure: Structure, pq_iteration: list[int] | None = None) -> Continue[Structure] | Stop[float]:
        if structure.volume < 20:
            return Stop(structure.volume + pq_iteration[0])
        return Continue(Structure(structure.formula, structure.volume / 2))

    @task("local:1m")
    def choose(volume: float) -> Choose[str, float]:
        return Choose("dense" if volume < 30 else "loose", volume)

    @task("local:1m")
    def spread(volume: float) -> Width[float]:
        return Width(2, volume)

    @task("local:1m")
    def numbered(volume: float, pq_index: list[int] | None = None) -> float | Discard[float]:
        return volume + pq_index[0] if pq_index[0] else Discard(volume)

    @task("local:1m")
    def total(values: list[float]) -> dict[str, float]:
        return {"total": sum(values)}

    wide = structures(count=3) >> DynamicWidthGroup(relaxed(scale=1.5)) >> largest()
    dense = spread() >> DynamicWidthGroup(numbered(), on_discard="drop") >> total()
    search = CyclicalGroup(compress(), max_tries=9) >> choose() >> SwitchGroup({"dense": dense, "loose": None})

    if __name__ == "__main__":
        with PersistentQueue() as pq:
            pq.submit(wide >> (relaxed(scale=1.0) | Task("energy.py", {"method": "PBE"}, "local:1m")) >> both("it is"))
            pq.submit(wide >> search >> Task("report.py", None, "local:1m"))
"""


@pytest.fixture
def campaign(queue_folder: Path) -> Path:
    """The submission script with its module and its two task scripts."""
    script(queue_folder, "helpers.py", HELPERS)
    script(queue_folder, "submit.py", SUBMIT)
    script(
        queue_folder,
        "energy.py",
        "def main(pq_value, method):\n    return True, {'energy': -pq_value.volume, 'method': method}\n",
    )
    script(queue_folder, "report.py", "def main(total, **rest):\n    return True, {'total': total, 'rest': rest}\n")
    return queue_folder


def test_a_campaign_of_functions_and_scripts(campaign: Path) -> None:
    """Elements, tuples, loops, switches, widths and discards of functions; values of classes; scripts in between."""
    done = subprocess.run([sys.executable, "submit.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    settle()
    found = list(entries().values())
    assert {(entry.name, entry.err_txt) for entry in found if str(entry.state) == "failed"} == set()
    assert one(found, "both").data == {"pq_value": "it is: Si3 90 -90.0"}
    compressed = [entry for entry in found if entry.name == "compress"]
    # 90, 45, 22.5, 11.25: the fourth iteration stops.
    assert [entry.pq_args["pq_iteration"] for entry in compressed] == [[0], [1], [2], [3]]
    assert compressed[-1].data == {"pq_value": 14.25, "pq_toggle_key": True}
    assert [str(entry.state) for entry in found if entry.name == "numbered"] == ["discarded", "succeeded"]
    assert one(found, "report.py").data == {"total": 15.25, "rest": {}}


def test_its_values_have_their_classes(campaign: Path) -> None:
    """What a module's class was when it was stored it is when it is read, in any script that can import it."""
    subprocess.run([sys.executable, "submit.py"], check=True)
    settle()
    reading = (
        "from perqueue import PersistentQueue\n"
        "from helpers import Structure\n"
        "for entry in PersistentQueue().get_entries():\n"
        "    if entry.name == 'largest':\n"
        "        print(entry.data['pq_value'] == Structure('Si3', 90.0))\n"
    )
    done = subprocess.run([sys.executable, "-c", reading], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_it_is_found_right_before_anything_runs(campaign: Path) -> None:
    """The checks have nothing to say about it, and make no queue."""
    done = subprocess.run(
        [sys.executable, "-m", "perqueue", "check", "submit.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings in 15 tasks of 2 submissions\n")
    assert not (campaign / ".perqueue").exists()
