"""The JSON store keeps the contract, with journals that are never begun anew and with journals that always are."""

from __future__ import annotations

from pathlib import Path

import pytest

from perqueue.store.jsonl import compaction
from perqueue.store.jsonl.store import JsonStore
from perqueue.testing.contracts.stores import StoreContract


class TestJsonStore(StoreContract):
    def make_store(self, folder: Path) -> JsonStore:
        JsonStore.create(str(folder / "store"))
        return self.reopen_store(folder)

    def reopen_store(self, folder: Path) -> JsonStore:
        return JsonStore(str(folder / "store"))


@pytest.mark.slow
class TestJsonStoreThatIsCompactedAfterEachTransaction(TestJsonStore):
    walks = 1

    @pytest.fixture(autouse=True)
    def eager(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compaction, "LEAST", 0)
        monkeypatch.setattr(compaction, "FACTOR", 0.0)
