"""Whether a submission script may be loaded to reach its functions without submitting itself again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from perqueue.core.graph import Graph

from .findings import Finding, Severity
from .places import submitted_at
from .scripts import Script, read_script

_MAIN = "__main__"


def unguarded(graph: Graph, where: str) -> Iterator[Finding]:
    """An error where a script submits functions of its own while it is loaded: their tasks load it, and are refused.

    Args:
        graph: What is submitted.
        where: The line that submits it, as ``path:line``.
    """
    path, line = submitted_at(where, "")
    own = [task for task in graph.tasks if task.module == _MAIN and task.code == path]
    script = read_script(path) if own else None
    if isinstance(script, Script) and runs_when_loaded(script.tree, line):
        yield Finding(
            Severity.error,
            "no-guard",
            f"each task of {own[0].func}() loads this file, which would submit everything again: put the submission "
            'under `if __name__ == "__main__":`',
            path,
            line,
            own[0].name,
            where,
        )


def runs_when_loaded(tree: ast.Module, line: int) -> bool:
    """Whether a line runs for certain whenever the module is loaded: under no condition, and in no function."""
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        statement = todo.pop()
        if not statement.lineno <= line <= (statement.end_lineno or statement.lineno):
            continue
        match statement:
            case ast.With(body=body) | ast.For(body=body) | ast.Try(body=body) if line >= body[0].lineno:
                todo.extend(body)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.If() | ast.While() | ast.Match():
                return False
            case _:
                return not any(isinstance(node, ast.Lambda) for node in ast.walk(statement))
    return False
