"""What a look showed, put in order: of several jobs for one attempt, the one that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from .dialect import JobSeen, Phase
from .tracking import Tracked, bare

_RANK: Final = {Phase.RUNNING: 2, Phase.PENDING: 1, Phase.ENDED: 0}


class Seen:
    """Jobs by their batch and element, and by their id.

    Args:
        jobs: What was told.
        whole: The id of the array that an element with an id belongs to.
    """

    def __init__(self, jobs: Iterable[JobSeen], whole: Callable[[str], str]) -> None:
        self._elements: dict[tuple[str, int | None], JobSeen] = {}
        self._ids: dict[str, JobSeen] = {}
        self._arrays: dict[str, JobSeen] = {}
        self._whole = whole
        self.tags: dict[str, str] = {}
        for job in jobs:
            # An array that is pending as one may have elements of its id.
            (self._ids if job.index is not None else self._arrays)[bare(job.job)] = job
            if not job.tag:
                continue
            # A submission whose answer was lost may have come twice: what runs counts, then what may run.
            other = self._elements.get((job.tag, job.index))
            if other is None or _RANK[job.phase] > _RANK[other.phase]:
                self._elements[job.tag, job.index] = job
                self.tags[job.tag] = job.job

    def of(self, tracked: Tracked) -> JobSeen | None:
        """The job of an attempt; None if it was not seen."""
        if tracked.tag and not tracked.followed:
            found = self._elements.get((tracked.tag, tracked.index)) or self._elements.get((tracked.tag, None))
            if found is not None:
                return found
        found = self._ids.get(bare(tracked.job))
        if found is None and self._arrays:
            found = self._arrays.get(bare(self._whole(tracked.job)))
        return found
