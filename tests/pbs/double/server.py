"""The server of the double: takes commands at a socket, and runs jobs. Its argument is a folder.

``settings.json`` in the folder says how it behaves, and may change at any time. It ends when the folder does, or when
the process that started it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from tests.pbs.double import commands
from tests.pbs.double.jobs import Queue


class Server:
    """The socket, the settings, and the queue behind them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {}
        self.read_settings()
        self.queue = Queue(folder, self.settings["server"])
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind("socket")
        self.socket.listen(64)

    def read_settings(self) -> None:
        with open(f"{self.folder}/settings.json", encoding="utf-8") as file:
            self.settings = json.load(file)

    def serve(self) -> None:
        parent = os.getppid()
        while os.getppid() == parent and os.path.exists(f"{self.folder}/settings.json"):
            ready = select.select([self.socket], [], [], 0.02)[0]
            with contextlib.suppress(FileNotFoundError):
                self.read_settings()
            if ready:
                self.answer()
            self.queue.step(self.settings)
        self.queue.kill_all()

    def answer(self) -> None:
        connection = self.socket.accept()[0]
        with connection, connection.makefile("rwb") as stream, contextlib.suppress(BrokenPipeError):
            request = json.loads(stream.readline())
            name, words = request["name"], request["words"]
            status, out, err = commands.run(self.queue, self.settings, name, words, request)
            with open(f"{self.folder}/log", "a", encoding="utf-8") as log:
                entry = {"at": time.time(), "name": name, "words": words, "script": request["stdin"]}
                log.write(json.dumps({**entry, "status": status, "out": out if name == "qsub" else ""}) + "\n")
            if name == "qsub" and status == 0 and self.settings["lose_replies"]:
                status, out, err = 162, "", "qsub: System error: \n"
            stream.write(json.dumps([status, out, err]).encode() + b"\n")


def main() -> None:
    """Serve until the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.chdir(sys.argv[1])  # a socket's name is short
    server = Server(sys.argv[1])
    try:
        server.serve()
    finally:
        server.queue.kill_all()
