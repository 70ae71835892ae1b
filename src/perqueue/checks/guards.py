"""Whether a submission script may be loaded to reach its functions without submitting itself again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

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
    """Whether a line runs for certain whenever the module is loaded: under no condition.

    In a function it does if the function is called so, and nothing before the line may leave the function.
    """
    met: set[str] = set()
    lines = [line]
    while lines:
        line = lines.pop()
        function = _function_around(tree, line)
        if function is None:
            if _runs(tree.body, line):
                return True
        elif function.name not in met and _passes(function, line):
            met.add(function.name)
            lines += _calls(tree, function.name)
    return False


def _runs(body: Sequence[ast.stmt], line: int) -> bool:
    """Whether a line runs for certain whenever a block does."""
    todo = list(body)
    while todo:
        statement = todo.pop()
        if not statement.lineno <= line <= (statement.end_lineno or statement.lineno):
            continue
        match statement:
            case ast.With(body=inner) | ast.For(body=inner) | ast.Try(body=inner) if line >= inner[0].lineno:
                todo.extend(inner)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.If() | ast.While() | ast.Match():
                return False
            case _:
                return not any(isinstance(node, ast.Lambda) for node in ast.walk(statement))
    return False


def _function_around(tree: ast.Module, line: int) -> ast.FunctionDef | None:
    """The plain function at the top of the module that holds a line."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    return next((node for node in found if node.lineno < line <= (node.end_lineno or node.lineno)), None)


def _passes(function: ast.FunctionDef, line: int) -> bool:
    """Whether a call of the function comes to a line, which is in it, for certain."""
    nodes = list(ast.walk(function))
    leaves = any(isinstance(node, ast.Return | ast.Raise | ast.Assert) and node.lineno < line for node in nodes)
    return (
        not leaves
        and not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
        and _runs(function.body, line)
    )


def _calls(tree: ast.Module, name: str) -> list[int]:
    """The lines with statements that surely call a function of the module, if the name stands for nothing else."""
    nodes = list(ast.walk(tree))
    bound = sum(isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for node in nodes)
    bound += sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name for node in nodes
    )
    bound += sum(isinstance(node, ast.alias) and name in (node.name, node.asname) for node in nodes)
    bound += sum(isinstance(node, ast.arg) and node.arg == name for node in nodes)
    if bound != 1:
        return []
    statements = (node for node in nodes if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign))
    return [statement.lineno for statement in statements if _calls_surely(statement.value, name)]


def _calls_surely(value: ast.expr | None, name: str) -> bool:
    """Whether evaluating an expression calls the function: it is the call, or an argument of one."""
    todo = [value]
    while todo:
        match todo.pop():
            case ast.Call(func=ast.Name(id=found)) if found == name:
                return True
            case ast.Call(args=arguments):
                todo += arguments
    return False
