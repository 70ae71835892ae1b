"""The queue as scripts use it: ``with PersistentQueue() as pq: pq.submit(workflow)``.

Writes are gathered, and take effect in one transaction when the block ends or something is read through the queue,
whichever is first. Entering the block takes no lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from perqueue.codec import BlobFolder, decode_mapping
from perqueue.config import Config, load_config
from perqueue.core.errors import UnknownEntryError, UsageError
from perqueue.core.records import Entry as EntryRecord
from perqueue.core.resources import Resources
from perqueue.core.selection import Selection
from perqueue.core.tasklike import Plain, TaskLike
from perqueue.engine import requests
from perqueue.engine.asking import asked_by
from perqueue.engine.context import capture
from perqueue.engine.drive import drive
from perqueue.engine.driven import refuse_unknown
from perqueue.engine.folder import PERQUEUE_FILE, QueueFolder, find_folder, find_or_create, need_folder
from perqueue.engine.receipts import note_submission
from perqueue.store.protocol import Snapshot, Store, Transaction

from .entry import Entry
from .rehearsal import Nowhere, folder_to_read, pretending, rehearse, skip, store_to_read
from .submitted import Submitted
from .task import ScriptMissingError

if TYPE_CHECKING:
    import networkx as nx


class NotContextManagedError(UsageError):
    """A write outside ``with PersistentQueue() as pq:``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}() writes to the queue: call it inside `with PersistentQueue() as pq:`")


class PersistentQueue:
    """A queue, found in ``.perqueue`` upward from a folder; the first submission makes one where there is none.

    Args:
        folder: Where to look, the current folder by default.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._start = os.path.abspath(os.getcwd() if folder is None else os.fspath(folder))
        self._folder: QueueFolder | None = None
        self._store: Store | None = None
        self._config: Config | None = None
        self._inside = False
        self._gathered: list[Callable[[Transaction], None]] = []
        self._made_now: list[tuple[Submitted, list[int]]] = []

    def __enter__(self) -> Self:
        self._inside = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._gathered.clear()
            self._inside = False
            self.close()

    def close(self) -> None:
        """Let go of the queue's files; it opens them again when needed."""
        if self._store is not None:
            self._store.close()
            self._store = None

    # writing

    def submit(self, tasks: TaskLike[None, Any] | Plain) -> Submitted:
        """Submit a task, group or workflow, or anything that ``Workflow`` takes. It runs from now on by itself.

        Raises:
            NotContextManagedError: Called outside ``with``.
            DescriptionError: It can't be compiled; the message names the culprit.
            PartitionError: Nothing configures a partition that it asks for.
            OtherConfigError: Whoever drives the queue doesn't know such a partition, or has another executor for it.
            ArgumentsError: An argument can't be stored.
            SubmissionRefusedError: A task is only loading the calling code, to reach its function.
            CheckError: Something in it would fail whenever it runs, as far as the scripts can tell.
        """
        # The runner, if it runs in this process, says whether the script does its work or is only being loaded.
        load = sys.modules.get("perqueue.runner.load")
        if load is not None:
            load.refuse_submission()
        told = Submitted(self._flush)
        if not self._writing("submit"):
            told._keys = rehearse(tasks, self._settings(), self._start)
            return told
        from perqueue.checks.submission import checked  # not for a script that only looks at the queue

        graph = checked(tasks, self._settings())
        if self._folder is None and find_folder(self._start) is None:
            requests.Submission(graph, self._settings(), Nowhere())  # a queue is made only for what it can keep
        folder = self._make()
        refuse_unknown(graph, self._settings(), self._start, folder)
        submission = requests.Submission(graph, self._settings(), BlobFolder(folder.blobs))
        context = capture(self._settings().allow)

        def store(state: Transaction) -> None:
            self._made_now.append((told, submission.store(state, context)))

        self._gathered.append(store)
        return told

    def resubmit(self, entry: Entry | int | Iterable[Entry | int]) -> None:
        """Run settled entries again; what depends on them runs again after them.

        Raises:
            NotContextManagedError: Called outside ``with``.
            StateError: One is waiting, axed or with an executor (raised when the writes take effect).
        """
        if not self._writing("resubmit"):
            return
        keys = _keys(entry)
        self._gathered.append(lambda state: requests.resubmit(state, keys))

    def cancel(self, entry: Entry | int | Iterable[Entry | int]) -> None:
        """Give entries up; what runs is stopped.

        Raises:
            NotContextManagedError: Called outside ``with``.
            StateError: One is settled already (raised when the writes take effect).
        """
        if not self._writing("cancel"):
            return
        keys = _keys(entry)
        self._gathered.append(lambda state: requests.cancel(state, keys))

    def remove(self, key: Entry | int | Iterable[Entry | int]) -> None:
        """Forget entries and whatever depends on them; what runs is stopped.

        Raises:
            NotContextManagedError: Called outside ``with``.
            UnknownEntryError: There is no such entry (raised when the writes take effect).
        """
        if not self._writing("remove"):
            return
        keys = _keys(key)
        self._gathered.append(lambda state: _ignore(requests.remove(state, keys)))

    def save_args(self, key: int, new: Mapping[str, Any], all: bool = False) -> None:  # noqa: A002  # PerQueue's name
        """Change the arguments of an entry, or with ``all`` of every entry of its task."""
        if not self._writing("save_args"):
            return
        text = requests.encoded_args(f"of entry {key}", new, BlobFolder(self._need().blobs))
        self._edit(key, {"args": text}, everywhere=all)

    def save_resources(self, key: int, new: str | Resources, all: bool = False) -> None:  # noqa: A002  # PerQueue's name
        """Change the resources of an entry, or with ``all`` of every entry of its task."""
        if not self._writing("save_resources"):
            return
        self._edit(key, requests.resources_change(new, self._settings()), everywhere=all)

    def save_code(self, key: int, new: str | os.PathLike[str], all: bool = False) -> None:  # noqa: A002  # PerQueue's name
        """Change the script of an entry, or with ``all`` of every entry of its task.

        Raises:
            FileNotFoundError: There is no such script.
        """
        if not self._writing("save_code"):
            return
        path = os.path.abspath(os.fspath(new))
        if not os.path.isfile(path):
            raise ScriptMissingError(f"save_code({key}, {os.fspath(new)!r})", path)
        self._edit(key, {"code": path}, everywhere=all)

    # reading

    def get_entry(self, key: int) -> Entry:
        """One entry.

        Raises:
            UnknownEntryError: There is none with this key.
        """
        found = self.get_entries([key])
        if not found:
            raise UnknownEntryError(key)
        return found[0]

    def get_entries(self, keys: Iterable[int] | None = None, selection: Selection | None = None) -> list[Entry]:
        """All entries, those of some keys, or those of a selection, ascending."""
        with self._reading() as state:
            blobs = BlobFolder(self._need().blobs)
            wanted = None if keys is None else [int(key) for key in keys]
            entries = [Entry(row, blobs) for row in state.rows(wanted)]
        return entries if selection is None else selection.filter(entries)

    def get_args(self, key: int) -> dict[str, Any]:
        """An entry's own arguments."""
        return self.get_entry(key).task.args

    def get_code(self, key: int) -> str:
        """Path of an entry's script."""
        return self.get_entry(key).task.code

    def get_data(self, key: int) -> Any:
        """What an entry returned."""
        return self.get_entry(key).data

    def get_special_args(self, key: int) -> dict[str, list[int]]:
        """An entry's ``pq_index`` and ``pq_iteration``."""
        return self.get_entry(key).pq_args

    def get_parent_data(self, key: int) -> dict[str, Any]:
        """The merged results of an entry's parents, as it gets them; empty before they are done."""
        with self._reading() as state:
            record = _known(state, key)
            text = None if record.source == 0 else state.text(record.source)
        return {} if text is None else decode_mapping(text, BlobFolder(self._need().blobs))

    def get_dependency_graph(self, key: int) -> nx.DiGraph[int]:
        """The entries of an entry's submission; an edge from u to v says that u depends on v."""
        from perqueue.views.instances import dependency_graph  # networkx takes its time to import

        with self._reading() as state:
            return dependency_graph(state, _known(state, key).graph)

    # within

    def _writing(self, what: str) -> bool:
        """Whether the write is to be done: it is not where the script is only checked or simulated."""
        if not self._inside:
            raise NotContextManagedError(what)
        if pretending() and what != "submit":
            skip(what, self._settings(), self._start)
        return not pretending()

    def _edit(self, key: int, change: Mapping[str, object], *, everywhere: bool) -> None:
        config = self._settings() if "resources" in change else None
        self._gathered.append(
            lambda state: _ignore(requests.edit(state, key, change, everywhere=everywhere, config=config))
        )

    @contextmanager
    def _reading(self) -> Iterator[Snapshot]:
        self._flush()
        try:
            with self._open().snapshot() as state:
                yield state
        finally:
            if not self._inside:
                self.close()

    def _flush(self) -> None:
        """Make what was gathered take effect, whole or not at all, and wake the supervisor."""
        gathered, self._gathered = self._gathered, []
        if not gathered:
            return
        self._made_now = []
        with self._open().transaction() as state:
            for write in gathered:
                write(state)
        # Only now are they true.
        for submitted, keys in self._made_now:
            submitted._keys = keys
        try:
            for _, keys in self._made_now:
                note_submission(self._need().root, keys)
        finally:
            self._have_it_driven()

    def _have_it_driven(self) -> None:
        left = drive(self._need())
        if left:
            _say(left)

    def _need(self) -> QueueFolder:
        if self._folder is None:
            self._folder = folder_to_read(self._start) if pretending() else need_folder(self._start)
        return self._folder

    def _make(self) -> QueueFolder:
        if self._folder is None:
            with asked_by(self._settings().origin("queue", "store")):
                self._folder, made = find_or_create(self._start, self._settings().store)
            if made:
                _say(f"made a new queue in {self._folder.root}")
                if os.path.exists(os.path.join(self._start, PERQUEUE_FILE)):
                    _say(
                        f"PerQueue's own queue {PERQUEUE_FILE} lies here too and is left as it is; "
                        "to move work over, run its submission scripts again"
                    )
        return self._folder

    def _settings(self) -> Config:
        if self._config is None:
            self._config = load_config(self._start)
        return self._config

    def _open(self) -> Store:
        if pretending() and (instead := store_to_read(self._settings(), self._start)) is not None:
            return instead
        if self._store is None:
            self._store = self._need().open_store()
        return self._store


def _keys(given: Entry | int | Iterable[Entry | int]) -> list[int]:
    if isinstance(given, Entry):
        return [given.key]
    if isinstance(given, Iterable):
        return [key for part in given for key in _keys(part)]
    return [int(given)]


def _known(state: Snapshot, key: int) -> EntryRecord:
    record = state.entry(key)
    if record is None:
        raise UnknownEntryError(key)
    return record


def _ignore(_: object) -> None:
    """The gathered writes return nothing."""


def _say(what: str) -> None:
    sys.stderr.write(f"perqueue: {what}\n")
