"""The colours of states in pictures: light enough for black text, and told apart without red and green too."""

from __future__ import annotations

from typing import Final

from perqueue.core.states import EntryState

FILLS: Final = {
    EntryState.undefined: "#ffffff",
    EntryState.waiting: "#eceff1",
    EntryState.goahead: "#d7f0f5",
    EntryState.queueing: "#c5dcf7",
    EntryState.running: "#ffe9a8",
    EntryState.succeeded: "#c3e6c3",
    EntryState.discarded: "#e3d2ef",
    EntryState.axed: "#f0e8f5",
    EntryState.failed: "#f6b5ac",
    EntryState.timeout: "#f8cfa4",
}
EDGES: Final = {
    EntryState.undefined: "#9e9e9e",
    EntryState.waiting: "#90a4ae",
    EntryState.goahead: "#3a9fb3",
    EntryState.queueing: "#3b78c4",
    EntryState.running: "#c79a00",
    EntryState.succeeded: "#3f8f46",
    EntryState.discarded: "#8a5fa8",
    EntryState.axed: "#b49ac4",
    EntryState.failed: "#c0392b",
    EntryState.timeout: "#c96f10",
}
"""Border of a box."""
