"""Finding a class again by the name and the file that a text has of it.

The module is imported where that is possible. Otherwise, or when the import leads to another file although
the remembered one is there (two scripts ``relax.py`` in two folders), the remembered file is executed once,
as a module under a private name.
"""

from __future__ import annotations

import os
import sys

from perqueue.codec.class_names import ORIGINAL_NAME, attribute_at
from perqueue.codec.errors import DecodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def class_from_tree(tree: Any) -> type:
    """The class of a reference. Raises DecodeError, naming class and module, where it can't be found."""
    module_name, _, qualname = tree["class"].partition(":")
    file = tree.get("file")
    if file is not None:
        here = _here_already(module_name, file, qualname)
        if here is not None:
            return here
    subject = f"a {qualname!r} of the module {module_name!r}"
    reasons = []
    try:
        module = _imported(module_name)
    except Exception as error:  # a module's own code may raise anything
        reasons.append(f"importing it raised {type(error).__name__}: {error}")
    else:
        found = attribute_at(module, qualname)
        if isinstance(found, type) and not _elsewhere(module, file):
            return found
        reasons.append(f"that module ({getattr(module, '__file__', None) or 'built in'!r}) is not the one it came from")
        if not isinstance(found, type):
            reasons[-1] = f"that module has no class {qualname!r}"
    if file is None:
        raise DecodeError(
            subject, "; ".join(reasons), "install the package that defines it, in the version that had it"
        )
    try:
        module = _loaded_from(file, module_name)
    except Exception as error:
        reasons.append(f"loading {file!r} raised {type(error).__name__}: {error}")
    else:
        found = attribute_at(module, qualname)
        if isinstance(found, type):
            return found
        reasons.append(f"{file!r} has no class {qualname!r}")
    raise DecodeError(subject, "; ".join(reasons), f"put the module on sys.path, or its file back to {file!r}")


def _here_already(module_name: str, file: str, qualname: str) -> type | None:
    """The class, if its file runs here as a module, as the main script or as the module that its own name gives.

    A file that is the main script in one process is a module in another one, and there must not be two classes of it.
    """
    stem = os.path.splitext(os.path.basename(file))[0]
    for name in (module_name, "__main__", stem):
        module = sys.modules.get(name)
        own = getattr(module, "__file__", None)
        if module is None or not isinstance(own, str) or os.path.basename(own) != os.path.basename(file):
            continue
        found = attribute_at(module, qualname)
        if isinstance(found, type) and os.path.exists(own) and os.path.exists(file) and os.path.samefile(own, file):
            return found
    return None


def _imported(name: str) -> ModuleType:
    import importlib

    return importlib.import_module(name)


def _elsewhere(module: ModuleType, file: str | None) -> bool:
    """Whether a module came from another file than the remembered one, which is still there."""
    own = getattr(module, "__file__", None)
    if file is None or not os.path.exists(file):
        return False
    return own is None or not os.path.exists(own) or not os.path.samefile(own, file)


def _loaded_from(file: str, original_name: str) -> ModuleType:
    import hashlib
    import importlib.util

    # Never under its original name: what imports that name later must get its own module, not this one.
    name = f"_perqueue_loaded_{hashlib.sha256(os.fsencode(file)).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    setattr(module, ORIGINAL_NAME, original_name)
    sys.modules[name] = module
    folder = os.path.dirname(file)
    sys.path.append(folder)  # for the modules beside it, as when it ran as a script
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(folder)
    return module
