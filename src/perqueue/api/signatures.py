"""Functions and calls of them as one line of text, for messages."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from inspect import Signature


class _Written(str):
    """Text that is shown as it is: an annotation as its author wrote it, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown_signature(name: str, signature: Signature) -> str:
    """``relax(structure: Atoms, fmax: float = 0.05) -> Atoms``."""
    parameters = [one.replace(annotation=_written(one.annotation)) for one in signature.parameters.values()]
    shown = signature.replace(parameters=parameters, return_annotation=_written(signature.return_annotation))
    return " ".join(f"{name}{shown}".split())


def shown_call(name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """``relax(3, fmax=0.05)``, big values shortened."""
    given = [*map(_short, args), *(f"{key}={_short(value)}" for key, value in kwargs.items())]
    return f"{name}({', '.join(given)})"


def _written(annotation: object) -> object:
    return _Written(annotation) if isinstance(annotation, str) else annotation


def _short(value: object) -> str:
    return " ".join(reprlib.repr(value).split())
