"""Batches to make scripts of."""

from __future__ import annotations

from typing import Any, Final

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Batch

TAG: Final = "pq-0123456789ab-7.1-c0ffee"


def batch(resources: str | Resources = "8:xeon24:10m", partition: Partition | None = None, **fields: Any) -> Batch:
    """A batch of one job, with what is given changed."""
    asked = Resources.parse(resources)
    values: dict[str, Any] = {
        "tag": TAG,
        "name": "relax.py",
        "folder": f"/home/ann/work/.perqueue/scheduler/slurm/{TAG}",
        "size": 1,
        "resources": asked,
        "partition": partition or Partition(asked.partition or "default", "slurm"),
        "python": "/home/ann/venv/bin/python",
        "work": "/home/ann/work",
        "output": f"/home/ann/work/.perqueue/scheduler/slurm/{TAG}/output",
    }
    return Batch(**(values | fields))
