"""Groups: copies, loops and choices."""

from __future__ import annotations

from typing import Any

from tests.typing.steps import (
    anything,
    double,
    improve,
    improve_or_discard,
    join,
    left,
    listed_or_wide,
    maybe,
    mean,
    numbers,
    once,
    only_wide,
    parse,
    pick,
    pick_letter,
    pick_number,
    picky,
    right,
    script,
    show,
    start,
    total,
    totals,
    wide,
    words,
)

from perqueue import Choose, CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup, Workflow


def copies_give_a_list() -> Workflow[object, int]:
    return start() >> StaticWidthGroup(double(), 3) >> total()


def a_list_goes_where_a_sequence_of_a_base_is_taken() -> Workflow[int, float]:
    return StaticWidthGroup(double(), 3) >> mean()


def copies_of_copies_give_lists_of_lists() -> Workflow[int, int]:
    return StaticWidthGroup(StaticWidthGroup(double(), 2), 3, on_discard="drop") >> totals()


def copies_of_a_fan_give_tuples() -> StaticWidthGroup[int, list[tuple[int, str]]]:
    return StaticWidthGroup(double() | show(), 3)


def copies_of_what_may_discard() -> StaticWidthGroup[int, list[str]]:
    return StaticWidthGroup(picky(), 3, tolerate=1)


def copies_beside_a_step() -> Workflow[int, tuple[list[int], str]]:
    return StaticWidthGroup(double(), 3) | show()


def each_copy_gets_an_element() -> Workflow[int, list[str]]:
    return numbers() >> DynamicWidthGroup(show())


def each_copy_gets_what_comes_with_the_width() -> Workflow[int, list[str]]:
    return wide() >> DynamicWidthGroup(show())


def a_list_or_a_width() -> Workflow[int, list[str]]:
    return listed_or_wide() >> DynamicWidthGroup(show())


def a_width_alone_before_what_takes_nothing() -> Workflow[int, list[int]]:
    return only_wide() >> DynamicWidthGroup(start())


def a_width_alone_before_what_takes_none() -> Workflow[int, list[int]]:
    return only_wide() >> DynamicWidthGroup(maybe())


def copies_after_copies() -> Workflow[int, int]:
    return numbers() >> DynamicWidthGroup(show()) >> DynamicWidthGroup(parse()) >> total()


def a_loop_goes_on_with_what_it_takes() -> Workflow[object, int]:
    return start() >> CyclicalGroup(improve()) >> parse()


def a_loop_that_may_discard() -> CyclicalGroup[int, str]:
    return CyclicalGroup(improve_or_discard(), max_tries=5)


def a_loop_that_ends_at_once() -> CyclicalGroup[int, str]:
    return CyclicalGroup(once())


def a_loop_of_a_chain() -> CyclicalGroup[int, str]:
    return CyclicalGroup(double() >> improve())


def a_loop_with_two_last_steps() -> CyclicalGroup[tuple[int, str], tuple[float, int]]:
    return CyclicalGroup(left() | right())


def a_loop_whose_last_step_is_a_group() -> CyclicalGroup[list[int], list[str]]:
    return CyclicalGroup(DynamicWidthGroup(improve()))


def a_loop_in_copies() -> Workflow[int, list[str]]:
    return numbers() >> DynamicWidthGroup(CyclicalGroup(improve()))


def copies_in_a_loop() -> CyclicalGroup[int, str]:
    return CyclicalGroup(StaticWidthGroup(double(), 2) >> total() >> improve())


def a_loop_in_a_loop() -> CyclicalGroup[int, str]:
    return CyclicalGroup(CyclicalGroup(improve()) >> parse() >> improve())


def a_switch_feeds_its_branches() -> Workflow[int, str]:
    return pick() >> SwitchGroup({"a": show(), "b": double() >> show()})


def literal_keys() -> Workflow[int, str]:
    return pick_letter() >> SwitchGroup({"a": show(), "b": anything()})


def keys_that_are_numbers() -> Workflow[int, str]:
    return pick_number() >> SwitchGroup({1: show(), 2: show()})


def branches_that_give_different_things() -> SwitchGroup[Choose[str, int], str | int]:
    return SwitchGroup({"a": show(), "b": double()})


def branches_that_take_more_and_less() -> SwitchGroup[Choose[str, int], str | int]:
    return SwitchGroup({"a": show(), "b": maybe()})


def an_empty_branch_passes_on_what_it_got() -> SwitchGroup[Choose[str, int], str | int]:
    return SwitchGroup({"a": show(), "b": None})


def a_switch_of_loops() -> Workflow[int, str]:
    return pick() >> SwitchGroup({"a": CyclicalGroup(improve()), "b": CyclicalGroup(once())})


def groups_of_scripts() -> Workflow:
    return (
        script()
        >> DynamicWidthGroup(script())
        >> CyclicalGroup(script() | script())
        >> SwitchGroup({"a": script(), "b": []})
        >> StaticWidthGroup(script(), 2)
    )


def groups_of_lists_and_dicts() -> list[Any]:
    a, b = script(), show()
    return [
        StaticWidthGroup([a, b], 2),
        DynamicWidthGroup({a: [b]}),
        CyclicalGroup([a, b]),
        CyclicalGroup({a: [b]}),
        SwitchGroup({"a": [a, b], 2: {a: [b]}, "c": None}),
    ]


def scripts_in_groups_among_functions() -> Workflow[int, Any]:
    return show() >> CyclicalGroup(script()) >> pick() >> SwitchGroup({"a": script(), "b": [script()]})


def functions_in_groups_among_scripts() -> Workflow[Any, str]:
    return script() >> StaticWidthGroup(double(), 2) >> script() >> CyclicalGroup(improve())


def a_loop_that_ends_in_copies_of_scripts() -> Workflow:
    return script() >> CyclicalGroup(script() >> StaticWidthGroup(script(), 2)) >> script()


def a_join_in_a_loop() -> CyclicalGroup[int, str]:
    return CyclicalGroup((double() | show()) >> join() >> parse() >> improve())


def a_loop_with_three_last_steps() -> CyclicalGroup[int, tuple[Any, ...]]:
    return CyclicalGroup(improve() | once() | improve())


def words_for_each_copy() -> Workflow[int, int]:
    return words() >> DynamicWidthGroup(parse()) >> total()
