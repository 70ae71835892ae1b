"""Runs one attempt in a batch job: ``python -P -m perqueue.runner.batch JOBFILE``, or ``FOLDER [INDEX]``.

The batch script puts this process in its own place with ``exec``, so it is what the scheduler signals, and its start is
the job's. Theory of operation: it claims the attempt, forks a child that runs the task in a process group of its own,
and watches. The child writes the outcome as any task's process does. If it dies instead, is out of time, or is ended
from outside, what is left of its group is ended and the outcome is written here. So there is an outcome at once
whatever the task does, and code that never comes back to the interpreter has a walltime too.

- ``place`` reads off the environment which job this is, and how often it was started before;
- ``clock`` knows when the task is warned and ended, and what a scheduler's own warning means;
- ``child`` starts the child, and sees to it that it does not outlive this process;
- ``watch`` is the loop around it; ``ranks`` runs the ranks of an MPI task, which the child then starts;
- ``driving`` moves the queue afterwards, if nobody else does.

Neither the database nor a scheduler's commands are needed for any of it.
"""
