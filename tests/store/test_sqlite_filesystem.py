"""Which file systems count as shared, from what ``/proc/self/mounts`` said on real machines."""

from __future__ import annotations

import pytest

from perqueue.store.sqlite.filesystem import is_shared

LAPTOP = """\
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
/dev/nvme0n1p2 / ext4 rw,relatime,errors=remount-ro 0 0
tmpfs /tmp tmpfs rw,nosuid,nodev,size=8126208k 0 0
/dev/nvme0n1p3 /home btrfs rw,relatime,ssd,space_cache=v2,subvolid=256,subvol=/home 0 0
"""

CONTAINER = """\
overlay / overlay rw,relatime,lowerdir=/var/lib/docker/overlay2/l/A:/l/B,upperdir=/u,workdir=/w 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
nfs.example:/export/data /data nfs4 rw,relatime,vers=4.2,rsize=1048576,addr=10.0.0.1 0 0
"""

CLUSTER = """\
rootfs / rootfs rw 0 0
/dev/sda1 / xfs rw,relatime,attr2,inode64,noquota 0 0
auto.home /home autofs rw,relatime,fd=7,pgrp=1,timeout=300,minproto=5,maxproto=5,indirect 0 0
nas1:/vol/home/ada /home/ada nfs4 rw,relatime,vers=4.1,hard,proto=tcp,addr=10.1.0.2 0 0
nas1:/vol/old /old nfs rw,relatime,vers=3,hard,nolock,proto=tcp,addr=10.1.0.2 0 0
10.2.0.1@o2ib:10.2.0.2@o2ib:/scratch /scratch lustre rw,flock,lazystatfs 0 0
gpfs0 /gpfs/project gpfs rw,relatime 0 0
beegfs_nodev /beegfs beegfs rw,relatime,cfgFile=/etc/beegfs/beegfs-client.conf 0 0
mds1:6789:/ /ceph ceph rw,name=user,secret=<hidden>,acl 0 0
ada@login:/data /home/ada/remote fuse.sshfs rw,nosuid,nodev,user_id=1000,group_id=1000 0 0
tmpfs /scratch/local tmpfs rw,size=64g 0 0
/dev/sdb1 /scratch/local/disk ext4 rw,relatime 0 0
nas1:/vol/deep /scratch/local/disk/nas nfs4 rw,relatime 0 0
"""

NAMES = """\
/dev/sda1 / ext4 rw 0 0
nas:/a /mnt/my\\040group\\040share nfs4 rw 0 0
nas:/b /mnt/tab\\011here nfs4 rw 0 0
nas:/c /mnt/back\\134slash nfs4 rw 0 0
nas:/d /mnt/line\\012break nfs4 rw 0 0
nas:/e /mnt/\u2028separator nfs4 rw 0 0
nas:/f /mnt/not\\134040octal nfs4 rw 0 0
"""


@pytest.mark.parametrize(
    ("mounts", "path", "shared"),
    [
        (LAPTOP, "/", False),
        (LAPTOP, "/home/ada/campaign", False),
        (LAPTOP, "/tmp/x", False),
        (CONTAINER, "/work", False),
        (CONTAINER, "/data", True),
        (CONTAINER, "/data/campaign", True),
        (CONTAINER, "/database", False),
        (CLUSTER, "/var/tmp", False),
        (CLUSTER, "/home/ada", True),
        (CLUSTER, "/home/ada/campaign", True),
        (CLUSTER, "/home/adam/campaign", False),
        (CLUSTER, "/home/ada/remote/campaign", True),
        (CLUSTER, "/old/campaign", True),
        (CLUSTER, "/scratch/ada", True),
        (CLUSTER, "/gpfs/project/campaign", True),
        (CLUSTER, "/gpfs/other", False),
        (CLUSTER, "/beegfs/ada", True),
        (CLUSTER, "/ceph/ada", True),
        (CLUSTER, "/scratch/local", False),
        (CLUSTER, "/scratch/local/x", False),
        (CLUSTER, "/scratch/local/disk/x", False),
        (CLUSTER, "/scratch/local/disk/nas/x", True),
        (CLUSTER, "/scratch/localhost", True),
        (NAMES, "/mnt/my group share/campaign", True),
        (NAMES, "/mnt/my group", False),
        (NAMES, "/mnt/tab\there/x", True),
        (NAMES, "/mnt/back\\slash/x", True),
        (NAMES, "/mnt/line\nbreak/x", True),
        (NAMES, "/mnt/\u2028separator/x", True),
        (NAMES, "/mnt/not\\040octal/x", True),
        (NAMES, "/mnt/not octal/x", False),
    ],
)
def test_the_innermost_mount_decides(mounts: str, path: str, shared: bool) -> None:
    """A path is shared if the mount that it is in is of a kind that several hosts mount."""
    assert is_shared(path, mounts) is shared


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "ceph", "fuse.sshfs", "9p", "virtiofs", "afs"]
)
def test_kinds_that_are_shared(kind: str) -> None:
    """Network and cluster file systems are shared."""
    assert is_shared("/a/b", f"/dev/sda1 / ext4 rw 0 0\nx /a {kind} rw 0 0\n")


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "f2fs", "nfsd", "squashfs"]
)
def test_kinds_that_are_local(kind: str) -> None:
    """File systems of one machine are not shared."""
    assert not is_shared("/a/b", f"nas:/x / nfs4 rw 0 0\nx /a {kind} rw 0 0\n")


def test_what_was_mounted_last_on_a_point_counts() -> None:
    """Of two mounts on one point, the later one hides the earlier one."""
    local, shared = "/dev/sdb1 /data ext4 rw 0 0\n", "nas:/x /data nfs4 rw 0 0\n"
    assert is_shared("/data/x", local + shared)
    assert not is_shared("/data/x", shared + local)


@pytest.mark.parametrize("mounts", ["", "\n\n", "garbage\n", "one two\n"])
def test_a_text_that_says_nothing_is_local(mounts: str) -> None:
    """Where the mounts don't tell, a file system counts as local."""
    assert not is_shared("/data/x", mounts)


def test_links_are_followed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A symbolic link into a shared file system is shared."""
    base = tmp_path_factory.mktemp("mounts").resolve()
    (base / "nas").mkdir()
    (base / "link").symlink_to(base / "nas")
    assert is_shared(str(base / "link"), f"/dev/sda1 / ext4 rw 0 0\nnas:/x {base}/nas nfs4 rw 0 0\n")


def test_this_machine_is_read_without_help() -> None:
    """Without a given text the machine's own mounts are read, and the answer is a plain yes or no."""
    assert is_shared("/proc") is False
