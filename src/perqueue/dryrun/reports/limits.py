"""What a campaign must keep to, for continuous integration."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from .report import Report


@frozen
class Limits:
    """What is allowed; None: anything.

    Args:
        core_hours: Most core-hours.
        jobs: Most jobs that schedulers are given, elements of arrays included.
        entries: How many entries there must be, exactly.
    """

    core_hours: float | None = None
    jobs: int | None = None
    entries: int | None = None

    def broken_by(self, report: Report) -> Iterator[str]:
        """What a report doesn't keep to, a line each."""
        if self.core_hours is not None and report.core_hours > self.core_hours:
            yield f"it takes {report.core_hours:.2f} core-hours, and {self.core_hours:g} are allowed"
        if self.jobs is not None and report.jobs.jobs > self.jobs:
            yield f"it takes {report.jobs.jobs} jobs, and {self.jobs} are allowed"
        if self.entries is not None and report.total != self.entries:
            yield f"it comes to {report.total} entries, and {self.entries} are expected"
