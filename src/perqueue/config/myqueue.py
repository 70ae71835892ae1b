"""A MyQueue configuration as one of ours: its ``config.py`` is read as syntax, never executed, and written as TOML.

The format is that of https://myqueue.readthedocs.io/en/latest/configuration.html. What has no counterpart becomes a
comment that says so.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from perqueue.core.errors import UsageError
from perqueue.core.resources import LOCAL

from .errors import ConfigError
from .keys import setting_from_text
from .kinds import PROGRAM, RefusedError
from .model import DEFAULT

SCHEDULERS: Final = ("slurm", "pbs", "lsf", "local")
_PYTHON: Final = "python3"
_LEFT_OUT: Final = {
    "maximum_total_task_weight": "weights of tasks have no counterpart; max_jobs limits the jobs of a partition",
    "default_task_weight": "weights of tasks have no counterpart; max_jobs limits the jobs of a partition",
    "notifications": "nobody is written to; `pq ls` tells what there is to know",
}
_READ: Final = frozenset(
    ("scheduler", "queue", "nodes", "extra_args", "mpiexec", "use_mpi", "parallel_python", "serial_python")
)
_NODE_READ: Final = frozenset(
    ("cores", "memory", "nodename", "extra_args", "mpiargs", "features", "reservation", "special")
)
_ACCOUNTS: Final[Mapping[str, Mapping[str, str]]] = {
    "slurm": {"--account": "account", "-A": "account", "--qos": "qos", "-q": "qos"},
    "pbs": {"-A": "account"},
}


class MyQueueError(UsageError):
    """A file that is no MyQueue configuration, or not one that can be read without running it."""

    def __init__(self, source: str, line: int, what: str) -> None:
        super().__init__(f"{source}, line {line}: {what}" if line else f"{source}: {what}")


def convert(source: str, text: bytes) -> str:
    """The ``perqueue.toml`` for a MyQueue ``config.py``.

    Args:
        source: What to call the file.
        text: What stands in it.

    Raises:
        MyQueueError: Its ``config`` is no literal dict, or not what MyQueue takes.
    """
    return "\n".join(_converted(source, read(source, text))) + "\n"


def read(source: str, text: bytes) -> dict[str, Any]:
    """The ``config`` dict of a MyQueue ``config.py``.

    Raises:
        MyQueueError: There is none, it is not written as a literal, or something else is done with it.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise MyQueueError(source, error.lineno or 0, f"it is not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise MyQueueError(source, 0, f"it is not Python: {error}") from error
    found: list[ast.expr] = []
    for statement in tree.body:
        value = _assigned(statement)
        if value is not None:
            found.append(value)
            continue
        used = next((n for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == "config"), None)
        if used is not None:
            told = "`config` is used besides `config = {...}`; nothing here is run, so write all of it in that dict"
            raise MyQueueError(source, used.lineno, told)
    if not found:
        raise MyQueueError(source, 0, "it has no `config = {...}`, as MyQueue's config.py has")
    if len(found) > 1:
        raise MyQueueError(source, found[1].lineno, "`config` is set a second time")
    config = _literal(source, found[0])
    if not isinstance(config, dict):
        raise MyQueueError(source, found[0].lineno, f"`config` is no dict but {config!r}")
    _check_mpiargs(source, found[0])
    return config


def _check_mpiargs(source: str, config: ast.expr) -> None:
    """Refuse arguments of MPI that are neither text nor words, while it is known in which line they stand."""
    for table in ast.walk(config):
        if not isinstance(table, ast.Dict):
            continue
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "mpiargs":
                given = ast.literal_eval(value)
                words = [given] if isinstance(given, str) else given
                if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
                    told = f"mpiargs is neither text nor a list of words but {given!r}"
                    raise MyQueueError(source, value.lineno, told)


def _assigned(statement: ast.stmt) -> ast.expr | None:
    """What a statement sets ``config`` to, if it does."""
    if isinstance(statement, ast.Assign):
        targets: Sequence[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return None
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return statement.value if names == ["config"] else None


def _literal(source: str, node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        inside = ast.iter_child_nodes(node) if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set) else ()
        for inner in inside:
            if isinstance(inner, ast.expr):
                _literal(source, inner)  # the innermost value that is none says best what is wrong
        told = f"{ast.unparse(node)} is no literal; nothing here is run, so write its value"
        raise MyQueueError(source, node.lineno, told) from error


def _converted(source: str, config: Mapping[str, Any]) -> Iterator[str]:
    scheduler = config.get("scheduler", config.get("queue"))  # its first versions said queue
    if scheduler not in SCHEDULERS:
        told = f"config['scheduler'] is {scheduler!r}; it has to be one of: {', '.join(SCHEDULERS)}"
        raise MyQueueError(source, 0, told)
    yield f"# Made from {_said(source)} by `pq config import-myqueue`; `pq config check` tries it."
    if scheduler == "lsf":
        yield "# No executor for LSF comes with perqueue: `pq config check` says whether a plugin brings one."
    for key in config:
        if key in _LEFT_OUT:
            yield f"# {key}: {_LEFT_OUT[key]}."
        elif key not in _READ:
            yield f"# {_said(key)} = {_said(config[key])}: perqueue knows no such setting."
    nodes = list(_nodes(source, config.get("nodes") or []))
    usual = next((name for name, node in nodes if not node.get("special")), None)
    for name, node in nodes:
        yield ""
        yield from _partition(source, scheduler, name, name, node, config)
    if any(name == DEFAULT for name, _ in nodes):
        return
    yield ""
    if usual is not None:
        yield "# For resources without a partition. MyQueue takes the first node whose cores divide those asked for;"
        yield "# perqueue takes this one always."
        node = dict(nodes)[usual]
        yield from _partition(source, scheduler, DEFAULT, usual, node, config)
    else:
        yield "# For resources without a partition: the scheduler chooses."
        yield from _partition(source, scheduler, DEFAULT, "", {}, config)


def _nodes(source: str, nodes: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(nodes, list | tuple):
        raise MyQueueError(source, 0, f"config['nodes'] is no list but {nodes!r}")
    seen = set()
    for node in nodes:
        match node:
            case (str(name), dict(keys)):
                if name in seen:
                    raise MyQueueError(source, 0, f"config['nodes'] has {name!r} twice")
                seen.add(name)
                yield name, keys
            case _:
                raise MyQueueError(source, 0, f"config['nodes']: {node!r} is no pair of a name and a dict")


def _partition(
    source: str, scheduler: str, name: str, node_name: str, node: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[str]:
    try:
        setting_from_text(source, ("partitions", name), scheduler)
    except ConfigError as error:
        yield f"# A node is left out: {_said(str(error))}"
        return
    yield f"[partitions.{_key(name)}]"
    yield f"executor = {_string(scheduler)}"
    real = node.get("nodename", node_name)
    if scheduler != LOCAL and isinstance(real, str) and (real != name):
        yield f"queue = {_string(real)}" + ("" if real else "  # none is asked for")
    cores = node.get("cores")
    if isinstance(cores, int) and not isinstance(cores, bool) and cores > 0:
        yield f"cores = {cores}"
    elif cores is not None:
        yield f"# cores: {_said(cores)} is no number of cores."
    if "memory" in node:
        yield f"# Each node has {_said(node['memory'])}; as with MyQueue, jobs ask for no amount. `memory` would."
    yield from _flags(source, scheduler, node, config)
    yield from _python(config)
    yield from _mpi(scheduler, node, config)
    for key in node:
        if key not in _NODE_READ:
            yield f"# {_said(key)} = {_said(node[key])}: perqueue knows no such setting."


def _flags(source: str, scheduler: str, node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    given = [*_words(source, "extra_args", config), *_words(source, "extra_args", node)]
    flags: list[tuple[str, str]] = []
    for flag, value in _paired(given):
        key = _ACCOUNTS.get(scheduler, {}).get(flag)
        if key is not None and value:
            # The last of two would count; TOML takes a key only once.
            flags = [one for one in flags if one[0] != key]
            flags.append((key, f"{key} = {_string(value)}"))
        else:
            flags.append(("", f"{flag}{'=' if value and flag.startswith('--') else ''}{value}"))
    for key, wanted in (("features", "--constraint"), ("reservation", "--reservation")):
        if key not in node:
            continue
        if scheduler == "slurm" and isinstance(node[key], str):
            flags.append(("", f"{wanted}={node[key]}"))
        else:
            yield f"# {key} = {_said(node[key])}: write it as a flag of {scheduler}."
    yield from (line for key, line in flags if key)
    plain = [line for key, line in flags if not key]
    if plain:
        yield f"flags = [{', '.join(_string(flag) for flag in plain)}]"


def _paired(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flags with their values, whether these were words of their own or not."""
    left = list(given)
    while left:
        word = left.pop(0)
        flag, equals, value = word.partition("=")
        if word.startswith("--") and equals:
            yield flag, value
        elif re.fullmatch(r"--[\w\-]+|-\w", word) and left and not left[0].startswith("-"):
            yield word, left.pop(0)
        elif re.match(r"-\w", word) and not word.startswith("--"):
            yield word[:2], word[2:]
        else:
            yield word, ""


def _python(config: Mapping[str, Any]) -> Iterator[str]:
    for key in ("parallel_python", "serial_python"):
        given = config.get(key, _PYTHON)
        if given == _PYTHON:  # MyQueue's own default: the one of the submission is the better guess
            continue
        if key == "parallel_python" and _is_program(given):
            yield f"python = {_string(given)}  # perqueue has to be installed for it too"
        else:
            told = "tasks run with the interpreter of their submission; `python` sets another"
            yield f"# {key} = {_said(given)}: {told}."


def _is_program(given: object) -> bool:
    try:
        PROGRAM.check(given)
    except RefusedError:
        return False
    return " " not in str(given)


def _mpi(scheduler: str, node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    if scheduler == LOCAL or config.get("use_mpi", True) is False:
        return
    given = node.get("mpiargs", "")
    words = [given] if isinstance(given, str) else given
    command = [str(config.get("mpiexec", "mpiexec")), *(word.strip() for word in words)]
    # Its braces are no places for numbers, as they are in ours.
    plain = [part.replace("{", "{{").replace("}", "}}") for part in command if part]
    yield f"mpi = {_string(' '.join([*plain, '-np {processes}']))}"


def _words(source: str, key: str, table: Mapping[str, Any]) -> list[str]:
    given = table.get(key) or []
    if not isinstance(given, list | tuple) or not all(isinstance(word, str) and word.strip() for word in given):
        raise MyQueueError(source, 0, f"{key} is no list of words but {given!r}")
    return list(given)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_\-]+", name) else _string(name)


def _string(value: str) -> str:
    """A string as TOML has it: as JSON, but for what JSON lets stand or writes in halves."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _said(value: object) -> str:
    """Something in a comment, where no line may end."""
    return ascii(value) if not isinstance(value, str) else ascii(value)[1:-1] or "''"
