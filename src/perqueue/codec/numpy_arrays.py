"""Arrays: which are stored, when they become blobs, and their form in the text.

``{"$array": {"dtype": "<f8", "shape": [2, 3], "data": BASE64}}`` or, for more than :data:`INLINE_BYTES`,
``"blob": SHA256`` in the place of data. Items are in row order, whatever the array's order was.
"""

from __future__ import annotations

from perqueue.codec.errors import DecodeError, Refused
from perqueue.codec.numpy_dtypes import dtype_from_tree, dtype_to_tree, without_padding
from perqueue.codec.stdlib_types import from_base64, to_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perqueue.codec.blob_protocols import Array, BlobSink, BlobSource

INLINE_BYTES = 4096
"""Arrays of up to this many bytes are kept inside the text."""


def array_to_tree(array: Array, blobs: BlobSink) -> object:
    """The text form of an array, in ``blobs`` if it is large. Raises Refused for items that aren't numbers or bytes."""
    dtype = array.dtype
    if dtype.kind == "T":
        raise Refused("an array of variable-width strings", "convert it with array.astype(str)")
    if dtype.hasobject:
        raise Refused(
            f"an array of Python objects (dtype {str(dtype)!r})",
            "convert it with array.tolist(), or to a dtype of numbers or strings with array.astype(...)",
        )
    tree = {"dtype": dtype_to_tree(dtype), "shape": list(array.shape)}
    exact = without_padding(array)
    digest = None
    if array.nbytes > INLINE_BYTES:
        if exact.dtype == dtype:
            # With the dtype as it will come back, which drops the metadata that .npy would warn about.
            exact = exact.view(dtype_from_tree(tree["dtype"]))
        digest = blobs.put_array(exact)
    if digest is None:
        return tree | {"data": to_base64(exact.tobytes())}
    return tree | {"blob": digest}


def array_from_tree(tree: Any, blobs: BlobSource) -> Array:
    """The array again: writable, in row order. Raises DecodeError where its blob or its text is damaged."""
    import numpy as np

    dtype = dtype_from_tree(tree["dtype"])
    shape = tuple(tree["shape"])
    if "blob" in tree:
        array = blobs.open_array(tree["blob"])
        if array.shape != shape or array.dtype.itemsize != dtype.itemsize:
            raise DecodeError(
                f"the array {tree['blob']!r}",
                f"its blob holds {array.dtype} of shape {array.shape!r}, the text says {dtype} of shape {shape!r}",
                "restore the text, which was altered",
            )
        return array if array.dtype == dtype else array.view(dtype)
    made = np.empty(shape, dtype)
    data = from_base64(tree["data"])
    if len(data) != made.nbytes:
        raise ValueError(f"{len(data)} bytes for an array of {made.nbytes}")
    made.reshape(-1).view(f"V{max(dtype.itemsize, 1)}")[...] = np.frombuffer(data, f"V{max(dtype.itemsize, 1)}")
    return made
