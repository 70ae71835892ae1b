"""Codecs of the standard library's value types. Each imports its module only when one of its values is read back."""

from __future__ import annotations

import binascii

from perqueue.codec.errors import Refused
from perqueue.codec.registry import Codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    import decimal
    import fractions
    import pathlib
    import uuid
    import zoneinfo
    from typing import Any


def to_base64(data: bytes | bytearray) -> str:
    """Base64 text of some bytes, on one line."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def from_base64(text: str) -> bytes:
    """The bytes of a base64 text. Raises ValueError when it is damaged."""
    return binascii.a2b_base64(text, strict_mode=True)


def _bytearray_from(text: str) -> bytearray:
    return bytearray(from_base64(text))


def _complex_to(value: complex) -> list[float]:
    return [value.real, value.imag]


def _complex_from(parts: list[float]) -> complex:
    return complex(*parts)


def _range_to(value: range) -> list[int]:
    return [value.start, value.stop, value.step]


def _range_from(bounds: list[int]) -> range:
    return range(*bounds)


def _path_from(text: str) -> pathlib.PurePath:
    import pathlib

    return pathlib.Path(text)


def _pure_posix_path_from(text: str) -> pathlib.PurePath:
    import pathlib

    return pathlib.PurePosixPath(text)


def _pure_windows_path_from(text: str) -> pathlib.PurePath:
    import pathlib

    return pathlib.PureWindowsPath(text)


def _uuid_from(text: str) -> uuid.UUID:
    import uuid

    return uuid.UUID(text)


def _decimal_from(text: str) -> decimal.Decimal:
    import decimal

    return decimal.Decimal(text)


def _fraction_to(value: fractions.Fraction) -> list[int]:
    return [value.numerator, value.denominator]


def _fraction_from(parts: list[int]) -> fractions.Fraction:
    import fractions

    return fractions.Fraction(*parts)


def _date_to(value: dt.date) -> str:
    return value.isoformat()


def _date_from(text: str) -> dt.date:
    import datetime as dt

    return dt.date.fromisoformat(text)


def _moment_to(value: dt.datetime | dt.time) -> object:
    # The zone is kept by itself and not as an offset in the text: 12:00 in Paris is not 12:00+01:00
    # everywhere.
    at = value.replace(tzinfo=None, fold=0).isoformat()
    return at if value.tzinfo is None and not value.fold else {"at": at, "fold": value.fold, "tzinfo": value.tzinfo}


def _datetime_from(stored: Any) -> dt.datetime:
    import datetime as dt

    if isinstance(stored, str):
        return dt.datetime.fromisoformat(stored)
    return dt.datetime.fromisoformat(stored["at"]).replace(tzinfo=stored["tzinfo"], fold=stored["fold"])


def _time_from(stored: Any) -> dt.time:
    import datetime as dt

    if isinstance(stored, str):
        return dt.time.fromisoformat(stored)
    return dt.time.fromisoformat(stored["at"]).replace(tzinfo=stored["tzinfo"], fold=stored["fold"])


def _timedelta_to(value: dt.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _timedelta_from(parts: list[int]) -> dt.timedelta:
    import datetime as dt

    return dt.timedelta(*parts)


def _timezone_to(value: dt.timezone) -> list[object]:
    offset = value.utcoffset(None)
    name = value.tzname(None)
    return [offset] if name == type(value)(offset).tzname(None) else [offset, name]


def _timezone_from(parts: list[Any]) -> dt.timezone:
    import datetime as dt

    return dt.timezone(*parts)


def _zone_to(value: zoneinfo.ZoneInfo) -> str:
    if value.key is None:
        raise Refused("a zone that was read from a file and has no name", "use ZoneInfo('Area/City')")
    return value.key


def _zone_from(key: str) -> zoneinfo.ZoneInfo:
    import zoneinfo

    return zoneinfo.ZoneInfo(key)


# Python 3.13 moved the paths' home module; a text written by one version is read by the other.
_PATHS = ("pathlib.PosixPath", "pathlib.WindowsPath", "pathlib._local.PosixPath", "pathlib._local.WindowsPath")

STDLIB_CODECS = (
    Codec("bytes", ("builtins.bytes",), to_base64, from_base64),
    Codec("bytearray", ("builtins.bytearray",), to_base64, _bytearray_from),
    Codec("complex", ("builtins.complex",), _complex_to, _complex_from),
    Codec("range", ("builtins.range",), _range_to, _range_from),
    Codec("path", _PATHS, str, _path_from),
    Codec("posixpath", ("pathlib.PurePosixPath", "pathlib._local.PurePosixPath"), str, _pure_posix_path_from),
    Codec("windowspath", ("pathlib.PureWindowsPath", "pathlib._local.PureWindowsPath"), str, _pure_windows_path_from),
    Codec("uuid", ("uuid.UUID",), str, _uuid_from),
    Codec("decimal", ("decimal.Decimal",), str, _decimal_from),
    Codec("fraction", ("fractions.Fraction",), _fraction_to, _fraction_from),
    Codec("date", ("datetime.date",), _date_to, _date_from),
    Codec("datetime", ("datetime.datetime",), _moment_to, _datetime_from),
    Codec("time", ("datetime.time",), _moment_to, _time_from),
    Codec("timedelta", ("datetime.timedelta",), _timedelta_to, _timedelta_from),
    Codec("timezone", ("datetime.timezone",), _timezone_to, _timezone_from),
    Codec("zone", ("zoneinfo.ZoneInfo",), _zone_to, _zone_from),
)
