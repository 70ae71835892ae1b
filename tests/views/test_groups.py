"""Dynamic groups, loops, switches and policies, as parents, children and reasons to wait show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from tests.core.queue_in_memory import QueueInMemory, described
from tests.views.played import played

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.policy import OnDiscard, Policy
from perqueue.core.records import Entry
from perqueue.core.states import EntryState
from perqueue.views.instances import children_of, dependency_graph, parents_of
from perqueue.views.rules import policy_words
from perqueue.views.surroundings import surroundings
from perqueue.views.waiting import Waiting, why_waiting

GO_ON = {"pq_toggle_key": False}
STOP = {"pq_toggle_key": True}


def queue(build: Callable[..., object], moves: str = "", **data: Any) -> QueueInMemory:
    """A queue of what ``build`` makes; entries of the named tasks succeed with data, then the moves are played."""
    found = QueueInMemory(described(build))
    for name, values in data.items():
        found.succeed(name, values)
    return found.play(moves)


def parents(of: QueueInMemory, name: str) -> list[str]:
    """The parents of an entry, each as its name and number among those of that name."""
    found: list[str] = []
    for key in parents_of(of.state, one(of, name)):
        same = of.keys(of.name(key))
        found.append(of.name(key) if len(same) == 1 else f"{of.name(key)}[{same.index(key)}]")
    return found


def one(of: QueueInMemory, name: str) -> Entry:
    (key,) = of.keys(name)
    return of.state.entries[key]


def why(of: QueueInMemory, name: str) -> Waiting:
    return why_waiting(of.state, one(of, name))


@given(played())
def test_children_are_the_inverse_of_parents(of: QueueInMemory) -> None:
    """Whatever the groups and however far they are: a is a child of b exactly where b is a parent of a."""
    entries = list(of.state.entries.values())
    down = {(entry.key, child) for entry in entries for child in children_of(of.state, entry)}
    up = {(parent, entry.key) for entry in entries for parent in parents_of(of.state, entry)}
    assert down == up


@given(played())
def test_what_ran_was_given_its_parents_results(of: QueueInMemory) -> None:
    """The entries that inputs were merged from are among the parents."""
    for entry in of.state.entries.values():
        if entry.source:
            given_by = [entry.source] if entry.source > 0 else of.state.source(-entry.source).keys
            assert set(given_by) <= set(parents_of(of.state, entry))


@given(played())
def test_what_waits_for_ever_names_what_it_waits_for(of: QueueInMemory) -> None:
    """Where nothing is under way any more, each waiting entry names failures, each axed one failures or discards."""
    while ready := of.ready():
        of.end(ready[0], data={"pq_dwg_width": 1, "pq_switch_key": "a", "pq_toggle_key": True})
    for entry in of.state.entries.values():
        found = why_waiting(of.state, entry)
        if entry.state is EntryState.waiting:
            assert found.stuck
        if entry.state is EntryState.axed:
            assert found.stuck or found.dead


def test_an_iteration_depends_on_the_one_before() -> None:
    """The first iteration gets what the loop gets, each further one the last tasks of the one before."""
    of = queue(lambda a, b, c, d: a >> CyclicalGroup(b >> c, 3) >> d, a={}, b={}, c=GO_ON)
    assert parents(of, "b[0]") == ["a"]
    assert parents(of, "b[1]") == ["c[0]"]
    assert parents(of, "d") == ["c[1]"]


def test_the_dependency_graph_goes_through_groups() -> None:
    """Copies, iterations, branches and empty groups are all looked through."""
    of = queue(
        lambda a, b, c, d: a >> DynamicWidthGroup(b) >> SwitchGroup({"x": c, "y": None}) >> d,
        a={"pq_dwg_width": 2},
        b={"pq_switch_key": "y"},
    )
    (graph,) = of.state.graphs
    assert set(dependency_graph(of.state, graph).edges) == {(3, 1), (4, 1), (2, 3), (2, 4)}


def test_before_it_is_built_a_group_passes_on_who_decides_it() -> None:
    """What follows an unbuilt group waits for the entry that decides it, and says so."""
    of = queue(lambda a, b, c: a >> DynamicWidthGroup(b) >> c)
    assert parents(of, "c") == ["a"]
    found = why(of, "c")
    assert found.parents == {EntryState.goahead: [1]}
    assert found.undecided == ("DynamicWidthGroup(b)",)


def test_a_failed_entry_before_an_unbuilt_group_is_named() -> None:
    """The failure that a group can't be built for is what everything behind it is stuck behind."""
    of = queue(lambda a, b, c, d: a >> DynamicWidthGroup(b) >> SwitchGroup({"c": c}) >> d, "a!")
    found = why(of, "d")
    assert found.stuck == (1,)
    assert found.refused == {}


@pytest.mark.parametrize(
    ("build", "result", "message"),
    [
        (lambda a, b, c: a >> DynamicWidthGroup(b) >> c, {"pq_dwg_width": -1}, "'pq_dwg_width', not a whole number"),
        (lambda a, b, c: a >> SwitchGroup({"b": b}) >> c, {"pq_switch_key": "z"}, "not one of 'b'"),
        (lambda a, b, c: CyclicalGroup(a) >> b >> c, {}, "returned no 'pq_toggle_key'"),
        (lambda a, b, c: CyclicalGroup(a, 1) >> b >> c, GO_ON, "its only try is used up"),
    ],
)
def test_a_refusal_is_passed_on(build: Callable[..., object], result: dict[str, Any], message: str) -> None:
    """Whoever waits behind a group that refused a result gets the group's message, and the entry's key."""
    found = why(queue(build, a=result), "c")
    assert found.stuck == (1,)
    assert message in found.refused[1]


TOLERANT = [
    ("b[0]!", {EntryState.goahead: [4, 5]}, ()),
    ("b[0]! b[1]!", {EntryState.failed: [3, 4], EntryState.goahead: [5]}, (3, 4)),
    ("b[0]- b[1]!", {EntryState.goahead: [5]}, ()),
]


@pytest.mark.parametrize(("moves", "expected", "stuck"), TOLERANT)
def test_what_is_tolerated_keeps_nobody_waiting(
    moves: str, expected: dict[EntryState, list[int]], stuck: tuple[int, ...]
) -> None:
    """Copies that are left out are no reason to wait; failures beyond what is tolerated are."""
    of = queue(lambda a, b, c: a >> StaticWidthGroup(b, 3, on_discard="drop", tolerate=1) >> c, f"a+ {moves}")
    entry = of.entry("c")
    found = why_waiting(of.state, entry)
    parents = {state: [key + 1 for key in keys] for state, keys in found.parents.items()}
    assert (parents, tuple(key + 1 for key in found.stuck)) == (expected, stuck)


ENOUGH: list[tuple[Callable[..., object], str, tuple[int, ...]]] = [
    (lambda a, z: StaticWidthGroup(a, 3) >> z, "a!", (1, 2, 3)),
    (lambda a, z: StaticWidthGroup(a, 3, tolerate=1) >> z, "a!", (1, 2)),
    (lambda a, z: StaticWidthGroup(a, 3, tolerate=1) >> z, "a[0]+ a[1]! a[2]!", (2,)),
    (lambda a, z: StaticWidthGroup(a, 3, tolerate=3) >> z, "a!", (1,)),
    (lambda a, b, z: StaticWidthGroup(a | b, 2, tolerate=1) >> z, "a! b[0]! b[1]+", (3,)),
    (lambda a, b, z: (StaticWidthGroup(a, 2, tolerate=1) | b) >> z, "a! b!", (1, 3)),
    (lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 2, tolerate=1), 3, tolerate=1) >> z, "a!", (1, 3)),
]


@pytest.mark.parametrize(("build", "moves", "enough"), ENOUGH)
def test_of_failures_that_are_tolerated_some_may_stay(
    build: Callable[..., object], moves: str, enough: tuple[int, ...]
) -> None:
    """So many copies as the group needs have to succeed, and with them what follows runs."""
    of = queue(build, moves)
    assert why(of, "z").enough == enough
    of.resubmit(*enough)
    for key in enough:
        of.end(key, data={})
    assert of.entry("z").state is EntryState.goahead


def test_a_copy_in_which_no_copy_is_left_may_be_left_out() -> None:
    """A group that drops copies drops one in which a group inside has none left."""
    of = queue(lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 1, tolerate=1), 2, on_discard="drop") >> z, "a[0]!")
    inner, outer = surroundings(of.state, of.state.entries[1])
    assert inner.consequence == "this copy failed, and no copy is left to go on with"
    assert outer.consequence == "no copy of a group inside is left to go on with, so this copy was left out"


def test_an_entry_axed_for_a_tolerated_failure_names_it() -> None:
    """Inside a tolerant group a failure axes what follows in its copy: that names the failed entry."""
    of = queue(lambda a, b, c: a >> StaticWidthGroup(b >> c, 2, tolerate=1), "a+ b[0]!")
    found = why_waiting(of.state, of.state.entries[of.keys("c")[0]])
    assert (found.stuck, found.dead) == ((2,), ())


def test_the_groups_around_an_entry() -> None:
    """From the inner to the outer, each with the copy, iteration or branch."""
    of = queue(
        lambda a, b, c: a >> DynamicWidthGroup(CyclicalGroup([b, SwitchGroup({7: c})], 5)),
        a={"pq_dwg_width": 2, "pq_max_tries": 3},
        b={"pq_switch_key": 7},
    )
    found = surroundings(of.state, of.state.entries[of.keys("c")[1]])
    assert [group.place for group in found] == ["branch 7", "iteration 0 (of at most 0 to 2)", "copy 1 (of 0 to 1)"]
    assert found[-1].text.startswith("DynamicWidthGroup(")
    assert surroundings(of.state, of.entry("a")) == []


CONSEQUENCES = [
    ({}, "b[0]!", ""),
    ({}, "b[0]-", "this copy has a discard, so what follows the group is axed"),
    ({"on_discard": "drop"}, "b[0]-", "this copy has a discard and was left out"),
    ({"on_discard": "drop"}, "b-", "this copy has a discard, and no copy is left to go on with"),
    ({"tolerate": 2}, "b[0]!", "the failure of this copy is tolerated (1 failed, 2 may): it was left out"),
    ({"tolerate": 1}, "b!", "the failure of this copy is not tolerated (2 failed, 1 may): what follows waits for it"),
    ({"tolerate": 2}, "b!", "this copy failed, and no copy is left to go on with"),
    ({"tolerate": 2}, "b+", ""),
]


@pytest.mark.parametrize(("policy", "moves", "words"), CONSEQUENCES)
def test_what_the_loss_of_a_copy_means(policy: dict[str, Any], moves: str, words: str) -> None:
    """Tolerated, left out, or the end of what follows: it is said in words."""
    of = queue(lambda a, b, c: a >> StaticWidthGroup(b, 2, **policy) >> c, f"a+ {moves}")
    (group,) = surroundings(of.state, of.state.entries[of.keys("b")[0]])
    assert group.consequence == words


def test_a_failure_that_only_an_outer_group_tolerates() -> None:
    """The inner group doesn't go on, what follows it there is axed, and the outer one leaves the copy out."""
    of = queue(lambda a, b, c: StaticWidthGroup(StaticWidthGroup(b, 2) >> c, 2, tolerate=1) >> a, "b[0]!")
    inner, outer = surroundings(of.state, of.state.entries[of.keys("b")[0]])
    assert inner.consequence == "the failure of this copy is not tolerated (1 failed, 0 may): what follows is axed"
    assert outer.consequence == "the failure of this copy is tolerated (1 failed, 1 may): it was left out"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(), "a discard in a copy axes what follows the group; a failure keeps what follows waiting"),
        (Policy(OnDiscard.drop, 1), "a copy with a discard is left out; one copy may fail and is left out"),
        (Policy(tolerate=3), "a discard in a copy axes what follows the group; 3 copies may fail and are left out"),
    ],
)
def test_policies_in_words(policy: Policy, words: str) -> None:
    """Both halves of a policy are a clause each."""
    assert policy_words(policy) == words
