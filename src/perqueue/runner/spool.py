"""The folder in which claims and outcome files lie: the only thing a running task shares with its queue.

Every file appears complete or not at all: it is written under a name of its own in ``tmp`` and then linked or
renamed into place. Names are ``KEY.ATTEMPT`` everywhere. ::

    spool/tmp     being written          spool/new   outcomes that the queue has not seen
    spool/claims  who runs an attempt    spool/cur   outcomes that are committed    spool/bad   set aside
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress

from perqueue.runner.errors import OutcomeUnwrittenError
from perqueue.runner.process import alive, boot_id, claim_for, host, process_start
from perqueue.runner.records import (
    Claim,
    Failure,
    Outcome,
    Torn,
    Usage,
    claim_text,
    outcome_text,
    parse_claim,
    parse_outcome,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Claim",
    "Failure",
    "Outcome",
    "Spool",
    "Torn",
    "Usage",
    "alive",
    "attempt_name",
    "boot_id",
    "claim_for",
    "host",
    "parse_name",
    "process_start",
]

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_AGAIN = 0.5  # seconds between two tries on a full disk
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def attempt_name(key: int, attempt: int) -> str:
    """The name of all files of an attempt: ``KEY.ATTEMPT``."""
    return f"{key}.{attempt}"


def parse_name(name: str) -> tuple[int, int] | None:
    """The key and attempt in a file's name; None for a name that ``attempt_name`` does not make."""
    key, _, attempt = name.partition(".")
    if not (key.isdecimal() and attempt.isdecimal() and name.isascii()):
        return None
    pair = int(key), int(attempt)
    return pair if attempt_name(*pair) == name else None


class Spool:
    """The spool of the queue in the folder ``root``; given its id ``queue``, others' outcomes are refused."""

    def __init__(self, root: str, queue: str | None = None) -> None:
        self.root, self.queue = root, queue
        self.folder = f"{root}/spool"
        self.tmp, self.new, self.cur = f"{root}/spool/tmp", f"{root}/spool/new", f"{root}/spool/cur"
        self.bad, self.claims = f"{root}/spool/bad", f"{root}/spool/claims"

    def make(self) -> None:
        """Create the folders that are missing. Raises OSError."""
        for folder in (self.tmp, self.new, self.cur, self.bad, self.claims):
            os.makedirs(folder, exist_ok=True)

    # -- claims ------------------------------------------------------------------------------------------

    def claim(self, claim: Claim, number: int = 0) -> bool:
        """Take an attempt for the process that the claim names. False where somebody has it already.

        Exactly one of any number of callers, on any hosts, gets True. A ``number`` above 0 makes it the claim that
        follows so many others (see `last_claim`). Raises OSError where nothing can be written; the attempt is then
        not taken.
        """
        name = attempt_name(claim.key, claim.attempt)
        place, temporary = self.claim_path(claim.key, claim.attempt, number), self._temporary(name)
        _write(temporary, claim_text(claim), fsync=False)
        try:
            os.link(temporary, place)
        except FileExistsError:
            # NFS may repeat a link whose reply was lost: then ours is in place, and the file has two names.
            return os.stat(temporary).st_nlink == 2
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            return _claim_without_link(place, claim)
        finally:
            os.unlink(temporary)
        return True

    def reserve(self, key: int, attempt: int, text: bytes = b"") -> bool:
        """Create the claim on an attempt, for a process that writes itself into it as its first act.

        ``text`` is as long as what that process will write, so that a full disk shows here, where nothing is lost
        yet. False where there is a claim already. Raises OSError; then there is none.
        """
        path = self.claim_path(key, attempt)
        try:
            file = os.open(path, _NEW_FILE, 0o666)
        except FileExistsError:
            return False
        try:
            if os.write(file, text) < len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        except OSError:
            _forget(path)
            raise
        finally:
            os.close(file)
        return True

    def claim_path(self, key: int, attempt: int, number: int = 0) -> str:
        """The file that says who runs an attempt, or who took it over, the ``number``-th time."""
        return f"{self.claims}/{attempt_name(key, attempt)}{f'~{number}' if number else ''}"

    def release(self, key: int, attempt: int) -> None:
        """Take back a claim under which nothing has run."""
        _forget(self.claim_path(key, attempt))

    def read_claim(self, key: int, attempt: int) -> Claim | None:
        """The claim on an attempt, None where nobody took it. An unreadable one has pid 0 (see `Claim`)."""
        return self.last_claim(key, attempt)[0]

    def last_claim(self, key: int, attempt: int) -> tuple[Claim | None, int]:
        """The claim on an attempt, and how many there are of it.

        A batch job that its scheduler starts anew takes its attempt over with a claim that follows the one before,
        ``KEY.ATTEMPT~1`` and so on. None is ever replaced, so that of any number of jobs one comes first.
        """
        last, number = None, 0
        while last is None or last.job:  # only batch jobs are started anew
            try:
                with open(self.claim_path(key, attempt, number), "rb") as file:
                    last = parse_claim(file.read(), key, attempt, os.fstat(file.fileno()).st_mtime)
            except FileNotFoundError:
                break
            number += 1
        return last, number

    # -- outcomes ----------------------------------------------------------------------------------------

    def write_outcome(self, outcome: Outcome, *, fsync: bool = False, patience: float = 0.0) -> Outcome:
        """Put an outcome into ``new`` in one step; returns what was written.

        With ``fsync`` the file and its name are on the disk on return (for another host to read). While the disk is
        full it is tried again, for ``patience`` seconds. Where it still can't be written, it is tried once more
        without its data: an attempt that succeeded then failed as "unstorable". Raises OutcomeUnwrittenError where
        that can't be written either.
        """
        until = time.monotonic() + patience
        while True:
            try:
                self._put(outcome, fsync)
                return outcome
            except OSError as exc:
                if exc.errno in _NO_ROOM and time.monotonic() < until:
                    time.sleep(_AGAIN)
                    continue
                if outcome.data is None:
                    raise OutcomeUnwrittenError(self.new, outcome.key, outcome.attempt, exc) from exc
                smaller = _without_data(outcome, exc)
                break
        try:
            self._put(smaller, fsync)
        except OSError as exc:
            raise OutcomeUnwrittenError(self.new, outcome.key, outcome.attempt, exc) from exc
        return smaller

    def has_outcome(self, key: int, attempt: int) -> bool:
        """Whether the attempt left an outcome, committed or not."""
        name = attempt_name(key, attempt)
        # In this order: an outcome moves from new to cur, perhaps between these two looks.
        return os.access(f"{self.new}/{name}", os.F_OK) or os.access(f"{self.cur}/{name}", os.F_OK)

    def list_new(self) -> list[str]:
        """The names in ``new``, in the order of keys and attempts; names that aren't ours come last."""
        # Names with a dot in front are what NFS makes of a file that is deleted while open.
        names = [name for name in os.listdir(self.new) if not name.startswith(".")]
        return sorted(names, key=lambda name: (parse_name(name) is None, parse_name(name) or (0, 0), name))

    def read_outcome(self, key: int, attempt: int) -> Outcome | Torn | None:
        """The outcome of an attempt, from ``new`` or else ``cur``; None where there is none."""
        name = attempt_name(key, attempt)
        for folder in (self.new, self.cur):
            try:
                return self._read(folder, name)
            except FileNotFoundError:
                continue
        return None

    def read_new(self, name: str) -> Outcome | Torn:
        """What lies in ``new`` under a name of `list_new`. Raises FileNotFoundError where it has gone."""
        return self._read(self.new, name)

    def settle(self, key: int, attempt: int) -> bool:
        """Move a committed outcome from ``new`` to ``cur``. False where it has gone (somebody did it)."""
        name = attempt_name(key, attempt)
        try:
            os.rename(f"{self.new}/{name}", f"{self.cur}/{name}")
        except FileNotFoundError:
            return False
        return True

    def set_aside(self, name: str) -> str | None:
        """Move a file out of ``new`` to ``bad``, never over another; its new path, None where it has gone."""
        os.makedirs(self.bad, exist_ok=True)
        place, number = f"{self.bad}/{name}", 1
        while os.path.lexists(place):
            place, number = f"{self.bad}/{name}~{number}", number + 1
        try:
            os.rename(f"{self.new}/{name}", place)
        except FileNotFoundError:
            return None
        return place

    def sweep(self, keep: Callable[[int, int], bool]) -> int:
        """Delete the committed outcomes, claims and left-over temporary files of attempts not to ``keep``.

        For an idle queue only: ext4 creates files slowly for seconds after many were deleted. A claim may go
        only when its attempt can't be launched again. Returns the number of files deleted.
        """
        gone = 0
        for folder in (self.cur, self.claims, self.tmp):
            for name in os.listdir(folder):
                pair = parse_name(".".join(name.partition("~")[0].split(".", 2)[:2]))
                if pair is None or keep(*pair):
                    continue
                try:
                    os.unlink(f"{folder}/{name}")
                except FileNotFoundError:
                    continue
                gone += 1
        return gone

    def _temporary(self, name: str) -> str:
        return f"{self.tmp}/{name}.{host()}.{os.getpid()}"

    def _put(self, outcome: Outcome, fsync: bool) -> None:
        name = attempt_name(outcome.key, outcome.attempt)
        temporary = self._temporary(name)
        try:
            _write(temporary, outcome_text(outcome), fsync=fsync)
            os.rename(temporary, f"{self.new}/{name}")
        except BaseException:
            _forget(temporary)
            raise
        if fsync:
            folder = os.open(self.new, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _read(self, folder: str, name: str) -> Outcome | Torn:
        pair = parse_name(name)
        try:
            with open(f"{folder}/{name}", "rb") as file:
                outcome = parse_outcome(file.read())
        except IsADirectoryError:
            return Torn(name, "it is a folder")
        except ValueError as exc:
            return Torn(name, str(exc))
        if (outcome.key, outcome.attempt) != pair:
            return Torn(name, f"it is that of entry {outcome.key}, attempt {outcome.attempt}")
        if self.queue is not None and outcome.queue != self.queue:
            return Torn(name, f"it is of another queue ({outcome.queue!r})")
        return outcome


def _write(path: str, text: bytes, *, fsync: bool) -> None:
    """Create the file with this text; on any error nothing of it is left. Raises OSError."""
    try:
        file = os.open(path, _NEW_FILE, 0o666)
    except FileExistsError:  # left by a process of the same pid, which is dead: the pid is ours now
        os.unlink(path)
        file = os.open(path, _NEW_FILE, 0o666)
    try:
        try:
            written = os.write(file, text)
            while written < len(text):  # a disk that is nearly full takes a part and refuses the next
                written += os.write(file, memoryview(text)[written:])
            if fsync:
                os.fsync(file)
        finally:
            os.close(file)  # network file systems report a full quota only here
    except BaseException:
        _forget(path)
        raise


def _forget(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _claim_without_link(place: str, claim: Claim) -> bool:
    """The same where there are no hard links; readers may see the claim empty for a moment."""
    try:
        file = os.open(place, _NEW_FILE, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(file, claim_text(claim))
    finally:
        os.close(file)
    return True


def _without_data(outcome: Outcome, cause: OSError) -> Outcome:
    if outcome.verdict not in ("succeeded", "discarded"):
        return outcome._replace(data=None)
    error = Failure(
        type(cause).__name__,
        f"The task returned, but its data could not be written in the spool: {cause}. Make room and resubmit.",
    )
    return outcome._replace(verdict="failed", reason="unstorable", error=error, data=None)
