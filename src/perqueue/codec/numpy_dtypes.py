"""The text form of a numpy dtype: its short string, and for structured ones the fields with their places.

Exact where ``.npy`` headers are not: padding, overlapping fields and titles come back. A dtype's metadata
does not.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from perqueue.codec.blob_protocols import Array

    Dtype = np.dtype[Any]


def dtype_to_tree(dtype: Dtype) -> object:
    """JSON of a dtype without objects; it never needs markers."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": dtype_to_tree(base), "shape": list(shape)}
    if dtype.names is None or dtype.fields is None:
        return dtype.str
    fields = [dtype.fields[name] for name in dtype.names]
    tree: dict[str, object] = {
        "names": list(dtype.names),
        "formats": [dtype_to_tree(field[0]) for field in fields],
        "offsets": [field[1] for field in fields],
        "itemsize": dtype.itemsize,
    }
    titles = [field[2] if len(field) > 2 else None for field in fields]
    if any(title is not None for title in titles):
        tree["titles"] = titles
    return tree


def dtype_from_tree(tree: Any) -> Dtype:
    """The dtype again. Raises ValueError, TypeError or KeyError where the tree is no dtype."""
    import numpy as np

    if isinstance(tree, str):
        return np.dtype(tree)
    if "base" in tree:
        return np.dtype((dtype_from_tree(tree["base"]), tuple(tree["shape"])))
    spec: Any = {**tree, "formats": [dtype_from_tree(item) for item in tree["formats"]]}
    dtype: Dtype = np.dtype(spec)
    return dtype


def without_padding(array: Array) -> Array:
    """The array in row order, its bytes a function of its values.

    Between the fields of a record, and after the 10 bytes of an x86 extended float, there may be anything. Such an
    array comes back as raw items (dtype ``V<itemsize>``) with zeros there, which numpy copies byte by byte.
    """
    import numpy as np

    array = np.asarray(array, order="C")
    if array.dtype.fields is None and array.dtype.char not in "gG":
        return array
    significant = _significant(array.dtype)
    if all(significant):
        return array
    raw = np.frombuffer(array.tobytes(), np.uint8).reshape(-1, array.dtype.itemsize)
    raw = raw * np.array(significant, np.uint8)
    return raw.view(f"V{array.dtype.itemsize}").reshape(array.shape)


def _significant(dtype: Dtype) -> list[bool]:
    """Which bytes of an item hold a part of its value."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return _significant(base) * math.prod(shape)
    if dtype.fields is not None:
        found = [False] * dtype.itemsize
        for field in dtype.fields.values():
            for place, part in enumerate(_significant(field[0]), field[1]):
                found[place] |= part
        return found
    if dtype.char in "gG":
        import numpy as np

        if np.finfo(np.longdouble).nmant == 63:
            return ([True] * 10 + [False] * (np.dtype(np.longdouble).itemsize - 10)) * (2 if dtype.char == "G" else 1)
    return [True] * dtype.itemsize
