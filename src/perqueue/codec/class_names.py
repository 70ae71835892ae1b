"""How a text names a user's class: ``{"class": "module:qualname"}``, and for the user's own modules their file.

A class is only stored where its name leads back to it. One made inside a function has no such name. One of
the main script has, if the script can be loaded again without doing its work a second time.
"""

from __future__ import annotations

import os
import re
import sys

from perqueue.codec.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

ORIGINAL_NAME = "__perqueue_original_name__"
"""Where a module that was loaded by its path keeps the name that its classes were stored under."""

_MAIN_GUARD = re.compile(r"^if\s+\(?\s*__name__\s*==", re.MULTILINE)
_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep


def class_to_tree(kind: type) -> dict[str, object]:
    """The reference to a class. Raises Refused for a class that no other process could find."""
    module = sys.modules.get(kind.__module__)
    if module is None or attribute_at(module, kind.__qualname__) is not kind:
        raise Refused(
            f"a class that is not to be found as {kind.__qualname__!r} in the module {kind.__module__!r}",
            "define it at the top level of a module, under its own name",
        )
    name = getattr(module, ORIGINAL_NAME, kind.__module__)
    tree: dict[str, object] = {"class": f"{name}:{kind.__qualname__}"}
    file = _own_file(module)
    if name == "__main__":
        _check_main(file)
    if file is not None:
        tree["file"] = file
    return tree


def attribute_at(module: ModuleType, qualname: str) -> object:
    """What a dotted name leads to in a module, or None."""
    found: object = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _own_file(module: ModuleType) -> str | None:
    """The absolute path of a module that is the user's own; None for what is installed, built in or typed in."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return None
    file = os.path.abspath(file)
    installed = {"site-packages", "dist-packages"}.intersection(file.split(os.sep))
    return None if installed or os.path.realpath(file).startswith(_STDLIB) else file


def _check_main(file: str | None) -> None:
    """Raise Refused where the main script can't be loaded again, or would do its work (submit!) when it is."""
    if file is None:
        raise Refused("a class that was typed into an interactive session", "move it into a module (a .py file)")
    try:
        with open(file, encoding="utf-8") as stream:
            guarded = _MAIN_GUARD.search(stream.read()) is not None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"a class of the main script {file!r}, which can't be read", "move it into a module") from error
    if not guarded:
        raise Refused(
            f"a class of the main script {file!r}, all of which would run again when the value is read",
            'move the class into a module of its own, or put what the script does under `if __name__ == "__main__":`',
        )
