"""Messages over the stream socket between a supervisor and its fork server.

A message is a frame: the length of the rest as four bytes (big endian), a header line of JSON, and where
there is a body a line break and the body's bytes. Both ends use what is here; neither ever waits for the
other.
"""

from __future__ import annotations

import json

from perqueue.runner.errors import FrameError

TYPE_CHECKING = False

if TYPE_CHECKING:
    import socket
    from typing import Any, Final

_dump = json.JSONEncoder(separators=(",", ":")).encode
_CHUNK: Final = 1 << 18


def frame(payload: bytes) -> bytes:
    """The payload with its length in front."""
    return len(payload).to_bytes(4, "big") + payload


def message(op: str, **fields: object) -> bytes:
    """The frame of a message without a body."""
    return frame(_dump({"op": op, **fields}).encode())


class Frames:
    """Cuts a stream of bytes back into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """The messages that are complete with this data, as (header, body). Raises FrameError."""
        self._rest += data
        rest, at, found = self._rest, 0, []
        while len(rest) - at >= 4:
            end = at + 4 + int.from_bytes(rest[at : at + 4], "big")
            if len(rest) < end:
                break
            head, _, body = bytes(rest[at + 4 : end]).partition(b"\n")
            found.append((_header(head), body))
            at = end
        del rest[:at]
        return found


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except ValueError as exc:
        raise FrameError(f"{line[:80]!r} is not a header") from exc
    if not isinstance(header, dict) or not isinstance(header.get("op"), str):
        raise FrameError(f"{line[:80]!r} names no operation")
    return header


class Channel:
    """One end of the socket: it never blocks, and what the other end does not take yet is kept."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._frames = Frames()
        self._out = bytearray()
        self.open = True

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._sock.fileno()

    @property
    def pending(self) -> bool:
        """Whether something waits to be taken by the other end."""
        return bool(self._out)

    def send(self, op: str, **fields: object) -> None:
        """Queue a message; `flush` sends all that are queued at once."""
        if self.open:
            self._out += message(op, **fields)

    def send_raw(self, framed: bytes) -> None:
        """Queue a frame that is made already (a job's)."""
        if self.open:
            self._out += framed

    def flush(self) -> None:
        """Send what the other end takes now. Where it has gone, the channel closes."""
        try:
            while self._out:
                del self._out[: self._sock.send(self._out)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.close()

    def receive(self) -> list[tuple[dict[str, Any], bytes]]:
        """The messages that have arrived. Where the other end has gone, the channel closes.

        Raises FrameError.
        """
        try:
            data = self._sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        return self._frames.feed(data)

    def close(self) -> None:
        """Close this end; what was queued is lost."""
        self.open = False
        self._out.clear()
        self._sock.close()
