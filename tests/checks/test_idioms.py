"""No false alarms: what public scripts do, in the words of the compatibility page, gives no finding at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.submissions import Workflow, found
from tests.docs.markdown import ROOT

from perqueue.checks.check import check_graph
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.task import Task
from perqueue.core.tasklike import Workflow as Flow

SCRIPTS = {
    "buffer": "def main(*args, **kwargs):\n    return True, kwargs\n",
    "again": """
        def main(structure=None, fmax=0.05, **kwargs):
            energy = compute(structure)
            return True, {"structure": structure, "fmax": fmax, "energy": energy, **kwargs}
        """,
    "forgiving": """
        def main(structure=None, **kwargs):
            try:
                energy = run(structure)
            except Exception:
                return True, {}
            return True, {"energy": energy}
        """,
    "person": """
        from pathlib import Path

        def main(**kwargs):
            if not Path("answer").exists():
                raise Exception("have a look, then resubmit")
            return True, {"answer": Path("answer").read_text()}
        """,
    "merged": """
        import numpy as np
        from perqueue.constants import INDEX_KW

        def main(energy, **kwargs):
            idx, *_ = kwargs[INDEX_KW]
            first = next(iter(energy.values()))
            return True, {"at": np.unravel_index(kwargs["pq_index"], (2, 2)), "first": first, "n": [1, 2][idx]}
        """,
    "wide": """
        from perqueue.constants import DYNAMICWIDTHGROUP_KEY
        from typing import Tuple

        def main(n: int = 4) -> Tuple[bool, dict]:
            data = {DYNAMICWIDTHGROUP_KEY: n}
            for i in range(n):
                data[f"part_{i}"] = i
            return True, data
        """,
    "converge": """
        from perqueue.constants import CYCLICALGROUP_KEY, ITER_KW

        def main(energy=None, **kwargs):
            iteration, *_ = kwargs[ITER_KW]
            done = iteration >= 3
            results = {"energy": energy}
            results[CYCLICALGROUP_KEY] = done
            if done:
                results["converged"] = True
            return done or True, results
        """,
    "choose": """
        import perqueue.constants as c

        def main(kind="bulk", **kwargs):
            if kind == "bulk":
                return True, {c.SWITCHGROUP_KEY: "bulk"}
            elif kind == "none":
                return True, {c.SWITCHGROUP_KEY: c.SWITCHGROUP_SKIP}
            return True, {c.SWITCHGROUP_KEY: "surface", "pq_max_tries": 5}
        """,
    "literal": "def main(**kwargs):\n    return 1, {'pq_toggle_key': kwargs['pq_iteration'][0] > 2}\n",
    "wrapped": "from mylib.tasks import relax as main\n",
    "parser": """
        import json, sys

        def main(**kwargs):
            out = {}
            for key in ("a", "b"):
                out[key] = kwargs.get(key)
            print(json.dumps(out))
            return True, out

        if __name__ == "__main__":
            main(**json.loads(sys.argv[1]))
        """,
    "needy": "def main(structure, energy, a=None, **kwargs):\n    return True, None\n",
}

WORKFLOWS: dict[str, Workflow] = {
    "a buffer before a static group in a branch": lambda t: [
        t["choose"],
        SwitchGroup({"bulk": [t["buffer"], StaticWidthGroup(t["again"], 3), t["buffer"]], "surface": []}),
        t["buffer"],
    ],
    "what is returned again": lambda t: [t["again"], t["again"], t["needy"]],
    "success said of a failed calculation": lambda t: [
        StaticWidthGroup(t["forgiving"], 3),
        StaticWidthGroup(t["merged"], 4),
    ],
    "waiting for a person": lambda t: [t["person"], t["buffer"]],
    "a width": lambda t: [t["wide"], DynamicWidthGroup(t["again"]), t["buffer"]],
    "a loop in a dynamic group": lambda t: [t["wide"], DynamicWidthGroup(CyclicalGroup(t["converge"], 5)), t["needy"]],
    "a loop with two last tasks": lambda t: CyclicalGroup(t["again"] >> (t["converge"] | t["literal"])),
    "a loop round a switch": lambda t: CyclicalGroup(
        [t["choose"], SwitchGroup({"bulk": t["again"], "surface": []}), t["literal"]]
    ),
    "an imported main": lambda t: [t.task("wrapped", {"x": 1}), DynamicWidthGroup(t["wrapped"]), t["needy"]],
    "built in a loop": lambda t: [t["parser"], t["needy"]],
    "ports": lambda t: {t["needy"]: {t["again"]: {"structure": "structure", "energy": "energy"}}},
    "the first value": lambda t: {
        t["needy"]: {t["again"]: {"None": "structure"}, t["forgiving"]: {"energy": "energy"}}
    },
    "one task in and before a loop": lambda t: (lambda task: [task, CyclicalGroup(Flow([task, t["literal"]]))])(
        t["again"]
    ),
}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_is_found(tmp_path: Path, name: str) -> None:
    """Work that runs is submitted without a word."""
    assert [one.shown() for one in found(tmp_path, SCRIPTS, WORKFLOWS[name])] == []


@pytest.mark.parametrize(
    ("folder", "first", "others"),
    [
        ("tests/seed", "estimate_pi.py", ["plot_error.py", "sphere_diameter.py"]),
        ("examples/pi", "estimate.py", ["plot.py", "sphere.py"]),
    ],
)
def test_the_pi_campaigns(folder: str, first: str, others: list[str]) -> None:
    """The scripts of the PerQueue article, and our own, give no finding."""
    one, *more = (Task(str(ROOT / folder / name), {}, "local:5m", name=name) for name in (first, *others))
    assert check_graph(compile_graph(Flow({task: [one] for task in more})), Config()) == []
