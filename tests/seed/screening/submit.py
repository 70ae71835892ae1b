from sys import argv

from perqueue import PersistentQueue, StaticWidthGroup, Task, Workflow

j = int(argv[1])
k = int(argv[2])
WIDTH = 3

# Defining the tasks for a specific range of entries.
for i in range(j, k):
    # Define tasks
    t1 = Task("generation.py", {'index': i}, "local:10m")

    t2 = Task("relax.py", None, "40:xeon40:1:50h")
    t3 = Task("convex_hull.py", None, "local:5m")
    t4 = Task("band_gap.py", None, "local:5m")
    t5 = Task("preneb.py", {'n_images': 5}, "112:xeon56:1:50h")
    t6 = Task("neb.py", {'fmax': 0.05}, "168:xeon56:1:50h")

    # Define the subworkflow as a list of tasks - each depends on the previous
    swf = Workflow([t2, t3, t4, t5, t6])

    # Wrap subworkflow in width group to get parallel workflows
    swg = StaticWidthGroup(swf, width=WIDTH)

    # Define final workflow layer
    wf = Workflow([t1, swg])

    # Submit entire workflow through PerQueue
    with PersistentQueue() as pq:
        pq.submit(wf)
