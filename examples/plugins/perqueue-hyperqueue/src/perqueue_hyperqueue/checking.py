"""Trying HyperQueue, for ``pq config check``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Final

from perqueue.config import Config
from perqueue.core.errors import UsageError
from perqueue.executors.protocol import Tried

from .options import Options
from .talk import Talk

_PATIENCE: Final = 30.0


def check(config: Config) -> Iterable[Tried]:
    """Whether the options can be used, and whether a server answers."""
    try:
        options = Options.of(config)
    except UsageError as error:
        yield Tried("options", works=False, found=str(error))
        return
    talk = Talk(options, os.devnull)
    try:
        talk.ask({"op": "look", "jobs": [], "forget": []})
        deadline = time.monotonic() + _PATIENCE
        while (answer := talk.answer()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        talk.close()
    what = f"server in {options.server_dir}"
    if answer is None or "error" in answer:
        yield Tried(what, works=False, found="no answer" if answer is None else str(answer["error"]))
    else:
        yield Tried(what, works=True, found=f"server {answer['uid']} answers")
