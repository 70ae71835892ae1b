"""Steps side by side."""

from __future__ import annotations

from typing import Any

from tests.typing.steps import (
    anything,
    double,
    floats,
    half,
    join,
    join_four,
    join_three,
    pair,
    parse,
    picky,
    scale,
    script,
    seed,
    show,
    start,
)

from perqueue import Workflow
from perqueue.core.tasklike import TaskLike


def two_take_the_same() -> Workflow[object, tuple[int, str]]:
    return start() >> (double() | show())


def a_join_takes_a_tuple() -> Workflow[object, str]:
    return start() >> (double() | show()) >> join()


def a_join_takes_a_tuple_of_bases() -> Workflow[int, float]:
    return (double() | double()) >> floats()


def three_make_a_flat_tuple() -> Workflow[int, str]:
    return (double() | show() | half()) >> join_three()


def grouped_to_the_right_too() -> Workflow[int, str]:
    return (double() | (show() | half())) >> join_three()


def two_pairs_make_four() -> Workflow[int, str]:
    return ((double() | show()) | (double() | show())) >> join_four()


def two_triples_make_six() -> TaskLike[int, tuple[int, str, float, int, str, float]]:
    return (double() | show() | half()) | (double() | show() | half())


def a_pair_that_takes_more_beside_one_that_takes_less() -> Workflow[int, str]:
    return ((start() | picky()) | (start() | show())) >> join_four()


def one_that_takes_more_first() -> Workflow[int, tuple[float, int]]:
    return half() | double()


def one_that_takes_more_second() -> Workflow[int, tuple[int, float]]:
    return double() | half()


def one_that_takes_nothing_beside_one_that_does() -> Workflow[int, str]:
    return (seed(n=1) | show()) >> join()


def a_returned_tuple_is_one_element() -> Workflow[int, tuple[tuple[int, str], int]]:
    return pair() | double()


def chains_beside_each_other() -> Workflow[int, str]:
    return (show() >> parse() | double() >> show()) >> join()


def what_follows_may_be_a_fan_again() -> Workflow[int, tuple[str, str]]:
    return (double() | show()) >> (join() | anything())


def a_chain_that_ends_in_a_fan_beside_one() -> Workflow[int, str]:
    return ((double() >> (double() | show())) | half()) >> join_three()


def a_script_beside_a_function() -> Workflow[int, str]:
    return show() >> parse() >> (script() | show()) >> join()


def scripts_beside_each_other() -> Workflow[Any, str]:
    return (script() | script() | script()) >> join_three()


def a_fan_of_scripts_after_one() -> Workflow:
    return script() >> (script() | script()) >> script()


def lists_and_dicts_beside_functions() -> list[Workflow[int, str]]:
    chain, graph = [script(), script()], {script(): [script()]}
    return [
        (double() | chain) >> join(),
        (chain | show()) >> join(),
        (show() | graph) >> join_three(),
        (graph | show() | show()) >> join_four(),
    ]


def a_fan_as_a_workflow() -> Workflow[int, str]:
    return Workflow(double() | show()) >> join()


def arguments_in_a_fan() -> Workflow[float, tuple[float, float]]:
    return scale(1.0) | scale(2.0)
