"""Steps one after the other."""

from __future__ import annotations

from typing import Any

import networkx as nx
from tests.typing.steps import (
    anything,
    double,
    either,
    forget,
    half,
    maybe,
    pair,
    parse,
    picky,
    picky_or_none,
    picky_start,
    scale,
    script,
    seed,
    show,
    start,
    table,
    tell,
)

from perqueue import PersistentQueue, Task, Workflow
from perqueue.core.tasklike import TaskLike


def what_one_gives_the_next_takes() -> Workflow[object, str]:
    return start() >> double() >> show()


def a_subtype_goes_where_its_base_is_taken() -> Workflow[object, float]:
    return start() >> half()


def a_union_is_taken_part_by_part() -> Workflow[object, str]:
    return start() >> either()


def an_optional_value_may_come_or_not() -> Workflow[object, int]:
    return start() >> maybe()


def an_object_takes_everything() -> Workflow[int, str]:
    return show() >> anything()


def what_takes_nothing_may_follow_anything() -> Workflow[int, int]:
    return show() >> start()


def keyword_parameters_are_bound_and_nothing_is_taken() -> Task[object, int]:
    return seed(n=3)


def arguments_by_position_and_by_name() -> list[Task[float, float]]:
    return [scale(2.0), scale(by=2), scale(2, unit="eV")]


def other_resources_for_one_call() -> Task[float, float]:
    return scale.using("24:xeon24:10m", name="big", folder="big")(2.0)


def a_task_goes_where_one_that_takes_less_is_wanted() -> Task[bool, float]:
    return half()


def a_discard_goes_nowhere() -> Workflow[int, int]:
    return picky() >> parse()


def a_discard_beside_two_others() -> Task[int, str | None]:
    return picky_or_none()


def a_discard_of_what_takes_nothing() -> Workflow[object, int]:
    return picky_start() >> double()


def dicts_as_values() -> Workflow[int, str]:
    return table() >> tell()


def none_as_a_value() -> Workflow[int, int]:
    return forget() >> start()


def tuples_as_values() -> Workflow[int, str]:
    return pair() >> anything()


def a_script_after_a_function() -> Workflow[int, Any]:
    return show() >> script()


def a_function_after_a_script() -> Workflow[Any, str]:
    return script() >> show()


def scripts_between_functions_that_do_not_fit() -> Workflow[int, str]:
    return show() >> script() >> show()


def scripts_alone() -> Workflow:
    return script() >> script() >> script()


def a_workflow_of_a_workflow() -> Workflow[object, str]:
    return Workflow(start() >> show())


def grouped_to_the_right() -> Workflow[object, str]:
    return start() >> (double() >> show())


def workflows_of_lists_dicts_and_graphs() -> list[Workflow]:
    a, b = show(), script()
    graph: nx.DiGraph[Task] = nx.DiGraph()
    graph.add_edge(b, a)
    return [Workflow([a, b]), Workflow({b: [a]}), Workflow({b: {a: {"x": "y"}}}), Workflow(graph)]


def a_dict_after_a_function() -> Workflow[int, str]:
    return show() >> {script(): [script()]} >> show()


def a_dict_before_a_function() -> Workflow[Any, str]:
    return {script(): [script()]} >> show()


def a_chain_grown_in_a_loop() -> TaskLike[object, int]:
    work: TaskLike[object, int] = start()
    for _ in range(3):
        work = work >> double()
    return work


def the_function_itself() -> object:
    return scale.function(1.0, 2.0) + scale.function(1.0, by=2.0)


def submitted(queue: PersistentQueue | None = None) -> None:
    if queue is not None:
        queue.submit(start() >> show())
        queue.submit(maybe())
        queue.submit(script() >> show())
        queue.submit([script(), show()])
        queue.submit({show(): [start()]})
