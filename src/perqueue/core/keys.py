"""The names that task scripts and the queue share. Scripts may import them or write the strings."""

from __future__ import annotations

from typing import Final

ITER_KW: Final = "pq_iteration"
"""Argument of a task inside loops: the iteration numbers, from 0, outer loop first."""

INDEX_KW: Final = "pq_index"
"""Argument of a task inside width groups: its copy numbers, from 0, inner group first."""

MAXTRIES_KW: Final = "pq_max_tries"
"""Result key: how many iterations the loop that follows may take in total. Tasks don't receive it."""

CYCLICALGROUP_KEY: Final = "pq_toggle_key"
"""Result key of a loop's last tasks: True ends the loop."""

DYNAMICWIDTHGROUP_KEY: Final = "pq_dwg_width"
"""Result key: how many copies the dynamic width group that follows has."""

SWITCHGROUP_KEY: Final = "pq_switch_key"
"""Result key: which branch of the switch group that follows is taken."""

SWITCHGROUP_SKIP: Final = "pq_skip_route"
"""Value of :data:`SWITCHGROUP_KEY`: take no branch, go on with what follows the group."""

VALUE_KW: Final = "pq_value"
"""Result key: what a typed function returned, where that is no dict; a script that follows it gets it so named."""

CONTROL_KEYS: Final = frozenset({MAXTRIES_KW, CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, SWITCHGROUP_KEY})
"""Result keys that decide groups; a typed function does not see them in what it is given."""
