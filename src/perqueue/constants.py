"""The names that task scripts and the queue share."""

from perqueue.core.keys import (
    CYCLICALGROUP_KEY,
    DYNAMICWIDTHGROUP_KEY,
    INDEX_KW,
    ITER_KW,
    MAXTRIES_KW,
    SWITCHGROUP_KEY,
    SWITCHGROUP_SKIP,
)

__all__ = [
    "CYCLICALGROUP_KEY",
    "DYNAMICWIDTHGROUP_KEY",
    "INDEX_KW",
    "ITER_KW",
    "MAXTRIES_KW",
    "SWITCHGROUP_KEY",
    "SWITCHGROUP_SKIP",
]
