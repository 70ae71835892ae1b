"""Runs the tasks of one machine as forks of one small warm process: ``python -P -m perqueue.runner.forkserver``.

Only what tasks need is imported here: the zygote is forked first, and the smaller it is, the cheaper are its forks.
The server's own loop is imported afterwards.
"""

from __future__ import annotations

import faulthandler
import os
import sys

from perqueue.runner.streams import ease_streams, read_nothing
from perqueue.runner.zygote import Zygote, ZygoteGoneError


def command(descriptor: int, root: str, cores: int) -> list[str]:
    """The command line of a fork server that talks over the inherited descriptor of a stream socket."""
    arguments = [str(descriptor), root, str(cores)]
    return [sys.executable, "-P", "-m", "perqueue.runner.forkserver", *arguments]


def main(arguments: list[str]) -> None:
    """Be the fork server: the socket's descriptor, the queue's folder and the number of cores are given."""
    descriptor, root, cores = int(arguments[0]), arguments[1], int(arguments[2])
    os.set_inheritable(descriptor, False)
    os.chdir("/")
    os.environ.pop("LD_BIND_NOW", None)  # meant for this process (see executors/local/server.py), not for its tasks
    ease_streams()
    if sys.stderr is not None:
        faulthandler.enable()  # inherited: a task that crashes says where, in its own log
    read_nothing()
    zygote = Zygote(root, [descriptor])

    import socket

    from perqueue.runner.server import Server

    with socket.socket(fileno=descriptor) as sock:
        try:
            Server(zygote, sock, root, cores).run()
        except ZygoteGoneError:
            # Its tasks run on; the supervisor finds them by their claims.
            sys.stderr.write("The fork server's zygote was killed: the server leaves too.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
