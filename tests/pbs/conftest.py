"""A PBS to test on: the double, one for each test, whose commands are on the search path."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.pbs.double.fixture import DoublePbs, double_pbs


@pytest.fixture
def pbs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoublePbs]:
    """A PBS of two nodes with four cores each."""
    with double_pbs(tmp_path_factory.mktemp("pbs") / "server") as double:
        monkeypatch.setenv("PATH", f"{double.bin}:{os.environ['PATH']}")
        yield double
