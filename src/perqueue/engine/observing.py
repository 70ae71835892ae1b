"""Telling observers what was committed: each event of the log, after its commit, in order, at least once.

The queue's supervisor tells them, and nobody else: so what a submission script committed, or a step that a batch job
made, comes to an observer through the same hands, and in the same order, as what executors reported. How far an
observer was told is kept in a file of the queue's folder, written after it was told. A crash in between has the last
events told again; their numbers are the same, so an observer that minds can see that. An observer that raises is left
alone until the next supervisor, which tells it that event again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from attrs import define

from perqueue.core.telling import describe_error
from perqueue.executors.protocol import Site
from perqueue.plugins.observers import observer_plugins

from .folder import QueueFolder
from .overdue import Call, overdue_said
from .troubles import forget_troubles, note_trouble

if TYPE_CHECKING:
    from perqueue.plugins.parts import Observer, ObserverPlugin
    from perqueue.store.protocol import LoggedEvent, Snapshot, Store

_TOGETHER: Final = 500
"""Events that are read at once."""
_LONGEST: Final = 0.25
"""Seconds of one tick that observers get, each as many as any other, apart from the call that goes beyond them."""


@define
class _Told:
    """An observer, the number of the last event that it was told, and the seconds that it has left in this tick."""

    name: str
    observer: Observer
    seq: int
    left: float = 0.0


class Observing:
    """The observers of one queue, opened once; where none is installed it costs nothing.

    Args:
        folder: The queue.
        store: Its state.
        say: Where to report what should not happen, a line each.
    """

    def __init__(self, folder: QueueFolder, store: Store, say: Callable[[str], None]) -> None:
        self._root, self._store, self._say = folder.root, store, say
        self._told: list[_Told] = []
        self._call: Call | None = None
        plugins = observer_plugins()
        forget_troubles(folder.root, "observer")
        for plugin in plugins:
            try:
                seq = self._place(plugin)
                self._told.append(_Told(plugin.name, plugin.open(Site(folder.root, folder.id)), seq))
            except KeyboardInterrupt:  # whoever sits at the terminal, no observer
                raise
            except BaseException as error:
                self._failed(plugin.name, error)

    def deliver(self) -> bool:
        """Tell what is new, for a moment; whether there is more to tell."""
        ready = list(self._told)
        for one in ready:
            one.left = _LONGEST / len(ready)
        with ExitStack() as watched:
            watching = False
            while ready and any(pages := self._pages(ready, _TOGETHER)):
                if not watching:
                    watched.enter_context(overdue_said(lambda: self._call, self._say))
                    watching = True
                for one, page in zip(ready, pages, strict=True):
                    self._tell(one, page)
                ready = [one for one in self._told if one.left > 0]
        return len(ready) < len(self._told) and any(self._pages(self._told, 1))

    def _pages(self, observers: list[_Told], limit: int) -> list[Sequence[LoggedEvent]]:
        """What each of these is to be told next. Each from its own place: one that is far behind delays no other."""
        with self._store.snapshot() as state:
            found = {seq: state.log(after=seq, limit=limit) for seq in {one.seq for one in observers}}
        return [found[one.seq] for one in observers]

    def _tell(self, one: _Told, events: Sequence[LoggedEvent]) -> None:
        """Tell these to one, while it has time left."""
        before, now = one.seq, time.monotonic()
        until = now + one.left
        try:
            for event in events:
                self._call = Call(f"observer {one.name!r}", f"event {event.seq}", now)
                one.observer(event)
                one.seq = event.seq
                now = time.monotonic()
                if now >= until:
                    break
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._told.remove(one)
            self._failed(one.name, error)
        finally:
            self._call = None
            one.left = until - now
            if one.seq != before:
                self._keep(one)

    def _failed(self, name: str, error: BaseException) -> None:
        why = describe_error(error)
        self._say(f"observer {name!r} raised {why}; it is told nothing more until the queue's next supervisor")
        note_trouble(self._root, "observer", name, why)

    def _place(self, plugin: ObserverPlugin) -> int:
        """The number of the last event that it was told."""
        try:
            with open(self._path(plugin.name), encoding="utf-8") as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):  # it is new, or the machine went down while this was written
            pass
        seq = 0
        if not plugin.replay:
            with self._store.snapshot() as state:
                seq = _last(state)
        self._write(plugin.name, seq)
        return seq

    def _keep(self, one: _Told) -> None:
        # A full disk costs no more than that events are told again.
        with suppress(OSError):
            self._write(one.name, one.seq)

    def _write(self, name: str, seq: int) -> None:
        path = self._path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(f"{seq}\n")
        os.rename(f"{path}.new", path)

    def _path(self, name: str) -> str:
        return f"{self._root}/observers/{name}"


def _last(state: Snapshot) -> int:
    """The number of the newest event, found in a few looks however long the log is."""
    low, high = 0, 1
    while state.log(after=high, limit=1):
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if state.log(after=middle, limit=1):
            low = middle + 1
        else:
            high = middle
    return low
