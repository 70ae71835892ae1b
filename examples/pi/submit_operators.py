"""Submit the pi campaign, joined with operators: `>>` is "then", `|` is "beside"."""

from __future__ import annotations

import sys
from pathlib import Path

from perqueue import PersistentQueue, Task

# A task's script is named from the current folder, so name it in full: this works from any folder.
here = Path(__file__).parent
samples = int(sys.argv[1]) if len(sys.argv) > 1 else 10**6

estimate = Task(here / "estimate.py", {"samples": samples}, "local:5m")
plot = Task(here / "plot.py", {"filename": str(Path.cwd() / "pi_error.png")}, "local:5m")
sphere = Task(here / "sphere.py", None, "local:5m")

with PersistentQueue() as pq:
    pq.submit(estimate >> (plot | sphere))
