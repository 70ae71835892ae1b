"""What a check finds: one line each, with the place to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import asdict, evolve, frozen


class Severity(StrEnum):
    """How sure a finding is."""

    error = "error"
    """What it names fails whenever it runs."""
    warning = "warning"
    """It may be meant so."""


@frozen
class Finding:
    """One thing that is wrong, or looks like it.

    Args:
        severity: Whether it is sure.
        code: A word for its kind, such as ``no-function``.
        message: What is the matter, and what to do.
        file: The file to look at.
        line: The line there, from 1.
        task: Name of the task that it is about; empty if it is about none.
        where: The place in the submission script, as ``path:line``; empty if unknown.
        optional: Whether it is in a branch of a switch, which may never be taken.
        others: How many more tasks it holds for.
    """

    severity: Severity
    code: str
    message: str
    file: str
    line: int
    task: str = ""
    where: str = ""
    optional: bool = False
    others: int = 0

    @property
    def stops(self) -> bool:
        """Whether a submission with it is refused."""
        return self.severity is Severity.error and not self.optional

    def shown(self, folder: str | None = None) -> str:
        """The finding in one line; paths in or below ``folder`` are relative to it."""
        who = f" (task {self.task!r}{f' and {self.others} more' if self.others else ''})" if self.task else ""
        place = f"{shortened(self.file, folder)}:{self.line}"
        asked = (
            f", submitted at {shortened(self.where, folder)}"
            if self.where not in ("", f"{self.file}:{self.line}")
            else ""
        )
        return f"{place}: {self.severity}: {self.message}{who}{asked} [{self.code}]"

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Finding:
        """The finding that :meth:`as_json` gave."""
        return cls(**{**told, "severity": Severity(told["severity"])})


_ORDER: Final = list(Severity)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, errors first; one that holds for several tasks says for how many."""
    met: dict[tuple[object, ...], Finding] = {}
    for found in findings:
        key = (found.severity, found.code, found.message, found.file, found.line, found.optional)
        known = met.get(key)
        met[key] = found if known is None else evolve(known, others=known.others + found.others + 1)
    return sorted(met.values(), key=lambda found: _ORDER.index(found.severity))


def of(findings: Sequence[Finding], severity: Severity) -> list[Finding]:
    """Those of a severity."""
    return [found for found in findings if found.severity is severity]


def shortened(path: str, folder: str | None) -> str:
    """A path relative to a folder if it is in or below it."""
    return path[len(folder) + 1 :] if folder and path.startswith(folder + os.sep) else path
