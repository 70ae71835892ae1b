"""The hooks. A plugin is a module or object with any of these, in the entry-point group ``perqueue``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from .points import GROUP

if TYPE_CHECKING:  # a task's process that needs a codec loads no more than that
    from perqueue.codec.registry import Codec
    from perqueue.executors.protocol import ExecutorPlugin
    from perqueue.store.protocol import StorePlugin

    from .parts import CommandPlugin, ObserverPlugin

NAME = GROUP
hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)


@hookspec
def perqueue_executors() -> Iterable[ExecutorPlugin]:
    """The executors that the plugin brings."""
    raise AssertionError  # pluggy never calls the specification


@hookspec
def perqueue_stores() -> Iterable[StorePlugin]:
    """The stores that the plugin brings."""
    raise AssertionError  # pluggy never calls the specification


@hookspec
def perqueue_codecs() -> Iterable[Codec]:
    """The codecs that the plugin brings, for classes that perqueue stores in no other way."""
    raise AssertionError  # pluggy never calls the specification


@hookspec
def perqueue_commands() -> Iterable[CommandPlugin]:
    """The commands of ``pq`` that the plugin brings."""
    raise AssertionError  # pluggy never calls the specification


@hookspec
def perqueue_observers() -> Iterable[ObserverPlugin]:
    """The observers that the plugin brings: they are told what was committed."""
    raise AssertionError  # pluggy never calls the specification
