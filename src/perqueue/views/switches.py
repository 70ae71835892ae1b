"""Which branch a switch took where nothing runs in it, so that no frame tells."""

from __future__ import annotations

from perqueue.core.graph import SwitchKind
from perqueue.core.keys import SWITCHGROUP_KEY
from perqueue.core.merge import arguments
from perqueue.core.policy import Key
from perqueue.core.records import Frame
from perqueue.store.protocol import Snapshot


def empty_branch(state: Snapshot, frame: Frame, kind: SwitchKind) -> Key | None:
    """The key of the empty branch that was chosen; None if it was none of them: the switch was skipped."""
    from perqueue.core.planner.draft import Draft  # only where a switch ran nothing
    from perqueue.core.planner.inputs import data_of, pass_on, results_into

    draft = Draft(state)
    try:
        results = [(arguments(data_of(draft, source)), way) for source, way in results_into(draft, frame)]
    except Exception:  # whatever damaged results make the reader raise: the rest can still be shown
        return None
    for whole, way in results:
        said = pass_on(whole, way).get(SWITCHGROUP_KEY, whole.get(SWITCHGROUP_KEY))
        for branch in kind.branches:
            if branch.body < 0 and branch.key == said and type(branch.key) is type(said):
                return branch.key
    return None
