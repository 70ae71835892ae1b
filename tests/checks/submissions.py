"""Submissions for tests of the checks: scripts in a folder, and tasks that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from attrs import frozen

from perqueue.checks.check import check_graph
from perqueue.checks.findings import Finding
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.task import Task

CONFIG = Config(cores=4)


@frozen
class Scripts:
    """A folder of scripts; ``t["a"]`` is a new task that runs ``a.py``."""

    folder: Path

    def __getitem__(self, name: str) -> Task:
        return self.task(name)

    def task(self, script: str, args: Mapping[str, object] | None = None, **other: Any) -> Task:
        """A task that runs ``SCRIPT.py``, or a typed function in it if ``module`` is given."""
        path = str(self.folder / f"{script}.py")
        return Task(**{"code": path, "args": args or {}, "resources": "local:1m", "name": script, **other})

    def typed(self, name: str, func: str, args: Mapping[str, object] | None = None) -> Task:
        """A task of a typed function in ``NAME.py``."""
        return self.task(name, args, func=func, module=name)


Workflow = Callable[[Scripts], object]


def write(folder: Path, scripts: Mapping[str, str]) -> Scripts:
    """Write scripts by their names."""
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return Scripts(folder)


def found(folder: Path, scripts: Mapping[str, str], workflow: Workflow, config: Config = CONFIG) -> list[Finding]:
    """What the checks say about a workflow of these scripts."""
    return check_graph(compile_graph(workflow(write(folder, scripts))), config, "/x/submit.py:7")


def brief(findings: list[Finding], folder: Path) -> list[str]:
    """Findings as ``severity code file:line``."""
    return [f"{one.severity} {one.code} {Path(one.file).name}:{one.line}" for one in findings]
