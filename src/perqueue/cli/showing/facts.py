"""``pq info``: which queue this is, who drives it, and how it is doing."""

from __future__ import annotations

import os
from typing import Any

from perqueue.config import config_path
from perqueue.engine.driver import Driver, driver
from perqueue.engine.folder import need_folder

from ..printing import put, put_json, version
from .listing import count_line, counts_as_data


def show_info(*, as_json: bool) -> None:
    """Describe the queue of the current folder."""
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as state:
            counts, busy, moved_by = state.counts(), state.busy(), driver(folder, state)
    finally:
        store.close()
    config = config_path(os.getcwd(), os.environ)
    facts: dict[str, Any] = {
        "folder": folder.root,
        "id": folder.id,
        "store": folder.store,
        "home": folder.home,
        "at_home": folder.at_home,
        "driven": moved_by.alive,
        "supervisor": None if moved_by.lease is None else {"host": moved_by.lease.host, "pid": moved_by.lease.pid},
        "busy": busy,
        "counts": counts_as_data(counts),
        "total": sum(counts.values()),
        "version": version(),
        "config": config,
    }
    if as_json:
        put_json(facts)
        return
    home = folder.home if folder.at_home else f"{folder.home} (this is another machine)"
    for name, value in (
        ("Queue", folder.root),
        ("Id", folder.id),
        ("Store", folder.store),
        ("Home", home),
        ("Supervisor", _driven(moved_by, busy=busy)),
        ("Entries", count_line(counts)),
        ("perqueue", facts["version"]),
        ("Configuration", config or "none: the defaults"),
    ):
        put(f"{name + ':':<15}{value}")


def _driven(by: Driver, *, busy: bool) -> str:
    lease = by.lease
    if lease is None:
        if by.listening:
            return "starting or leaving"
        return "none, though there is work: `pq tick` starts it" if busy else "none: there is nothing to do"
    who = f"process {lease.pid} on {lease.host}"
    if by.dead:
        return f"{who} has died: `pq tick` replaces it" if busy else f"{who} has died; there is nothing to do"
    return f"{who}, alive" if by.listening else f"{who} holds the lease"
