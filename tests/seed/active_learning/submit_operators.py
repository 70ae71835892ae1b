"""Active learning, written with operators."""

from __future__ import annotations

from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, Task

train = Task("work_train.py", None, "1:sm3090:30m")
simulate = Task("work_simulate.py", None, "1:sm3090:30m")
select = Task("work_select.py", None, "1:sm3090:30m")
label = Task("work_label.py", None, "24:xeon24:10m")

iteration = DynamicWidthGroup(simulate >> select >> label) >> DynamicWidthGroup(train)

with PersistentQueue() as pq:
    pq.submit(StaticWidthGroup(train, width=2) >> CyclicalGroup(iteration, max_tries=10))
