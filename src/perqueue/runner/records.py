"""The two records of the spool, a claim and an outcome, and the text they are written as.

A claim says who runs an attempt; it is one line of JSON. An outcome says how the attempt ended; it is three
lines: a JSON header, the JSON text of the data (``null`` where there is none) and a checksum over both.
"""

from __future__ import annotations

import json
import zlib

from perqueue.runner.named import NamedTuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

    Verdict: TypeAlias = Literal["succeeded", "discarded", "failed", "timeout"]
    Reason: TypeAlias = Literal[
        "returned",
        "raised",
        "bad-return",
        "unstorable",
        "exit",
        "os-exit",
        "signal",
        "oom",
        "walltime",
        "checkpoint",
        "cancelled",
        "lost",
        "launch",
    ]


VERDICTS: Final = frozenset({"succeeded", "discarded", "failed", "timeout"})
FORMAT: Final = 1
_dump = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value)


class Claim(NamedTuple):
    """Who runs an attempt: created once, before anything of the task runs.

    ``start`` is about the kernel's start time of the process (clock ticks since boot, 0 where there is no /proc)
    and ``boot`` the kernel's boot id: with them a recycled pid is never taken for the task. ``at`` is in
    seconds of the Unix epoch, ``walltime`` in seconds. ``server`` is the pid of the fork server that enforces
    the walltime and reports a death, or None. A ``pid`` of 0 means that the claim exists but says nothing
    readable (its writer died, or is about to fill it on a file system without hard links); ``at`` is then
    the file's time. ``job`` is the id of the batch job that it was made in, '' outside of one, and ``restart`` how
    often the scheduler had started that job before.
    """

    queue: str
    key: int
    attempt: int
    pid: int
    start: int
    boot: str
    host: str
    at: float
    walltime: float | None
    server: int | None
    job: str = ""
    restart: int = 0


class Failure(NamedTuple):
    """Why an attempt failed: the exception's type, its message, and the traceback's text ('' without one)."""

    type: str
    message: str
    traceback: str = ""


class Usage(NamedTuple):
    """What an attempt and the processes it waited for used: peak memory in KiB, CPU times in seconds."""

    maxrss_kb: int
    user_s: float
    system_s: float


class Outcome(NamedTuple):
    """How an attempt ended. Times in seconds of the Unix epoch; ``data``: JSON text of a mapping, or None.

    ``restarts`` is how often a scheduler had started this attempt before.
    """

    queue: str
    key: int
    attempt: int
    verdict: Verdict
    reason: Reason
    error: Failure | None
    started: float
    ended: float
    host: str
    pid: int
    usage: Usage | None
    data: str | None
    restarts: int = 0


class Torn(NamedTuple):
    """A file in the place of an outcome that isn't one; ``why`` says what is wrong with it."""

    name: str
    why: str


def claim_text(claim: Claim) -> bytes:
    """The claim as one line."""
    queue, key, attempt, pid, start, boot, host, at, walltime, server, job, restart = claim
    within = f',"job":{_quote(job)},"restart":{restart}' if job else ""
    # Written out: in a process that was just forked, each page that a general encoder touches costs more than this.
    return (
        f'{{"queue":{_quote(queue)},"key":{key},"attempt":{attempt},"pid":{pid},"start":{start},"boot":{_quote(boot)},'
        f'"host":{_quote(host)},"at":{at!r},"walltime":{_number(walltime)},"server":{_number(server)}{within}}}\n'
    ).encode()


def filled(head: bytes, pid: int, tail: bytes) -> bytes:
    """The text of a claim around its process id, of the same length whatever the id is."""
    return b'%b"pid":%-10d,%b' % (head, pid, tail)


def parse_claim(raw: bytes, key: int, attempt: int, at: float) -> Claim:
    """The claim in ``raw``; with pid 0 and the time ``at`` where it can't be read."""
    try:
        fields = json.loads(raw)
        claim = Claim(**fields)
        if (claim.key, claim.attempt) == (key, attempt):
            return claim
    except (ValueError, TypeError):
        pass
    return Claim("", key, attempt, 0, 0, "", "", at, None, None)


def outcome_text(outcome: Outcome) -> bytes:
    """The outcome as the bytes of its file.

    Raises ValueError where the data isn't on one line: no JSON text needs a raw line break.
    """
    data = outcome.data or "null"
    if "\n" in data:
        raise ValueError("The data of an outcome must be JSON text on one line.")
    error = "null" if outcome.error is None else _dump(outcome.error._asdict())
    usage = "null"
    if outcome.usage is not None:
        memory, user, system = outcome.usage
        usage = f'{{"maxrss_kb":{memory},"user_s":{user!r},"system_s":{system!r}}}'
    again = f',"restarts":{outcome.restarts}' if outcome.restarts else ""
    lines = (
        f'{{"perqueue":{FORMAT},"queue":{_quote(outcome.queue)},"key":{outcome.key},"attempt":{outcome.attempt},'
        f'"verdict":"{outcome.verdict}","reason":"{outcome.reason}","error":{error},"started":{outcome.started!r},'
        f'"ended":{outcome.ended!r},"host":{_quote(outcome.host)},"pid":{outcome.pid},"usage":{usage}{again}}}\n{data}\n'
    ).encode("utf-8", "surrogatepass")
    return b"%bcrc32 %08x\n" % (lines, zlib.crc32(lines))


def parse_outcome(raw: bytes) -> Outcome:
    """The outcome in the bytes of a file. Raises ValueError that says what is wrong with them."""
    end = raw.rfind(b"\n", 0, len(raw) - 1) + 1
    if not raw.endswith(b"\n") or not raw.startswith(b"crc32 ", end):
        raise ValueError("it ends before its checksum")
    if raw[end:] != b"crc32 %08x\n" % zlib.crc32(raw[:end]):
        raise ValueError("its checksum does not fit its text")
    head, _, data = raw[: end - 1].partition(b"\n")
    try:
        fields = json.loads(head)
        if fields.pop("perqueue") != FORMAT:
            raise ValueError("it was written by a version of perqueue with another format")
        text = data.decode("utf-8", "surrogatepass")
        error, usage = fields.pop("error"), fields.pop("usage")
        outcome = Outcome(
            **fields,
            error=error and Failure(**error),
            usage=usage and Usage(**usage),
            data=None if text == "null" else text,
        )
    except (TypeError, KeyError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise ValueError(f"its header is not that of an outcome ({type(exc).__name__}: {exc})") from exc
    if outcome.verdict not in VERDICTS:
        raise ValueError(f"its verdict {outcome.verdict!r} is unknown")
    return outcome
