"""The configuration of a queue that goes to the double."""

from __future__ import annotations

from pathlib import Path

PARTITIONS = ("workq", "short", "default", "xeon24", "xeon40", "xeon56", "sm3090")


def configure(folder: Path, executor: str = "absence = 2", **partitions: str) -> None:
    """Write it: lines for the executor, and for partitions; all of them are the double's queue ``workq``."""
    text = ["[local]", "idle = 0.2", "cores = 2", "[executors.pbs]", "interval = 0.3", "max_interval = 1", executor]
    for name in PARTITIONS:
        text += [f"[partitions.{name}]", 'executor = "pbs"', 'queue = "workq"', partitions.get(name, "")]
    (folder / "perqueue.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
