from perqueue import CyclicalGroup, PersistentQueue, Task, Workflow

# Define tasks
t1 = Task("train.py", {'epochs': 2}, "1:sm3090:2h")
t2 = Task("predict_select.py", None, "1:sm3090:30m")
t3 = Task("label.py", None, "1:sm3090:10m")

# Wrap tasks in CyclicalGroup for looping
cg = CyclicalGroup([t2, t3, t1], max_tries=10)

# Define full workflow
wf = Workflow([t1, cg])

# Submit the workflow through PerQueue
with PersistentQueue() as pq:
    pq.submit(wf)
