"""``pq modify``: change the arguments, the resources or the script of entries, given or in an editor."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any, Final

from perqueue.checks.edits import check_arguments
from perqueue.checks.findings import Finding, in_order
from perqueue.codec import BlobFolder, plain
from perqueue.config import load_config
from perqueue.core.errors import UnknownEntryError, UsageError
from perqueue.core.records import StoredTask
from perqueue.engine import requests
from perqueue.engine.folder import QueueFolder, need_folder
from perqueue.store.protocol import Store
from perqueue.views.instances import parents_of
from perqueue.views.values import mapping_items

from ..choice import NothingChosenError, chosen
from ..printing import entries, put, ranges
from .changing import wake

_WHAT: Final = {
    "a": "a", "args": "a", "r": "r", "resources": "r", "c": "c", "code": "c",
}  # fmt: skip


class ChangeError(UsageError):
    """Something that can't be put in the place of what an entry has."""


def modify_entries(what: str, given: str | None, ids: str | None, *, everywhere: bool) -> None:
    """Change what the entries run.

    Raises:
        ChangeError: There is no such thing to change, or the new value can't be used, or would fail.
        NothingChosenError: No entry was named.
        UnknownEntryError: One of the entries doesn't exist.
        StateError: One of them is with an executor.
    """
    kind = _WHAT.get(what)
    if kind is None:
        raise ChangeError(f"modify {what!r}: write a (arguments), r (resources) or c (code)")
    if ids is None:
        raise NothingChosenError("modify", only_keys=True)
    keys = sorted(chosen(ids, None, None, None).keys or ())
    folder = need_folder()
    store = folder.open_store()
    try:
        tasks = {key: _task(store, key) for key in keys}
        change = _CHANGES[kind](folder, given, tasks)
        if change is None:
            put("nothing was changed")
            return
        config = None if kind == "c" else load_config(os.getcwd())
        if "args" in change and config is not None and config.checks != "off":
            _check_arguments(store, tasks, str(change["args"]))
        changed: set[int] = set()
        with store.transaction() as state:
            for key in keys:
                changed.update(requests.edit(state, key, change, everywhere=everywhere, config=config))
    finally:
        store.close()
    put(f"changed {entries(len(changed))}: {ranges(changed)}")
    wake(folder)


def _task(store: Store, key: int) -> StoredTask:
    with store.snapshot() as state:
        entry = state.entry(key)
        if entry is None:
            raise UnknownEntryError(key)
        return state.task(entry.task)


def _args(folder: QueueFolder, given: str | None, tasks: dict[int, StoredTask]) -> dict[str, object] | None:
    if given is None:
        before = json.dumps(json.loads(_only(tasks).args), indent=2, ensure_ascii=False) + "\n"
        text = _edited(before, ".json")
        return None if text == before else {"args": _encoded("what you wrote", text, folder)}
    try:
        with open(given, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise ChangeError(f"there is no file {given!r}: new arguments come from a JSON file") from None
    except (OSError, UnicodeError) as error:
        raise ChangeError(f"{given!r} can't be read: {error}") from error
    return {"args": _encoded(given, text, folder)}


def _encoded(where: str, text: str, folder: QueueFolder) -> str:
    """Arguments as they are stored, from JSON that may hold stored values such as arrays in their stored form."""
    try:
        tree: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ChangeError(f"{where}: it is not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise ChangeError(f"{where}: it holds a {type(tree).__name__}; arguments are an object such as {{'x': 1}}")
    if '{"$' in json.dumps(tree, separators=(",", ":")):
        try:
            return plain.to_text(tree)
        except ValueError as error:
            raise ChangeError(f'{where}: {error}; write such a number as {{"$float": "nan"}}') from error
    return requests.encoded_args(where, tree, BlobFolder(folder.blobs))


def _check_arguments(store: Store, tasks: dict[int, StoredTask], text: str) -> None:
    """Refuse what `submit` would refuse.

    Raises:
        ChangeError: The function of one of the tasks can't be called with these arguments.
    """
    names = list(mapping_items(text))
    wrong: list[Finding] = []
    with store.snapshot() as state:
        for key, task in tasks.items():
            entry = state.entry(key)
            if entry is not None:
                wrong += check_arguments(task, entry, names, alone=not parents_of(state, entry))
    if wrong:
        shown = "; ".join(found.shown(os.getcwd()) for found in in_order(wrong))
        raise ChangeError(f"nothing was changed, as it would fail: {shown}")


def _resources(_: QueueFolder, given: str | None, tasks: dict[int, StoredTask]) -> dict[str, object] | None:
    if given is None:
        before = f"{_only(tasks).resources}\n"
        text = _edited(before, ".txt")
        if text.strip() == before.strip():
            return None
        given = text.strip()
    return requests.resources_change(given, load_config(os.getcwd()))


def _code(_: QueueFolder, given: str | None, tasks: dict[int, StoredTask]) -> dict[str, object] | None:
    if given is None:
        before = f"{_only(tasks).code}\n"
        text = _edited(before, ".txt")
        if text.strip() == before.strip():
            return None
        given = text.strip()
    path = os.path.abspath(given)
    if not os.path.isfile(path):
        raise ChangeError(f"there is no script {path}")
    return {"code": path}


_CHANGES: Final[dict[str, Callable[[QueueFolder, str | None, dict[int, StoredTask]], dict[str, object] | None]]] = {
    "a": _args,
    "r": _resources,
    "c": _code,
}


def _only(tasks: dict[int, StoredTask]) -> StoredTask:
    if len(tasks) != 1:
        raise ChangeError(f"an editor shows one entry at a time, and {len(tasks)} were named: give the new value too")
    return next(iter(tasks.values()))


def _edited(text: str, suffix: str) -> str:
    """What the user makes of a text."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise ChangeError("no new value was given, and neither VISUAL nor EDITOR names an editor to ask for one")
    descriptor, path = tempfile.mkstemp(prefix="pq-modify-", suffix=suffix)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            done = subprocess.run([*shlex.split(editor), path], check=False)
        except OSError as error:
            raise ChangeError(f"the editor {editor!r} can't be started: {error}") from error
        if done.returncode:
            raise ChangeError(f"the editor {editor!r} ended with status {done.returncode}: nothing was changed")
        with open(path, encoding="utf-8") as file:
            return file.read()
    finally:
        os.unlink(path)
