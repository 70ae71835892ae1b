"""What to run: one attempt of one entry, complete in itself, and the bytes it travels as.

The bytes are a header line with what a fork server must know (JSON), a line break, and the rest (JSON), which
nobody reads before the process of the task does: a large input costs the server nothing.
"""

from __future__ import annotations

import json

from perqueue.runner.channel import frame
from perqueue.runner.errors import JobError
from perqueue.runner.named import NamedTuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, Literal

HEADER: Final = ("queue", "key", "attempt", "cores", "walltime", "log")
_dump = json.JSONEncoder(separators=(",", ":")).encode


class Job(NamedTuple):
    """One attempt of one entry. All paths are absolute.

    - ``queue``, ``root``: the queue's id and folder; ``key``, ``attempt``: what runs; ``name``: for people.
    - ``code``: the script's path; ``func``: the function to call in it. ``module``: empty for a script; for a typed
      function the module to import it from, or ``__main__`` where ``code`` is to be loaded instead.
    - ``args``: the encoded JSON object of the task's arguments; ``input``: that of its parents' results, or
      ``input_file``: a file with that text; ``special``: perqueue's own arguments, plain JSON. The later win.
    - ``folder``: the working folder, created if ``make_folder``; ``paths``: the front of sys.path.
    - ``walltime``: seconds or None; ``cores``: what it occupies of a fork server's cores.
    - ``log``: the file for stdout and stderr, or else ``out`` and ``err``: one each. They grow, none is cut.
    - ``shapes``: "typed" values, or "json": tuples and sets as lists, keys as strings.
    - ``durable``: whether the outcome is synced to the disk (another host reads it).
    - ``mpi``: the command that starts the ranks of an MPI task in a batch job (``srun -n 24``); empty for others.
    - ``requeue``: whether a scheduler may start its batch job again: then an end from outside may be none.
    """

    queue: str
    root: str
    key: int
    attempt: int
    name: str
    code: str
    folder: str
    func: str = "main"
    args: str = "{}"
    input: str | None = None
    input_file: str | None = None
    special: Mapping[str, Any] = {}
    make_folder: bool = False
    paths: Sequence[str] = ()
    walltime: float | None = None
    cores: int = 1
    log: str | None = None
    out: str | None = None
    err: str | None = None
    shapes: Literal["typed", "json"] = "typed"
    durable: bool = False
    module: str = ""
    mpi: Sequence[str] = ()
    requeue: bool = False

    def to_bytes(self) -> bytes:
        """The header line, a line break, and the body."""
        fields = self._asdict()
        header: dict[str, Any] = {"op": "run"}
        for field in HEADER:
            header[field] = fields.pop(field)
        return f"{_dump(header)}\n{_dump(fields)}".encode()

    def to_frame(self) -> bytes:
        """The message that has a fork server run this job."""
        return frame(self.to_bytes())

    @classmethod
    def from_bytes(cls, raw: bytes) -> Job:
        """The job that `to_bytes` wrote. Raises JobError."""
        head, _, body = raw.partition(b"\n")
        try:
            return cls.from_parts(json.loads(head), body)
        except ValueError as exc:
            raise JobError(str(exc)) from exc

    @classmethod
    def from_parts(cls, header: Mapping[str, Any], body: bytes) -> Job:
        """The job of a header that has been read already and the bytes behind it. Raises JobError."""
        try:
            fields = json.loads(body)
            for field in HEADER:
                fields[field] = header[field]
            return cls(**fields)
        except (ValueError, TypeError, KeyError) as exc:
            raise JobError(f"{type(exc).__name__}: {exc}") from exc
