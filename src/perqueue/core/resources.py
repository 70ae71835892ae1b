"""What a task asks of the machine: cores, partition, processes, GPUs and walltime, and their string form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import field, fields, frozen, validators

from .errors import ResourcesError
from .flags import refused_flag

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST: Final = 999_999_999
"""The largest number of cores, processes, GPUs and nodes."""
MOST_SECONDS: Final = MOST * 86400
"""The longest walltime."""
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
# As many digits as the longest walltime has seconds: whatever a time is, it is read back from its own text.
_TIME: Final = re.compile(r"([0-9]{1,14})([smhd])")
_PARTITION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
LOCAL: Final = "local"
LOCAL_SECONDS: Final = 60
_MEMORY: Final = re.compile(rf"({_NUMBER.pattern})([MGT])i?B?", re.IGNORECASE)
_MIB: Final = {"M": 1, "G": 1024, "T": 1024 * 1024}
MOST_MEMORY: Final = MOST * 1024 * 1024
"""The most memory, in MiB."""
# Half of a letter outside of Unicode's first plane: two halves that meet would come back from JSON as one letter.
_NO_WORD: Final = re.compile(r"[\n\ud800-\udbff]")


def parse_memory(given: object) -> int | None:
    """MiB, from a number of them or text such as ``500M``, ``4G`` or ``1T``.

    Raises:
        ResourcesError: It is neither.
    """
    if given is None:
        return None
    found = _MEMORY.fullmatch(given) if isinstance(given, str) else None
    mib = int(found[1]) * _MIB[found[2].upper()] if found else given
    if not isinstance(mib, int) or isinstance(mib, bool) or mib < 1:
        raise ResourcesError(given, "memory is a number of MiB, or text such as '500M' or '4G'")
    if mib > MOST_MEMORY:
        raise ResourcesError(given, f"memory is at most {format_memory(MOST_MEMORY)}")
    return mib


def parse_time(given: object) -> int:
    """Seconds, from a number of them or text such as ``90s``, ``10m``, ``5h`` or ``2d``.

    Raises:
        ResourcesError: It is neither.
    """
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    seconds = int(found[1]) * _SECONDS[found[2]] if found else given
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        raise ResourcesError(given, "a time is a number of seconds, or text such as '10m' or '5h'")
    if seconds > MOST_SECONDS:
        raise ResourcesError(given, f"a time is at most {format_seconds(MOST_SECONDS)}")
    return seconds


def _words(given: Iterable[str] | str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else tuple(given)
    # One word each: what follows a line break in a script would be a line of its own.
    if not all(isinstance(word, str) and word and not _NO_WORD.search(word) for word in words):
        raise ResourcesError(given, "flags and avoid are lists of words")
    return words


def _flags(given: Iterable[str] | str) -> tuple[str, ...]:
    words = _words(given)
    for word in words:
        if (why := refused_flag(word)) is not None:
            raise ResourcesError(given, why)
    return words


def _name(_resources: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not re.fullmatch(_PARTITION, value):
        raise ResourcesError(value, f"{getattr(attribute, 'name', 'a name')} is a word of letters, digits and . _ -")


def _whole(least: int, most: int = MOST) -> Callable[[Any, Any, Any], None]:
    """Refuses what is no whole number in these bounds: what is taken has to come back from its text."""

    def check(_resources: object, attribute: object, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            name = getattr(attribute, "name", "a number")
            raise ResourcesError(value, f"{name} is a whole number from {least} to {most}")

    return check


def _truth(_resources: object, attribute: object, value: object) -> None:
    if not isinstance(value, bool):
        raise ResourcesError(value, f"{getattr(attribute, 'name', 'a flag')} is True or False")


@frozen
class Resources:
    """What one task needs.

    The grammar is that of MyQueue (https://myqueue.readthedocs.io, "Resources"): ``24:xeon24:10m``.

    Args:
        cores: Cores that the task occupies, from 1 to :data:`MOST`.
        seconds: Walltime in seconds, from 1 to :data:`MOST_SECONDS`; the task is stopped when it is over.
        partition: Name that the configuration maps to an executor; None takes the configured default.
        processes: MPI processes to start, at least 1; None means one per core.
        serial: The ``s:`` prefix: run the script as one process whatever the cores are.
        gpus: GPUs that the task occupies.
        memory: Memory on each node, in MiB; text such as ``4G`` is converted. None takes what the partition gives.
        nodes: Nodes that the cores are spread over; None leaves that to the scheduler.
        exclusive: Nobody else may use the nodes meanwhile.
        gpu_type: The scheduler's name for the kind of GPU.
        flags: More flags for the scheduler, such as ``--constraint=avx512``.
        avoid: Hosts that must not be used.

    Raises:
        ResourcesError: A number is out of its bounds, or a value of another kind.
    """

    cores: int = field(default=1, validator=_whole(1))
    seconds: int = field(default=LOCAL_SECONDS, validator=_whole(1, MOST_SECONDS))
    partition: str | None = field(default=None, validator=validators.optional(_name))
    processes: int | None = field(default=None, validator=validators.optional(_whole(1)))
    serial: bool = field(default=False, validator=_truth)
    gpus: int = field(default=0, validator=_whole(0))
    memory: int | None = field(default=None, converter=parse_memory)
    nodes: int | None = field(default=None, validator=validators.optional(_whole(1)))
    exclusive: bool = field(default=False, validator=_truth)
    gpu_type: str | None = field(default=None, validator=validators.optional(_name))
    flags: tuple[str, ...] = field(default=(), converter=_flags)
    avoid: tuple[str, ...] = field(default=(), converter=_words)

    @classmethod
    def parse(cls, text: str | Resources) -> Resources:
        """Read a resource string.

        Raises:
            ResourcesError: ``text`` is not in the grammar; the message shows the grammar.
        """
        if isinstance(text, Resources):
            return text
        if not isinstance(text, str):
            raise ResourcesError(text, f"{type(text).__name__} is neither a string nor Resources")
        parts = text.split(":")
        serial = len(parts) > 1 and parts[0] == "s"
        if serial:
            parts = parts[1:]
        gpus, parts = _take_gpus(text, parts)
        found = _parse_local(text, parts) if LOCAL in parts else _parse_partition(text, parts)
        cores, partition, processes, seconds = found
        return cls(cores, seconds, partition, processes, serial, gpus)

    from_string = parse

    @classmethod
    def decode(cls, text: str) -> Resources:
        """What :meth:`encode` wrote.

        Raises:
            ResourcesError: It is something else.
        """
        if not text.startswith("{"):
            return cls.parse(text)
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise ResourcesError(text, f"it can't be read back: {error}") from error

    def encode(self) -> str:
        """All of it as text: the string form where that says everything, else JSON of what is not as usual."""
        if not self.beyond_grammar:
            return str(self)
        given = {f.name: getattr(self, f.name) for f in fields(Resources) if getattr(self, f.name) != f.default}
        return json.dumps(given, separators=(",", ":"))

    @property
    def beyond_grammar(self) -> bool:
        """Whether it asks for something that the string form has no words for."""
        return any(getattr(self, f.name) != f.default for f in fields(Resources)[_IN_GRAMMAR:])

    @property
    def local(self) -> bool:
        """Whether the task asks for this machine rather than for a partition of a cluster."""
        return self.partition == LOCAL

    def __str__(self) -> str:
        parts = ["s"] if self.serial else []
        parts.append(str(self.cores))
        if self.partition is not None:
            parts.append(self.partition)
        if self.processes is not None:
            parts.append(str(self.processes))
        if self.gpus:
            parts.append(f"gpu={self.gpus}")
        return ":".join([*parts, format_seconds(self.seconds)])

    @property
    def described(self) -> str:
        """The string form, and what it has no words for."""
        more = [f"memory {format_memory(self.memory)}"] if self.memory is not None else []
        more += [f"{self.nodes} nodes"] if self.nodes is not None else []
        more += ["exclusive"] if self.exclusive else []
        more += [f"GPUs {self.gpu_type}"] if self.gpu_type else []
        more += [f"not on {', '.join(self.avoid)}"] if self.avoid else []
        more += self.flags
        return f"{self} ({'; '.join(more)})" if more else str(self)


_IN_GRAMMAR: Final = 6
"""The first fields are those of the string form."""


def format_memory(mib: int) -> str:
    """The shortest exact form of an amount of memory: ``500M``, ``4G``."""
    unit = next(unit for unit in "TGM" if mib % _MIB[unit] == 0)
    return f"{mib // _MIB[unit]}{unit}"


def format_seconds(seconds: int) -> str:
    """The shortest exact form of a whole time: ``90s``, ``10m``, ``50h``, ``2d``."""
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _parse_local(text: str, parts: list[str]) -> tuple[int, str | None, int | None, int]:
    if parts.count(LOCAL) > 1:
        raise ResourcesError(text, "'local' stands in it twice")
    where = parts.index(LOCAL)
    before, after = parts[:where], parts[where + 1 :]
    seconds = LOCAL_SECONDS
    if after:
        seconds = _time(text, after.pop())
    numbers = [_count(text, part) for part in [*before, *after]]
    # 1:local:1:5m has the processes where a partition's stand; without cores before, the number could be either.
    if len(numbers) > 2 or len(after) > len(before):
        raise ResourcesError(text, "more numbers than cores and processes")
    cores = numbers[0] if numbers else 1
    return cores, LOCAL, (numbers[1] if len(numbers) == 2 else None), seconds


def _parse_partition(text: str, parts: list[str]) -> tuple[int, str | None, int | None, int]:
    if len(parts) < 2:
        raise ResourcesError(text, "it needs at least cores and a time")
    cores, seconds = _count(text, parts[0]), _time(text, parts[-1])
    partition: str | None = None
    processes: int | None = None
    for part in parts[1:-1]:
        if _is_number(part) and processes is None:
            processes = _count(text, part)
        elif _PARTITION.fullmatch(part) and partition is None:
            partition = part
        else:
            raise ResourcesError(text, f"{part!r} is not a partition or a number of processes, or is one too many")
    return cores, partition, processes, seconds


def _take_gpus(text: str, parts: list[str]) -> tuple[int, list[str]]:
    asked = [part for part in parts if part.startswith("gpu=")]
    if not asked:
        return 0, parts
    number = asked[0].removeprefix("gpu=")
    if len(asked) > 1 or not _is_number(number):
        raise ResourcesError(text, f"{':'.join(asked)!r} is not one number of GPUs such as 'gpu=2'")
    return int(number), [part for part in parts if not part.startswith("gpu=")]


def _is_number(part: str) -> bool:
    # int() also reads other scripts' digits, and refuses thousands of them with an error of its own.
    return _NUMBER.fullmatch(part) is not None


def _count(text: str, part: str) -> int:
    if not _is_number(part) or int(part) < 1:
        raise ResourcesError(text, f"{part!r} is not a number from 1")
    return int(part)


def _time(text: str, part: str) -> int:
    found = _TIME.fullmatch(part)
    if found is None:
        raise ResourcesError(text, f"{part!r} is not a time")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds < 1:
        raise ResourcesError(text, f"{part!r} is no time at all")
    if seconds > MOST_SECONDS:
        raise ResourcesError(text, f"{part!r} is longer than {format_seconds(MOST_SECONDS)}")
    return seconds
