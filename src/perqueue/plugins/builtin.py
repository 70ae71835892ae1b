"""What perqueue brings itself, registered like anybody else's.

Each hook imports what it brings when it is called: who needs a codec loads no executor. Perqueue's commands don't
come this way, because ``pq`` must find them without looking at what is installed; observers it has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .spec import hookimpl

if TYPE_CHECKING:
    from perqueue.codec.registry import Codec
    from perqueue.executors.protocol import ExecutorPlugin
    from perqueue.store.protocol import StorePlugin


@hookimpl
def perqueue_executors() -> tuple[ExecutorPlugin, ...]:
    """The executors on this machine and for batch systems."""
    from perqueue.executors.local import LOCAL
    from perqueue.executors.pbs import PBS
    from perqueue.executors.slurm import SLURM

    return (LOCAL, SLURM, PBS)


@hookimpl
def perqueue_stores() -> tuple[StorePlugin, ...]:
    """The default store, and the one to read and to diff."""
    from perqueue.store.jsonl import JSON
    from perqueue.store.sqlite import SQLITE

    return (SQLITE, JSON)


@hookimpl
def perqueue_codecs() -> tuple[Codec, ...]:
    """The codecs of standard types, numpy's scalars and ASE's atoms."""
    from perqueue.codec.ase_types import ASE_CODECS
    from perqueue.codec.numpy_scalars import NUMPY_CODECS
    from perqueue.codec.stdlib_types import STDLIB_CODECS

    return (*STDLIB_CODECS, *NUMPY_CODECS, *ASE_CODECS)
