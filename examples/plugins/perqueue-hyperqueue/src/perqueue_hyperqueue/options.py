"""What ``[executors.hq]`` may say: ``options = { server_dir = "…", autostart = true, cores = 4, linger = 60.0 }``."""

from __future__ import annotations

import os
from typing import Any, Final

from attrs import frozen

from perqueue.config import Config
from perqueue.core.errors import UsageError

NAME: Final = "hq"


class OptionError(UsageError):
    """An option that can't be used."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"[executors.hq] options: {name} = {value!r} can't be used; it takes {allowed}")


@frozen
class Options:
    """How HyperQueue is used.

    Args:
        server_dir: The server's folder, as ``hq --server-dir`` has it.
        autostart: Whether to start a server with one worker on this machine where none answers. Its network port asks
            for no key: for a machine of your own only.
        cores: Cores of that worker.
        linger: Seconds that such a server stays with nothing to do and nobody who asks.
        interval: Seconds between two looks at HyperQueue, at first.
        max_interval: What that grows to while nothing changes.
        most: Most tasks that HyperQueue has at once.
        absence: Seconds for which an attempt on another machine may be silent after its walltime.
    """

    server_dir: str
    autostart: bool = False
    cores: int = 1
    linger: float = 60.0
    interval: float = 5.0
    max_interval: float = 120.0
    most: int = 1000
    absence: float = 300.0

    @classmethod
    def of(cls, config: Config) -> Options:
        """What a configuration says.

        Raises:
            OptionError: An option is unknown or of the wrong kind.
        """
        told = config.options(NAME)
        home = os.environ.get("HQ_SERVER_DIR") or os.path.expanduser("~/.hq-server")
        given: dict[str, Any] = {"server_dir": home, "autostart": False, "cores": config.cores, "linger": 60.0}
        for name, value in told.options.items():
            if name not in given:
                raise OptionError(name, value, f"no such option; there are: {', '.join(given)}")
            kind = type(given[name])
            fits = type(value) is kind or (kind is float and type(value) is int)
            if not fits or (kind in (int, float) and value <= 0):
                raise OptionError(name, value, {bool: "true or false", str: "a path"}.get(kind, "a number above 0"))
            given[name] = value
        given["server_dir"] = os.path.abspath(os.path.expanduser(given["server_dir"]))
        return cls(
            **given,
            interval=told.interval,
            max_interval=told.max_interval,
            most=told.max_jobs,
            absence=told.absence,
        )
