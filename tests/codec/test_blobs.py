"""Large arrays in files: written once, under the name that their bytes give, and checked when they are read."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perqueue.codec import BlobFolder, BlobUnwritable, DecodeError, decode, encode, no_blobs
from perqueue.codec.numpy_arrays import INLINE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

BIG = np.arange(1000.0)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_only_larger_arrays_become_blobs(tmp_path: Path) -> None:
    """An array of INLINE_BYTES stays in the text; one byte more and it is a file."""
    blobs = BlobFolder(tmp_path)
    assert "data" in json.loads(encode(np.zeros(INLINE_BYTES, "u1"), blobs))["$array"]
    assert files(tmp_path) == []
    assert "blob" in json.loads(encode(np.zeros(INLINE_BYTES + 1, "u1"), blobs))["$array"]
    assert len(files(tmp_path)) == 1


def test_file_is_named_by_its_bytes_and_plain_npy(tmp_path: Path) -> None:
    """A blob is ab/<sha256 of the file>.npy, which numpy opens; nothing else is left in the folder."""
    digest = BlobFolder(tmp_path).put_array(BIG)
    (file,) = files(tmp_path)
    assert file == tmp_path / digest[:2] / f"{digest}.npy"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    assert np.array_equal(np.load(file, allow_pickle=False), BIG)


def test_equal_arrays_are_one_file(tmp_path: Path) -> None:
    """An array that is there already is not written again, whatever its order in memory."""
    blobs = BlobFolder(tmp_path)
    array = BIG.reshape(10, 100)
    first = blobs.put_array(array)
    (file,) = files(tmp_path)
    before = file.stat()
    assert blobs.put_array(np.asfortranarray(array)) == first
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_dtypes_are_other_blobs(tmp_path: Path) -> None:
    """Arrays are equal only if dtype, shape and bytes are."""
    blobs = BlobFolder(tmp_path)
    assert len({blobs.put_array(a) for a in (BIG, BIG.astype(">f8"), BIG.reshape(2, 500))}) == 3


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None], ids=["empty", "cut", "flipped"])
def test_damaged_blob_is_named(tmp_path: Path, damage: bytes | None) -> None:
    """A file that lost its end, or a bit, is never read as an array: the error has digest and file."""
    blobs = BlobFolder(tmp_path)
    text = encode({"a": BIG}, blobs)
    (file,) = files(tmp_path)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content if damage is None else damage)
    with pytest.raises(DecodeError, match="is damaged") as caught:
        decode(text, blobs)
    assert file.stem in str(caught.value)


def test_missing_blob_is_named(tmp_path: Path) -> None:
    """A blob that isn't there is a DecodeError with its digest and the way out."""
    text = encode(BIG, BlobFolder(tmp_path))
    (file,) = files(tmp_path)
    file.unlink()
    with pytest.raises(DecodeError, match=f"{file.stem}.*there is no file.*run again the task that made it"):
        decode(text, BlobFolder(tmp_path))


def test_torn_blob_is_written_again(tmp_path: Path) -> None:
    """Putting an array whose file was cut short makes the file whole."""
    blobs = BlobFolder(tmp_path)
    digest = blobs.put_array(BIG)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:100])
    assert blobs.put_array(BIG) == digest
    assert np.array_equal(blobs.open_array(digest), BIG)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    """Only a sha256 in hex is looked for on disk."""
    with pytest.raises(DecodeError, match="this is not a sha256 in hex"):
        BlobFolder(tmp_path).open_array(digest)


def test_full_disk_is_no_fault_of_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails raises BlobUnwritable with the reason, and leaves no file behind."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BlobUnwritable, match="No space left on device"):
        encode({"a": BIG}, BlobFolder(tmp_path))
    assert files(tmp_path) == []


def test_file_is_durable_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are synced, then the file renamed, then its folder synced."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def seen_fsync(handle: int) -> None:
        done.append("fsync")
        fsync(handle)

    def seen_replace(old: str, new: str) -> None:
        assert os.path.dirname(old) == os.path.dirname(new)
        done.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "replace", seen_replace)
    BlobFolder(tmp_path).put_array(BIG)
    assert done[:3] == ["fsync", "replace", "fsync"]


def test_no_blobs_inlines_and_has_none() -> None:
    """no_blobs keeps every array in the text, and says so when a text asks for a blob."""
    assert np.array_equal(decode(encode(BIG, no_blobs), no_blobs), BIG)
    with pytest.raises(DecodeError, match="no blob folder was given"):
        no_blobs.open_array("0" * 64)


def test_text_and_blob_must_agree(tmp_path: Path) -> None:
    """A text that says another shape than its blob holds is refused."""
    blobs = BlobFolder(tmp_path)
    tree: Any = json.loads(encode(BIG, blobs))
    tree["$array"]["shape"] = [10, 100]
    with pytest.raises(DecodeError, match="the text says float64 of shape"):
        decode(json.dumps(tree), blobs)


def test_unreadable_blob_is_named(tmp_path: Path) -> None:
    """A blob that the system won't open is a DecodeError with the system's reason."""
    blobs = BlobFolder(tmp_path)
    os.makedirs(blobs.file_of("0" * 64))
    with pytest.raises(DecodeError, match="can't be read"):
        blobs.open_array("0" * 64)
