"""What Slurm's words for the state of a job mean."""

from __future__ import annotations

from typing import Final

from perqueue.executors.batch.dialect import Phase

_WAITING: Final = frozenset(
    {
        "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD",
        # Started by another cluster of the federation, under the same id.
        "REVOKED",
        "EXPEDITING",
    }
)  # fmt: skip

_RUNNING: Final = frozenset(
    {
        "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT", "UPDATE_DB",
        "LAUNCH_FAILED", "RECONFIG_FAIL", "POWER_UP_NODE",
    }
)  # fmt: skip

_ENDED: Final = {
    "COMPLETED": "done",
    "FAILED": "exit",
    "CANCELLED": "cancelled",
    "TIMEOUT": "walltime",
    "DEADLINE": "deadline",
    "OUT_OF_MEMORY": "oom",
    "NODE_FAIL": "node-failure",
    "BOOT_FAIL": "node-failure",
}

_LAUNCH_STATUS: Final = range(50, 64)
"""What the accounting gives as the signal of a job whose script could not be started."""

PREEMPTED: Final = "PREEMPTED"


def word(text: str) -> str:
    """The state alone: the accounting says ``CANCELLED by 1000``, and cuts short what is too long with a ``+``."""
    parts = text.split()
    return parts[0].rstrip("+") if parts else ""


def phase(state: str) -> Phase:
    """What a job is doing. A preempted one may be put back, so that it counts as waiting; so does one in a state that
    is unknown here: it hasn't ended as far as anybody said."""
    if state in _ENDED:
        return Phase.ENDED
    return Phase.RUNNING if state in _RUNNING else Phase.PENDING


def why_ended(state: str, code: str = "") -> str:
    """Why a job ended; ``code`` as ``sacct`` tells it: ``3:0``, ``0:9``.

    What ``squeue`` calls JobLaunchFailure says nothing: it does so too when the first process of a job was killed.
    """
    if state == "FAILED" and _signal(code) in _LAUNCH_STATUS:
        return "launch"
    return _ENDED.get(state, "")


def _signal(code: str) -> int:
    number = code.partition(":")[2]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0


KNOWN: Final = _WAITING | _RUNNING | frozenset(_ENDED) | {PREEMPTED}
