"""Stands in for training one model of an ensemble, before the loop and at the end of each of its iterations."""

from typing import Any

from perqueue.constants import CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, INDEX_KW, ITER_KW


def main(**kwargs: Any) -> tuple[bool, dict[str, Any]]:
    model, *_ = kwargs[INDEX_KW]
    (iteration,) = kwargs.get(ITER_KW, [-1])
    # As many simulations as there are temperatures left to try; the third iteration has learned enough.
    return True, {
        "model": f"model {model} of iteration {iteration}",
        DYNAMICWIDTHGROUP_KEY: 2 - iteration,
        CYCLICALGROUP_KEY: iteration == 2,
    }
