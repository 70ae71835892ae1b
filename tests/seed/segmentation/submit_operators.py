"""Image segmentation with a person in the loop, written with operators."""

from __future__ import annotations

from perqueue import CyclicalGroup, PersistentQueue, Task

train = Task("train.py", {"epochs": 2}, "1:sm3090:2h")
predict = Task("predict_select.py", None, "1:sm3090:30m")
label = Task("label.py", None, "1:sm3090:10m")

with PersistentQueue() as pq:
    pq.submit(train >> CyclicalGroup(predict >> label >> train, max_tries=10))
