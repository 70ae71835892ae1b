"""A handle on a queue's state that stays with the queue when it is moved to another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from perqueue.core.errors import StorageError

from .protocol import Lease, Snapshot, Store, Transaction


class FollowingStore:
    """Whatever store keeps the queue when it is asked.

    A queue is moved under the exclusive transaction of its old store. So whoever waited for that looks again, once it
    is let in, whether this is still the store that counts; nothing is ever written to one that was left.

    Args:
        name: The store to begin with.
        now: The name of the store that counts now, or None if nobody can tell: then it is as it was.
        open_one: Open a store by its name.
    """

    def __init__(self, name: str, now: Callable[[], str | None], open_one: Callable[[str], Store]) -> None:
        self._now, self._open_one = now, open_one
        self._name = now() or name
        self._store = open_one(self._name)
        self._moves = 0
        self._looks = 0

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A consistent state for reading."""
        self._follow()
        with self._looking(), self._store.snapshot() as shown:
            yield shown

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[Transaction]:
        """Exclusive; commits at the end of the block, or changes nothing if it raises."""
        while True:
            self._follow()
            with ExitStack() as stack:
                try:
                    transaction = stack.enter_context(self._store.transaction(lease))
                except StorageError:
                    if self._stays():
                        raise
                    continue
                if self._stays():
                    with self._looking():
                        yield transaction
                    return

    def version(self) -> int:
        """Differs whenever another handle has committed."""
        self._follow()
        # Another store counts in its own way.
        return (self._moves << 48) + self._store.version()

    def close(self) -> None:
        """Let go of files."""
        self._store.close()

    @contextmanager
    def _looking(self) -> Iterator[None]:
        self._looks += 1
        try:
            yield
        finally:
            self._looks -= 1

    def _stays(self) -> bool:
        return (self._now() or self._name) == self._name

    def _follow(self) -> None:
        name = self._now() or self._name
        if name == self._name or self._looks:
            return
        found = self._open_one(name)
        self._store.close()
        self._store, self._name = found, name
        self._moves += 1
