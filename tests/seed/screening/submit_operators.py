"""The screening, written with operators."""

from __future__ import annotations

import sys

from perqueue import PersistentQueue, StaticWidthGroup, Task

first, end = map(int, sys.argv[1:])

with PersistentQueue() as pq:
    for i in range(first, end):
        generation = Task("generation.py", {"index": i}, "local:10m")
        relax = Task("relax.py", None, "40:xeon40:1:50h")
        hull = Task("convex_hull.py", None, "local:5m")
        gap = Task("band_gap.py", None, "local:5m")
        preneb = Task("preneb.py", {"n_images": 5}, "112:xeon56:1:50h")
        neb = Task("neb.py", {"fmax": 0.05}, "168:xeon56:1:50h")
        pq.submit(generation >> StaticWidthGroup(relax >> hull >> gap >> preneb >> neb, width=3))
