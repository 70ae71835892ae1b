"""Steps side by side that don't fit."""

from __future__ import annotations

from tests.typing.steps import (
    double,
    either,
    floats,
    half,
    join,
    join_four,
    join_three,
    maybe,
    pair,
    parse,
    script,
    show,
    start,
    total,
)


def one_part_takes_something_else() -> object:
    return start() >> (double() | parse())  # E: operator


def the_last_of_three_takes_something_else() -> object:
    return start() >> (double() | show() | parse())  # E: operator


def the_first_of_three_takes_something_else() -> object:
    return start() >> (parse() | (double() | show()))  # E: operator


def no_part_can_take_it() -> object:
    return half() >> (double() | show())  # E: operator


def a_join_of_the_wrong_order() -> object:
    return (show() | double()) >> join()  # E: operator


def a_join_of_too_few() -> object:
    return (double() | show()) >> join_three()  # E: operator


def a_join_of_too_many() -> object:
    return (double() | show() | half()) >> join()  # E: operator


def a_join_of_the_wrong_type() -> object:
    return (double() | double()) >> join()  # E: operator


def a_join_that_takes_one_value() -> object:
    return (double() | double()) >> double()  # E: operator


def a_join_that_takes_a_list() -> object:
    return (double() | double()) >> total()  # E: operator


def a_join_of_pairs_is_flat() -> object:
    return ((double() | show()) | (double() | show())) >> join()  # E: operator


def a_join_of_four_in_the_wrong_order() -> object:
    return ((show() | double()) | (double() | show())) >> join_four()  # E: operator


def a_returned_tuple_is_not_taken_apart() -> object:
    return (pair() | half()) >> join_three()  # E: operator


def a_join_of_bases_where_subtypes_are_taken() -> object:
    return (half() | show()) >> join()  # E: operator


def a_part_of_a_second_fan_that_takes_one_value() -> object:
    return (double() | show()) >> (join() | double())  # E: operator


def a_chain_beside_a_step_that_gives_something_else() -> object:
    return (double() | show() >> parse()) >> join()  # E: operator


def a_join_of_bases_in_the_wrong_place() -> object:
    return (double() | half()) >> floats()  # E: operator


def a_script_beside_something_of_the_wrong_type() -> object:
    return (script() | double()) >> join()  # E: operator


def neither_takes_all_that_the_other_takes() -> object:
    # True at run time, as both take an int; but type checkers don't find what two unions have in common.
    return start() >> (either() | maybe())  # E: operator


def a_number_beside_a_step() -> object:
    return start() | 3  # E: operator


def none_beside_a_step() -> object:
    return None | start()  # E: operator
