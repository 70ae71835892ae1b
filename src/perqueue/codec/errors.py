"""What goes wrong between Python values and their text: each error names the place, what is there, and the way out."""

from __future__ import annotations

from perqueue.core.errors import PerQueueError, StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Verbatim(str):
    """A step of a path that is shown as it stands (``{…}`` for a set's element), not as a key or an index."""

    __slots__ = ()


class Field(str):
    """A step of a path into an attribute of an object: always shown as ``.name``."""

    __slots__ = ()


def render_path(steps: Iterable[object]) -> str:
    """The way to a value as a reader would write it: ``forces[3].x``; keys that are not names: ``['my key']``."""
    text = ""
    for step in steps:
        if type(step) is Verbatim:
            text += step
        elif type(step) is Field or (type(step) is str and step.isidentifier()):
            text += f".{step}" if text else f"{step}"
        else:
            text += f"[{_short(step)}]"
    return text


def _short(key: object) -> str:
    try:
        shown = repr(key)
    except Exception:  # a user's __repr__ must not replace the error that is being told
        shown = f"<{type(key).__name__}>"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def type_name(kind: type) -> str:
    """``module.qualname`` of a class; a builtin's bare name."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class Unstorable(PerQueueError):
    """A value that has no text form.

    ``path`` is the way to it from the value that was to be stored (empty: that value itself), ``type_name``
    its class, ``reason`` what is wrong with it and ``remedy`` what to do about it.
    """

    def __init__(self, path: str, type_name: str, reason: str, remedy: str) -> None:
        super().__init__(path, type_name, reason, remedy)
        self.path = path
        self.type_name = type_name
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        what = repr(self.path) if self.path else "the value"
        return f"{what} can't be stored: its type is {self.type_name!r}, {self.reason}; {self.remedy}"


class Refused(ValueError):
    """What a codec's ``encode`` raises to refuse a value: the writer adds where it is and makes it an Unstorable."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}"


class DecodeError(PerQueueError):
    """A stored text, or a part of it, that can't be made a value again.

    ``what`` names the part (a class with its module, a blob with its digest), ``reason`` says what is true
    and ``remedy`` what to do about it.
    """

    def __init__(self, what: str, reason: str, remedy: str) -> None:
        super().__init__(what, reason, remedy)
        self.what = what
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"can't rebuild {self.what}: {self.reason}; {self.remedy}"


class BlobUnwritable(StorageError):
    """An array's file could not be written into the blob folder (disk full, no permission, …)."""

    def __init__(self, folder: str, digest: str, reason: str) -> None:
        super().__init__(folder, digest, reason)
        self.folder = folder
        self.digest = digest
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"can't write the array {self.digest!r} into {self.folder!r}: {self.reason}; "
            "make room or give permission there, then store the value again"
        )


class CodecConflict(PerQueueError):
    """A codec was registered for a tag or a class that has one already, or under a tag that is no tag."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(subject, reason)
        self.subject = subject
        self.reason = reason

    def __str__(self) -> str:
        return f"can't register a codec for {self.subject!r}: {self.reason}; choose another one"
