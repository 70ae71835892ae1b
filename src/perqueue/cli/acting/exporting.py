"""``pq export``: a submission as a file for other tools."""

from __future__ import annotations

import os

from perqueue.core.errors import UsageError
from perqueue.engine.folder import need_folder
from perqueue.interop.pieces import stored_pieces
from perqueue.interop.writing import as_text, document_of, save, scripts_of

from ..printing import counted, note, put


class NoFormatError(UsageError):
    """It was not said as what to export."""

    def __init__(self) -> None:
        super().__init__("say as what to export it: --pwd, a Python Workflow Definition")


def export_submission(key: int, output: str | None, *, pwd: bool) -> None:
    """Write or print the submission of an entry.

    Raises:
        NoFormatError: ``pwd`` is not said.
        UnknownEntryError: There is no such entry.
        NotInPwdError: The submission holds what the format has no words for.
        PwdUnreadableError: The file can't be written.
    """
    if not pwd:
        raise NoFormatError
    store = need_folder().open_store()
    try:
        with store.snapshot() as state:
            pieces = stored_pieces(state, key)
    finally:
        store.close()
    path = None if output is None else os.path.abspath(output)
    document = document_of(pieces, None if path is None else os.path.dirname(path))
    if path is None:
        put(as_text(document).rstrip())
    else:
        save(document, path)
        put(f"wrote {path}")
    scripts = scripts_of(pieces)
    if scripts:
        note(
            f"{counted(len(scripts), 'task script')} of it ({scripts[0]}{', ...' if len(scripts) > 1 else ''}): other "
            "tools can read the file, and can't use what scripts return"
        )
