"""Steps one after the other that don't fit, and arguments that a function does not take."""

from __future__ import annotations

from tests.typing.steps import (
    double,
    endless,
    forget,
    half,
    improve,
    maybe,
    numbers,
    once,
    pair,
    parse,
    pick,
    picky,
    picky_or_none,
    scale,
    script,
    seed,
    show,
    start,
    table,
    tell,
    total,
    wide,
)

from perqueue import PersistentQueue, Task, Workflow


def a_wrong_value_from_upstream() -> object:
    return show() >> double()  # E: operator


def a_base_where_a_subtype_is_taken() -> object:
    return half() >> double()  # E: operator


def a_wrong_value_in_the_middle() -> object:
    return start() >> show() >> double() >> show()  # E: operator


def a_wrong_value_behind_brackets() -> object:
    return start() >> (parse() >> show())  # E: operator


def a_wrong_value_from_a_workflow() -> object:
    return Workflow(start() >> show()) >> double()  # E: operator


def none_where_a_number_is_taken() -> object:
    return forget() >> double()  # E: operator


def an_optional_value_where_there_must_be_one() -> object:
    return picky_or_none() >> parse()  # E: operator


def what_is_left_of_a_discard_does_not_fit() -> object:
    return picky() >> double()  # E: operator


def a_dict_of_other_values() -> object:
    return table() >> total()  # E: operator


def a_list_where_a_dict_is_taken() -> object:
    return numbers() >> tell()  # E: operator


def a_tuple_where_a_number_is_taken() -> object:
    return pair() >> double()  # E: operator


def a_function_after_a_script_does_not_fit_the_next() -> object:
    return script() >> show() >> double()  # E: operator


def a_width_before_no_dynamic_group() -> object:
    return wide() >> double()  # E: operator


def a_choice_before_no_switch() -> object:
    return pick() >> double()  # E: operator


def a_stop_outside_a_loop() -> object:
    return once() >> parse()  # E: operator


def a_continue_outside_a_loop() -> object:
    return endless() >> double()  # E: operator


def either_answer_outside_a_loop() -> object:
    return improve() >> parse()  # E: operator


def a_list_after_a_step() -> object:
    return start() >> [double(), show()]  # E: operator


def a_list_before_a_step() -> object:
    return [start(), double()] >> show()  # E: operator


def a_number_after_a_step() -> object:
    return start() >> 3  # E: operator


def a_function_that_was_not_called() -> object:
    return start() >> double  # E: operator


def an_argument_of_the_wrong_type() -> object:
    return scale("2.0")  # E: arg-type


def a_named_argument_of_the_wrong_type() -> object:
    return scale(2.0, unit=3)  # E: arg-type


def an_unbound_argument() -> object:
    return scale()  # E: call-arg


def an_unbound_named_argument() -> object:
    return seed()  # E: call-arg


def an_unknown_argument() -> object:
    return scale(2.0, colour="red")  # E: call-arg


def too_many_arguments() -> object:
    return start(3)  # E: call-arg


def the_upstream_value_as_an_argument() -> object:
    return double(3)  # E: call-arg


def an_argument_of_the_wrong_type_for_other_resources() -> object:
    return scale.using("local:2m")("2.0")  # E: arg-type


def resources_that_are_a_number() -> object:
    return scale.using(3)  # E: arg-type


def a_task_that_takes_less_than_is_wanted() -> Task[object, int]:
    return double()  # E: return-value


def a_task_that_gives_more_than_is_wanted() -> Task[int, str]:
    return picky_or_none()  # E: return-value


def a_workflow_of_something_else() -> object:
    return Workflow(3)  # E: call-overload


def a_function_where_a_task_is_submitted(queue: PersistentQueue) -> None:
    queue.submit(start)  # E: arg-type


def submitting_a_step_that_needs_a_value(queue: PersistentQueue) -> None:
    queue.submit(double())  # E: arg-type


def submitting_a_chain_that_needs_a_value(queue: PersistentQueue) -> None:
    queue.submit(double() >> show())  # E: arg-type


def submitting_a_fan_of_which_one_needs_a_value(queue: PersistentQueue) -> None:
    queue.submit(maybe() | double())  # E: arg-type


def submitting_a_number(queue: PersistentQueue) -> None:
    queue.submit(3)  # E: arg-type
