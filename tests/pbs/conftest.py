"""A PBS to test on, for each test, whose commands are on the search path.

It is the double, unless ``PERQUEUE_TEST_PBS=1`` says that this machine has a real one that is there for nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.pbs.double.fixture import double_pbs
from tests.pbs.real import real_pbs
from tests.pbs.site import Pbs


@pytest.fixture
def pbs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pbs]:
    """A PBS of two nodes with four cores each; a real one has one node."""
    folder = tmp_path_factory.mktemp("pbs") / "server"
    with real_pbs(folder) if os.environ.get("PERQUEUE_TEST_PBS") else double_pbs(folder) as found:
        monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
        yield found
