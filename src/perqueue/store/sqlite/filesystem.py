"""Which kind of file system a path is on: SQLite's write-ahead log needs memory shared by all that open it."""

from __future__ import annotations

import os
import re
from typing import Final

_SHARED: Final = (
    "nfs", "nfs4", "lustre", "gpfs", "beegfs", "fhgfs", "cifs", "smb3", "smbfs", "ceph", "fuse.sshfs", "fuse.glusterfs",
    "glusterfs", "afs", "pvfs2", "orangefs", "panfs", "wekafs", "9p", "virtiofs", "daos", "fuse.juicefs",
    "fuse.ceph", "fuse.ceph-fuse", "gfs2", "ocfs2",
)  # fmt: skip
"""File system types that several hosts may mount at once."""

_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
"""How the kernel writes spaces, tabs, line breaks and backslashes of a name."""


def is_shared(path: str, mounts: str | None = None) -> bool:
    """Whether other hosts may have the same files mounted, as far as ``/proc/self/mounts`` tells.

    Args:
        path: A folder that exists.
        mounts: Text in the format of ``/proc/self/mounts``; read from there by default. Where there is none
            (macOS), file systems count as local.
    """
    if mounts is None:
        try:
            with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
                mounts = file.read()
        except OSError:
            return False
    here = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.split("\n"):
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1])
        if (here == point or here.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind in _SHARED
