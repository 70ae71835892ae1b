"""What Slurm's commands complain of, as far as it matters what to do next."""

from __future__ import annotations

from typing import Final

from perqueue.executors.batch.dialect import NOT_THERE, Answer

_LOST_TOUCH: Final = (
    "timed out",
    "timeout",
    "unable to contact",
    "communication",
    "connection",
    "send/recv",
    "transport endpoint",
    "zero bytes were transmitted",
    "unexpected message received",
    "error receiving",
    "slurm_receive_msg",
    "in standby mode",
)
"""In the complaints of a command that didn't hear from the controller, whatever became of what it sent."""

TRYING_AGAIN: Final = "sleeping and retrying"
"""In what ``sbatch`` says when Slurm takes no more jobs: it then tries for two minutes by itself."""
_NO_NODES: Final = ("requested node configuration is not available", "invalid node name")
"""In what ``sbatch`` says where the nodes to leave out are all that there are, or one of them is no node of Slurm's."""
_NO_ACCOUNTS: Final = ("accounting storage is disabled", "accounting_storage/none")


def lost_touch(answer: Answer) -> bool:
    """Whether a command that failed may have done what it was to do all the same."""
    if TRYING_AGAIN in answer.err:
        return False
    if answer.status is None or answer.status < 0 or (answer.status > 128 and answer.status != 255):
        return True  # it was ended from outside
    said = answer.err.lower()
    return not said.strip() or any(words in said for words in _LOST_TOUCH)


def no_accounts(answer: Answer) -> bool:
    """Whether this site keeps no account of jobs that are over, as far as can be seen: the command may be gone only for
    a moment, with the file system that it is on."""
    return answer.status == NOT_THERE or any(words in answer.err.lower() for words in _NO_ACCOUNTS)


def no_nodes(answer: Answer) -> bool:
    """Whether a submission was refused for the nodes that it asked for, or asked to leave out."""
    said = answer.err.lower()
    return any(words in said for words in _NO_NODES)


def complaint(answer: Answer) -> str:
    """The complaint in one line, without the names of the commands that passed it on."""
    if answer.status is None and not answer.err.strip():
        return "no answer in time"
    lines = [line.strip() for line in (answer.err.strip() or answer.out.strip()).splitlines()]
    said = "; ".join(_bare(line) for line in lines if line)
    return said or f"it ended with status {answer.status} and said nothing"


def _bare(line: str) -> str:
    command, _, said = line.partition(": error: ")
    return said if said and command.isidentifier() else line
