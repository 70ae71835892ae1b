from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, Task, Workflow

# Define tasks
t_train = Task('work_train.py', None, '1:sm3090:30m')
t_sim = Task('work_simulate.py', None, '1:sm3090:30m')
t_select = Task('work_select.py', None, '1:sm3090:30m')
t_label = Task('work_label.py', None, '24:xeon24:10m')

# Define groups for workflow width
swg_train = StaticWidthGroup(t_train, width=2)
dwg_ssl = DynamicWidthGroup([t_sim, t_select, t_label])
dwg_train = DynamicWidthGroup(t_train)

# Wrap width groups in a CyclicalGroup for looping
cg = CyclicalGroup([dwg_ssl, dwg_train], max_tries=10)

# Define and submit workflow
wf = Workflow([swg_train, cg])

# Submit the workflow through PerQueue
with PersistentQueue() as pq:
    pq.submit(wf)
