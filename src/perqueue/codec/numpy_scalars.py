"""The codec of numpy's scalars: the dtype, and the value as readably as is exact.

Common numbers are JSON numbers, so that a person can read them in the text; the rest is what numpy can read
back to the last bit.
"""

from __future__ import annotations

from perqueue.codec.errors import Refused
from perqueue.codec.numpy_dtypes import dtype_from_tree, dtype_to_tree, without_padding
from perqueue.codec.registry import Codec
from perqueue.codec.stdlib_types import from_base64, to_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLASSES = (
    "bool bool_ int8 int16 int32 int64 intc int_ long longlong uint8 uint16 uint32 uint64 uintc uint ulong ulonglong "
    "float16 float32 float64 longdouble float96 float128 complex64 complex128 clongdouble complex192 complex256 "
    "str_ bytes_ datetime64 timedelta64 void"
)


def _scalar_to(value: Any) -> list[object]:
    import numpy as np

    dtype = value.dtype
    if dtype.hasobject:
        raise Refused("a record with Python objects in it", "convert it with .tolist()")
    # On most machines two of numpy's integer classes have one dtype string; the letter tells them apart.
    code = dtype_to_tree(dtype)
    if np.dtype(dtype.str).type is not type(value):
        code = dtype.char
    if dtype.char in "gG":
        parts = [value.real, value.imag] if dtype.char == "G" else [value]
        return [code, *(np.format_float_scientific(part, unique=True, trim="-") for part in parts)]
    match dtype.kind:
        case "b" | "i" | "u" | "f" | "c":
            return [code, value.item()]
        case "U":
            return ["str", str.__str__(value)]  # str() drops NULs at the end
        case "S":
            return ["bytes", bytes(value)]
        case "M" | "m":
            return [code, int(value.view(np.int64))]
        case _:
            return [code, to_base64(without_padding(np.asarray(value)).tobytes())]


def _scalar_from(parts: list[Any]) -> object:
    import numpy as np

    code, value = parts[:2]
    if code == "str":
        return np.str_(value)
    if code == "bytes":
        return np.bytes_(value)
    dtype = dtype_from_tree(code)
    if dtype.char == "g":
        return np.longdouble(value)
    if dtype.char == "G":
        pair = np.array([np.longdouble(part) for part in parts[1:]], dtype=np.longdouble)
        return pair.view(dtype)[0]
    match dtype.kind:
        case "M" | "m":
            return np.array(value, dtype=np.int64).view(dtype)[()]
        case "V":
            data = from_base64(value)
            return (np.ndarray((), dtype, buffer=data).copy() if data else np.empty((), dtype))[()]
        case _:
            return dtype.type(value)


NUMPY_CODECS = (Codec("numpy", tuple(f"numpy.{name}" for name in _CLASSES.split()), _scalar_to, _scalar_from),)
