"""Distributions on ``sys.path``, as pip would leave them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from perqueue.codec.registry import forget_plugged
from perqueue.plugins.manager import forget_plugins


class Installed:
    """Installs plugins into a folder that is on ``sys.path``, here and in processes that are started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, code: str, package: str = "", entry: str = "") -> None:
        """Install one, with a module that its entry point names."""
        module = f"pq_test_{name}"
        package = package or module
        (self.folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
        info = self.folder / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[perqueue]\n{entry or name} = {module}\n", encoding="utf-8")
        forget()


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    """Installs fake distributions; they and their modules are gone after the test."""
    folder = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    forget()
    yield Installed(folder)
    for name in [name for name in sys.modules if name.startswith("pq_test_")]:
        del sys.modules[name]
    forget()


def forget() -> None:
    forget_plugins()
    forget_plugged()
