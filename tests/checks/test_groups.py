"""Findings about what decides groups: a table of scripts, workflows and findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.checks.submissions import Scripts, Workflow, brief, found

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.task import Task

ANY = "def main(**kwargs):\n    return True, kwargs\n"
NONE = "def main(**_):\n    return True, None\n"


def gives(*pairs: str) -> str:
    return f"from perqueue.constants import *\ndef main(**_):\n    return True, {{{', '.join(pairs)}}}\n"


def ways(key: str, *values: str) -> str:
    lines = [f"    if _: return True, {{'{key}': {value}}}" for value in values[:-1]]
    return "\n".join(["def main(**_):", *lines, f"    return True, {{'{key}': {values[-1]}}}", ""])


def dynamic(t: Scripts) -> object:
    return [t["a"], DynamicWidthGroup(t["any"])]


def loop(t: Scripts) -> object:
    return CyclicalGroup(t["a"])


def switch(t: Scripts) -> object:
    return [t["a"], SwitchGroup({"up": t["any"], 2: t["any"]})]


TYPED = "from perqueue import Choose, Continue, Discard, Stop, Width, task\nfrom typing import Any, Literal\n"


def typed(body: str) -> str:
    return f"{TYPED}@task('local')\ndef f(x=None){body}\n"


CASES: dict[str, tuple[str, Workflow, list[str]]] = {
    "no width": (gives("'x': 1"), dynamic, ["error no-key a.py:3"]),
    "no data": (NONE, dynamic, ["error no-key a.py:2"]),
    "a width": (gives("'pq_dwg_width': 3"), dynamic, []),
    "a width by its constant": (gives("DYNAMICWIDTHGROUP_KEY: 3"), dynamic, []),
    "a negative width": (gives("'pq_dwg_width': -1"), dynamic, ["error width a.py:3"]),
    "a width that is no number": (gives("'pq_dwg_width': '3'"), dynamic, ["error width a.py:3"]),
    "sometimes a negative width": (ways("pq_dwg_width", "-1", "3"), dynamic, ["warning width a.py:2"]),
    "always nothing": (gives("'pq_dwg_width': 0"), dynamic, ["warning width a.py:3"]),
    "a width from two steps before": (
        gives("'pq_dwg_width': 3"),
        lambda t: [t["a"], t["none"], DynamicWidthGroup(t["any"])],
        ["error no-key none.py:2"],
    ),
    "a width that is handed on": (
        gives("'pq_dwg_width': 3"),
        lambda t: [t["a"], t["any"], DynamicWidthGroup(t["any"])],
        [],
    ),
    "a width in spite of ports": (
        gives("'pq_dwg_width': 3", "'x': 1"),
        lambda t: {DynamicWidthGroup(t["any"]): {t["a"]: {"x": "y"}}},
        [],
    ),
    "a width for the group inside too": (
        gives("'pq_dwg_width': 3"),
        lambda t: [t["a"], DynamicWidthGroup(DynamicWidthGroup(t["any"]))],
        [],
    ),
    "a loop ends": (gives("'pq_toggle_key': True"), loop, []),
    "a loop without a key": (gives("'x': True"), loop, ["error no-key a.py:3"]),
    "a loop that never ends well": (gives("'pq_toggle_key': False"), loop, ["warning never-stops a.py:3"]),
    "a loop that may end": (ways("pq_toggle_key", "False", "True"), loop, []),
    "a loop that computes its end": (gives("'pq_toggle_key': bool(_)"), loop, []),
    "a key that is neither": (gives("'pq_toggle_key': 'no'"), loop, ["error toggle a.py:3"]),
    "one of two last tasks is silent": (
        gives("CYCLICALGROUP_KEY: True"),
        lambda t: CyclicalGroup(t["a"] | t["none"]),
        ["error no-key none.py:2"],
    ),
    "a key before the end of a loop": (
        gives("CYCLICALGROUP_KEY: True"),
        lambda t: CyclicalGroup([t["a"], t["none"]]),
        ["error no-key none.py:2"],
    ),
    "a loop that ends in a group": (
        gives("CYCLICALGROUP_KEY: True"),
        lambda t: CyclicalGroup(StaticWidthGroup(t["a"], 3)),
        [],
    ),
    "a loop that ends in a group that may be empty": (
        gives("CYCLICALGROUP_KEY: True", "DYNAMICWIDTHGROUP_KEY: 3"),
        lambda t: CyclicalGroup([t["a"], DynamicWidthGroup(t["a"])]),
        [],
    ),
    "no choice": (gives("'x': 1"), switch, ["error no-key a.py:3"]),
    "one choice": (gives("'pq_switch_key': 'up'"), switch, ["warning unreachable submit.py:7"]),
    "every choice": (ways("pq_switch_key", "'up'", "2"), switch, []),
    "a number is no string": (
        ways("pq_switch_key", "'up'", "2", "'2'"),
        switch,
        ["warning no-branch a.py:2"],
    ),
    "skipped": (ways("pq_switch_key", "'up'", "2", "'pq_skip_route'"), switch, []),
    "no such branch": (
        gives("SWITCHGROUP_KEY: 'down'"),
        switch,
        ["error no-branch a.py:3", "warning unreachable submit.py:7", "warning unreachable submit.py:7"],
    ),
    "one way or the other": (gives("SWITCHGROUP_KEY: 'up' if _ else 2"), switch, []),
    "a choice that is computed": (gives("SWITCHGROUP_KEY: str(_)"), switch, []),
    "an answer of a script": ("from perqueue import Stop\ndef main(**_):\n    return Stop({'x': 1})\n", loop, []),
    "an answer that never ends a loop": (
        "import perqueue\ndef main(**_):\n    return perqueue.Continue()\n",
        loop,
        ["warning never-stops a.py:3"],
    ),
    "a typed loop": (typed(": return Stop(1) if x else Continue(2)"), lambda t: CyclicalGroup(t.typed("a", "f")), []),
    "a typed loop that never ends": (
        typed(" -> Continue[int]:\n    return other(x)"),
        lambda t: CyclicalGroup(t.typed("a", "f")),
        ["warning never-stops a.py:5"],
    ),
    "a typed loop without answers": (
        typed(": return 3"),
        lambda t: CyclicalGroup(t.typed("a", "f")),
        ["error no-key a.py:4"],
    ),
    "a typed width": (typed(": return Width(3)"), lambda t: [t.typed("a", "f"), DynamicWidthGroup(t["any"])], []),
    "a typed list": (typed(": return [1, 2]"), lambda t: [t.typed("a", "f"), DynamicWidthGroup(t["any"])], []),
    "a list of a group": (
        typed(": return {'x': 1}"),
        lambda t: [StaticWidthGroup(t.typed("a", "f"), 2), DynamicWidthGroup(t["any"])],
        [],
    ),
    "a dict is no list": (
        typed(": return {'x': 1}"),
        lambda t: [t.typed("a", "f"), DynamicWidthGroup(t["any"])],
        ["error no-key a.py:4"],
    ),
    "a typed choice": (
        typed(": return Choose('up' if x else 'down', 3)"),
        lambda t: [t.typed("a", "f"), SwitchGroup({"up": t["any"], "down": []})],
        [],
    ),
    "a promised choice": (
        typed(' -> \'Choose[Literal["up", "down"], int] | Discard[Any]\':\n    return other(x)'),
        lambda t: [t.typed("a", "f"), SwitchGroup({"up": t["any"], "left": t["any"]})],
        ["warning no-branch a.py:5", "warning unreachable submit.py:7"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_findings(tmp_path: Path, name: str) -> None:
    """What surely keeps a group from going on is an error, and what may keep it a warning."""
    script, workflow, expected = CASES[name]
    findings = found(tmp_path, {"a": script, "any": ANY, "none": NONE}, workflow)
    assert brief(findings, tmp_path) == expected


def test_groups_nested_as_deep_as_one_likes(tmp_path: Path) -> None:
    """Checking nested groups takes no stack, and loops in loops are settled."""

    def nested(t: Scripts) -> object:
        inner: Any = t["a"]
        for _ in range(600):
            inner = CyclicalGroup(StaticWidthGroup(inner, 2))
        return inner

    assert found(tmp_path, {"a": gives("'pq_toggle_key': True")}, nested) == []


def test_ports_round_a_loop(tmp_path: Path) -> None:
    """Ports on the way through groups in which nothing may run, in a loop, are followed only so far."""

    def workflow(t: Scripts) -> object:
        one, two = SwitchGroup({"up": []}), SwitchGroup({"up": []})
        return [t["a"], CyclicalGroup({two: {one: {"x": "y", "pq_toggle_key": "pq_toggle_key"}}})]

    assert found(tmp_path, {"a": ANY}, workflow) == []


MISFITS: dict[str, tuple[str, list[str]]] = {
    "a number is no width": (" -> int: return run()", ["warning no-key a.py:4"]),
    "a text is no width": (" -> 'str': return run()", ["warning no-key a.py:4"]),
    "nothing is no width": (" -> float | None: return run()", ["warning no-key a.py:4"]),
    "a discard is none either": (" -> int | Discard[str]: return run()", ["warning no-key a.py:4"]),
    "a list is one": (" -> list[int]: return run()", []),
    "so may be a tuple": (" -> tuple[int, ...] | None: return run()", []),
    "and a Width": (" -> int | Width[int]: return run()", []),
    "a dict may hold the key": (" -> dict[str, int]: return run()", []),
    "a type of one's own may be anything": (" -> Many: return run()", []),
    "nothing is said": (": return run()", []),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_annotations_that_leave_no_width(tmp_path: Path, name: str) -> None:
    """Directly before a dynamic group, a plain type that is no sequence is suspected; anything else may be right."""
    body, expected = MISFITS[name]
    scripts = {"a": typed(body), "any": ANY}
    findings = found(tmp_path, scripts, lambda t: [t.typed("a", "f"), DynamicWidthGroup(t["any"])])
    assert brief(findings, tmp_path) == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("int", ["warning no-key a.py:4"]),
        ("list[str] | None", ["warning no-key a.py:4"]),
        ("Choose[str, int] | int", []),
        ("dict[str, str]", []),
        ("Any", []),
    ],
)
def test_annotations_that_leave_no_choice(tmp_path: Path, annotation: str, expected: list[str]) -> None:
    """Before a switch also sequences are suspected; before the end of a loop likewise."""
    scripts = {"a": typed(f" -> {annotation}: return run()"), "any": ANY}
    findings = found(tmp_path, scripts, lambda t: [t.typed("a", "f"), SwitchGroup({"up": t["any"]})])
    assert brief(findings, tmp_path) == expected
    findings = found(tmp_path, scripts, lambda t: [t["any"], CyclicalGroup(t.typed("a", "f"))])
    assert brief(findings, tmp_path) == expected


def test_annotations_say_nothing_of_what_comes_through_ports_or_from_others(tmp_path: Path) -> None:
    """A port may give a value any name, and one parent that decides a group is enough."""
    scripts = {"a": typed(" -> int: return run()"), "any": ANY, "w": gives("'pq_dwg_width': 3")}
    assert (
        found(
            tmp_path,
            scripts,
            lambda t: {DynamicWidthGroup(t["any"]): {t.typed("a", "f"): {"pq_value": "pq_dwg_width"}}},
        )
        == []
    )
    assert found(tmp_path, scripts, lambda t: (t.typed("a", "f") | t["w"]) >> DynamicWidthGroup(t["any"])) == []


@pytest.mark.parametrize(
    ("text", "workflow", "advice"),
    [
        (": return None", dynamic, "its parents never return a Width or a list; return Width(n, ...), or a list with"),
        (" -> float: return run()", dynamic, "f() is annotated to return float; return Width(n, ...), or a list with"),
        (": return 1.0", switch, "its parents never return a Choose; return Choose(key, ...) with one of 'up', 2 or"),
        (": return 1.0", loop, "its last tasks never return a Stop or a Continue; return Stop(...) to end the loop"),
        (": return Continue(1)", loop, "its last task never returns a Stop, so that it never ends well"),
    ],
)
def test_typed_functions_are_told_of_answers(tmp_path: Path, text: str, workflow: Workflow, advice: str) -> None:
    """What a typed function should return is said in answers, not in the keys that scripts use."""
    scripts = {"a": typed(text), "any": ANY}
    (one,) = found(tmp_path, scripts, lambda t: workflow(_Typed(t.folder)))
    assert advice in one.message
    assert "pq_toggle" not in one.message


class _Typed(Scripts):
    """Scripts of which ``a`` is a typed function."""

    def __getitem__(self, name: str) -> Task:
        return self.typed("a", "f") if name == "a" else self.task(name)
