"""The child that runs the task: its process group, its signals, and that it does not outlive the process that watches.

The group is not a session: it stays within the reach of a scheduler that goes by sessions. One that goes by process
groups reaches the watching process only, and with its death the kernel ends the whole group: the child holds the end
of a pipe on which the kernel is asked to signal the group with SIGKILL as soon as the other end, of which the watching
process has the only copy, is closed. That needs no thread, and works while the task is stuck anywhere.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from contextlib import suppress

from perqueue.runner.checkpoint import expect_no_warning
from perqueue.runner.failures import describe
from perqueue.runner.streams import write_log
from perqueue.runner.task import BROKEN

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

HEARD: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGXCPU,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
)
"""The signals that the watching process hears."""


def start(work: Callable[[], int], *, kept_over_exec: bool = False) -> int:
    """Fork a child that does the work and leaves with the status that it returns; its process id.

    ``kept_over_exec``: the work becomes another program, which is to be bound to this process too.
    Raises OSError where the system refuses another process.
    """
    # A signal that came between the fork and the child's own handlers would else be taken for one of ours.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    held, ours = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(ours)
        raise
    else:
        if pid == 0:
            _be_child(work, held, ours, kept_over_exec)
        with suppress(OSError):  # both do it: nobody has to wait for the other
            os.setpgid(pid, pid)
    finally:
        os.close(held)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _be_child(work: Callable[[], int], held: int, ours: int, kept_over_exec: bool) -> None:
    status = BROKEN
    try:
        os.close(ours)
        os.setpgid(0, 0)
        _die_with_parent(held)
        os.set_inheritable(held, kept_over_exec)
        _signal_as_usual()
        status = work()
    except BaseException as exc:
        write_log(describe(exc)[1])
    finally:
        os._exit(status)


def _die_with_parent(held: int) -> None:
    if not hasattr(fcntl, "F_SETSIG"):  # not Linux: left to the scheduler
        return
    fcntl.fcntl(held, fcntl.F_SETOWN, -os.getpid())  # the process group
    fcntl.fcntl(held, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(held, fcntl.F_SETFL, fcntl.fcntl(held, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(held, 0)
    if closed.poll(0):  # it died before all that was in place
        os._exit(BROKEN)


def _signal_as_usual() -> None:
    """Handle signals as any program does, whatever the batch shell and the watching process made of them."""
    signal.set_wakeup_fd(-1)
    for number in HEARD:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    expect_no_warning()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
