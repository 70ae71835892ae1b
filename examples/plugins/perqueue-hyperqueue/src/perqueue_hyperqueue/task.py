"""What HyperQueue runs for an attempt: ``python -P task.py FOLDER KEY.ATTEMPT``, by the interpreter of its submission.

It is perqueue's own runner for batch jobs, which watches the task and sees to it that there is an outcome, and besides
looks now and then for a file in ``FOLDER/stop`` that asks for the end. It exits with 0 when there is an outcome, so the
tasks that HyperQueue calls failed are those that left none. Nothing but perqueue's runner is imported: the plugin need
not be installed where tasks run.
"""

import os
import signal
import sys
from types import FrameType

from perqueue.runner.batch.__main__ import main as run_attempt
from perqueue.runner.task import BROKEN

LOOK = 0.5
"""Seconds between two looks for a request to stop."""


def heed(path: str) -> None:
    """From now on a file at this path has this process end its task, as a scheduler's SIGTERM would."""
    me = os.getpid()

    def look(number: int, _: FrameType | None) -> None:
        if os.getpid() != me:
            # The task's own alarm, in a process that was forked from this one: what it would do by default.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif os.path.exists(path):
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.kill(me, signal.SIGTERM)

    signal.signal(signal.SIGALRM, look)
    # A timer is not inherited by the processes that are forked.
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)


def main(folder: str, name: str) -> int:
    """Run an attempt; the status to exit with."""
    environ = os.environ
    # HyperQueue's own restarts are not told: a task may outlive its worker, and must not run beside its second self.
    environ["PERQUEUE_JOB"] = f"{environ.get('HQ_JOB_ID', '')}_{environ.get('HQ_TASK_ID', '')}"
    heed(f"{folder}/stop/{name}")
    return run_attempt([f"{folder}/jobs/{name}"])


if __name__ == "__main__":
    status = BROKEN
    try:
        status = main(*sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"The attempt can't be claimed: {error}\n")
    finally:
        os._exit(status)
