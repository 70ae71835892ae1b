"""The submission that goes with the three scripts beside it: plot and sphere each depend on the estimate.

The scripts are those of section 1 of the supporting information of "PerQueue: Managing Complex and Dynamic
Workflows" (B. H. Sjølin et al., Technical University of Denmark), kept as printed there. This file is ours.
They are named relative to the current folder: run it from theirs.
"""

from __future__ import annotations

from perqueue import PersistentQueue, Task, Workflow

t_pi = Task("estimate_pi.py", {"N_samples": 10**5}, "local:5m")
t_plot = Task("plot_error.py", {"savefig_filename": "pi_error.png"}, "local:5m")
t_sphere = Task("sphere_diameter.py", None, "local:5m")

wf = Workflow({t_pi: [], t_plot: [t_pi], t_sphere: [t_pi]})

with PersistentQueue() as pq:
    pq.submit(wf)
