"""How a task says which plain function it calls: the argument that :mod:`.scripts.pwd_function` reads.

The standard library only: this is imported where tasks run.
"""

from __future__ import annotations

import os

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts", "pwd_function.py")
"""The task script that calls a plain function. It has a folder of its own, as that comes to the tasks' ``sys.path``."""

CALL = "pq_call"
"""The argument with a mapping of the keys below, all JSON; of these all but the first may be missing."""

FUNCTION = "function"
"""``module.function``."""

TAKES = "takes"
"""The function's arguments, in their order: a function of ``**kwargs`` may mind it."""

READS = "reads"
"""What others read of the result: items, and None for the whole."""

INPUTS = "inputs"
"""Argument names, and what the workflow calls the inputs that give them, where that is something else."""

OUTPUTS = "outputs"
"""Pairs of the name of an output and the item that it is (None: the whole)."""

MODULES = "modules"
"""A folder in which the module is looked for first."""
