from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, Task, Workflow

# Define tasks
CE_task_init = Task('CE_model.py', {'first': True}, 'local:10m')
CE_task = Task('CE_model.py', {'first': False}, '24:xeon24:10m', name='train')
relax_task = Task('relaxation.py', {'fmax': 0.05}, '8:sm3090:3h', name='optimize')
MC_task = Task('MC.py', {'steps': 100}, '24:xeon24:10m')
KMC_task = Task('KMC.py', {'steps': 10}, '24:xeon24:10m')

# Wrap up subworkflow for loop
dwg = DynamicWidthGroup(relax_task)
cg = CyclicalGroup([dwg, CE_task], max_tries=10)

# Wrap (kinetic) Monte Carlo in width group
swg = StaticWidthGroup([MC_task, KMC_task], width=5)

# Package up workflow
wf = Workflow([CE_task_init, cg, swg])

# Submit the workflow through PerQueue
with PersistentQueue() as pq:
    pq.submit(wf)
