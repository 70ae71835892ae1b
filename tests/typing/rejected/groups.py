"""Groups whose body, or what stands before or after them, does not fit."""

from __future__ import annotations

from tests.typing.steps import (
    astray,
    double,
    endless,
    half,
    improve,
    left,
    listed_or_wide,
    numbers,
    once,
    only_wide,
    parse,
    pick,
    pick_letter,
    pick_number,
    pick_word,
    picky,
    right,
    show,
    start,
    table,
    total,
    totals,
    wide,
    words,
)

from perqueue import CyclicalGroup, DynamicWidthGroup, PersistentQueue, StaticWidthGroup, SwitchGroup, Width


def copies_that_take_something_else() -> object:
    return show() >> StaticWidthGroup(double(), 3)  # E: arg-type


def copies_give_a_list_not_a_value() -> object:
    return StaticWidthGroup(double(), 3) >> double()  # E: operator


def copies_give_a_list_of_something_else() -> object:
    return StaticWidthGroup(show(), 3) >> total()  # E: operator


def copies_of_copies_give_lists_of_lists() -> object:
    return StaticWidthGroup(StaticWidthGroup(double(), 2), 3) >> total()  # E: operator


def copies_once_give_no_lists_of_lists() -> object:
    return StaticWidthGroup(double(), 3) >> totals()  # E: operator


def a_body_that_does_not_fit_in_itself() -> object:
    return StaticWidthGroup(show() >> double(), 3)  # E: operator


def a_body_that_is_no_task() -> object:
    return StaticWidthGroup(3, 3)  # E: call-overload


def a_width_that_is_a_text() -> object:
    return StaticWidthGroup(double(), "3")  # E: call-overload


def a_value_before_a_dynamic_group() -> object:
    return double() >> DynamicWidthGroup(double())  # E: operator


def a_dict_before_a_dynamic_group() -> object:
    return table() >> DynamicWidthGroup(double())  # E: operator


def elements_of_the_wrong_type() -> object:
    return words() >> DynamicWidthGroup(double())  # E: arg-type


def a_width_with_data_of_the_wrong_type() -> object:
    return wide() >> DynamicWidthGroup(parse())  # E: arg-type


def a_width_without_the_data_that_copies_need() -> object:
    return only_wide() >> DynamicWidthGroup(double())  # E: arg-type


def one_of_two_does_not_fit_the_copies() -> object:
    return listed_or_wide() >> DynamicWidthGroup(parse())  # E: arg-type


def copies_that_may_discard_give_no_discards() -> object:
    return StaticWidthGroup(picky(), 3) >> total()  # E: operator


def copies_of_copies_take_lists_of_lists() -> object:
    return numbers() >> DynamicWidthGroup(DynamicWidthGroup(double()))  # E: arg-type


def a_loop_that_never_stops() -> object:
    return start() >> CyclicalGroup(endless())  # E: operator


def a_loop_that_never_stops_and_is_alone(queue: PersistentQueue) -> None:
    queue.submit(CyclicalGroup(start() >> endless()))  # E: arg-type


def a_loop_whose_body_gives_a_value() -> object:
    return CyclicalGroup(double())  # E: arg-type


def a_loop_that_goes_on_with_something_else() -> object:
    return CyclicalGroup(astray())  # E: arg-type


def a_loop_of_a_chain_that_takes_something_else() -> object:
    return CyclicalGroup(parse() >> improve())  # E: operator


def a_loop_before_which_something_else_stands() -> object:
    return show() >> CyclicalGroup(improve())  # E: arg-type


def a_loop_gives_what_it_stops_with() -> object:
    return start() >> CyclicalGroup(improve()) >> double()  # E: operator


def a_loop_that_ends_in_a_loop() -> object:
    return CyclicalGroup(CyclicalGroup(improve()))  # E: arg-type


def a_loop_of_two_of_which_one_gives_a_value() -> object:
    return CyclicalGroup(improve() | double())  # E: arg-type


def a_loop_of_two_in_the_wrong_order() -> object:
    return CyclicalGroup(right() | left())  # E: arg-type


def a_loop_whose_copies_give_values() -> object:
    return CyclicalGroup(StaticWidthGroup(double(), 2))  # E: arg-type


def a_loop_in_copies_that_takes_something_else() -> object:
    return words() >> DynamicWidthGroup(CyclicalGroup(improve()))  # E: arg-type


def a_value_before_a_switch() -> object:
    return double() >> SwitchGroup({"a": double(), "b": show()})  # E: operator


def a_text_before_a_switch() -> object:
    return show() >> SwitchGroup({"a": parse()})  # E: operator


def a_stop_before_a_switch() -> object:
    return once() >> SwitchGroup({"a": parse()})  # E: operator


def a_choice_with_data_of_the_wrong_type() -> object:
    return pick_word() >> SwitchGroup({"a": double()})  # E: operator


def branches_that_take_different_things() -> object:
    return pick() >> SwitchGroup({"a": double(), "b": parse()})  # E: operator


def keys_of_another_type() -> object:
    return pick_letter() >> SwitchGroup({1: double(), 2: double()})  # E: operator


def numbers_as_keys_where_there_are_words() -> object:
    return pick_number() >> SwitchGroup({"a": double()})  # E: operator


def a_switch_gives_what_its_branches_give() -> object:
    return pick() >> SwitchGroup({"a": show(), "b": show()}) >> double()  # E: operator


def an_empty_branch_gives_what_it_got() -> object:
    return pick() >> SwitchGroup({"a": show(), "b": None}) >> parse()  # E: operator


def a_switch_of_something_else() -> object:
    return SwitchGroup({"a": 3})  # E: arg-type


def branches_as_a_list() -> object:
    return SwitchGroup([double()])  # E: call-overload


def a_width_that_is_none() -> object:
    return Width("3")  # E: call-overload


def two_groups_that_do_not_fit() -> object:
    return StaticWidthGroup(half(), 2) >> StaticWidthGroup(total(), 2)  # E: arg-type
