"""Arrays in files of their own: a folder of ``.npy`` files, each named by the sha256 of its bytes.

Equal arrays are one file, a file never changes once it has its name, and reading one checks it against its
name. So any number of processes on any number of hosts may write and read without a lock. The files are plain
``.npy`` (never pickle).
"""

from __future__ import annotations

import os

from perqueue.codec.errors import BlobUnwritable, DecodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    import numpy as np

    from perqueue.codec.blob_protocols import Array

_HEX = frozenset("0123456789abcdef")
# numpy guards against huge headers in files of unknown origin; these were checked against their digest.
_MAX_HEADER = 1 << 26


class NoBlobs:
    """A sink that keeps nothing, so that every array is written into the text whatever its size."""

    def put_array(self, array: Array) -> None:  # the protocol's parameter
        """Decline: the array stays in the text."""

    def open_array(self, digest: str) -> Array:
        """Raise DecodeError: there are no blobs here."""
        raise DecodeError(
            f"the array {digest!r}",
            "it is kept in a blob and no blob folder was given",
            "decode with the BlobFolder of the queue that wrote this text",
        )


no_blobs = NoBlobs()


class _Digest:
    """A file to numpy's eyes, that only computes what the name and the size of the real one will be."""

    def __init__(self) -> None:
        import hashlib

        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._sha256.update(data)
        self.size += len(data)
        return len(data)

    def hexdigest(self) -> str:
        """The sha256 of all that was written."""
        return self._sha256.hexdigest()


class BlobFolder:
    """A folder of arrays: ``<path>/ab/<sha256>.npy``. Nothing is made on disk before the first array is kept."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def file_of(self, digest: str) -> str:
        """The path of the file that holds, or would hold, the array of this digest."""
        return os.path.join(self._path, digest[:2], f"{digest}.npy")

    def put_array(self, array: Array) -> str:
        """Keep ``array`` durably and return its digest. Raises BlobUnwritable where the disk refuses."""
        import numpy as np

        # Row order only, so that equal arrays have equal files. (asarray keeps 0-d arrays 0-d.)
        array = np.asarray(array, order="C")
        digest = _Digest()
        _write_npy(digest, array)
        name = digest.hexdigest()
        file = self.file_of(name)
        try:
            if _size_of(file) != digest.size:  # also heals a file that lost its end
                _write_durably(file, array)
        except OSError as error:
            raise BlobUnwritable(self._path, name, error.strerror or str(error)) from error
        return name

    def open_array(self, digest: str) -> Array:
        """The array of this digest. Raises DecodeError, naming it, where the file is missing, unreadable or damaged."""
        import hashlib

        from numpy.lib import format as npy

        subject = f"the array {digest!r}"
        if len(digest) != 64 or not _HEX.issuperset(digest):
            raise DecodeError(subject, "this is not a sha256 in hex", "restore the text, which was altered")
        file = self.file_of(digest)
        try:
            with open(file, "rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
                if found != digest:
                    raise DecodeError(
                        subject,
                        f"{file!r} is damaged (its sha256 is {found!r})",
                        "restore the file from a copy, or run again the task that made it",
                    )
                stream.seek(0)
                array: Array = npy.read_array(stream, allow_pickle=False, max_header_size=_MAX_HEADER)
                return array
        except FileNotFoundError:
            raise DecodeError(
                subject,
                f"there is no file {file!r}",
                "restore it from a copy, or run again the task that made it",
            ) from None
        except (OSError, ValueError) as error:
            raise DecodeError(
                subject,
                f"{file!r} can't be read ({error})",
                "see to the disk or the permissions, or run again the task that made it",
            ) from error


def _write_npy(stream: BinaryIO | _Digest, array: np.ndarray[Any, Any]) -> None:
    from numpy.lib import format as npy

    # The version is chosen here because numpy's own choice comes with a warning. 1.0 is what every reader
    # knows; it can't hold long headers and field names outside latin-1.
    try:
        npy.write_array(stream, array, version=(1, 0), allow_pickle=False)
    except ValueError:
        npy.write_array(stream, array, version=(3, 0), allow_pickle=False)


def _size_of(file: str) -> int | None:
    try:
        return os.stat(file).st_size
    except FileNotFoundError:
        return None


def _write_durably(file: str, array: np.ndarray[Any, Any]) -> None:
    folder = os.path.dirname(file)
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as stream:
            _write_npy(stream, array)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    _sync_folder(folder)
    _sync_folder(os.path.dirname(folder))


def _sync_folder(folder: str) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
