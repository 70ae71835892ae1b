"""The cluster expansion, written with operators."""

from __future__ import annotations

from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, Task

begin = Task("CE_model.py", {"first": True}, "local:10m")
train = Task("CE_model.py", {"first": False}, "24:xeon24:10m", name="train")
optimize = Task("relaxation.py", {"fmax": 0.05}, "8:sm3090:3h", name="optimize")
monte_carlo = Task("MC.py", {"steps": 100}, "24:xeon24:10m")
kinetic = Task("KMC.py", {"steps": 10}, "24:xeon24:10m")

model = CyclicalGroup(DynamicWidthGroup(optimize) >> train, max_tries=10)

with PersistentQueue() as pq:
    pq.submit(begin >> model >> StaticWidthGroup(monte_carlo >> kinetic, width=5))
