"""A submission script's mistakes in one line, where `pq run` runs it: what it says is for its writer, not about us."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from perqueue.core.errors import UsageError
from perqueue.engine.receipts import RUN


def tell_briefly() -> None:
    """Have an uncaught UsageError end this process with one line, which names the script's own, under `pq run`."""
    if os.environ.get(RUN) and sys.excepthook is sys.__excepthook__:
        sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, UsageError) or trace is None:
        sys.__excepthook__(kind, error, trace)
        return
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    code, line = "", 0
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith((ours, "<")):
        code, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    sys.stderr.write(f"{code}, line {line}: {error}\n")
